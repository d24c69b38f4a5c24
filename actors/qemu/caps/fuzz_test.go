package caps

import (
	"bytes"
	"testing"
)

// FuzzDecode reads cache files, which may be damaged or another version's.
func FuzzDecode(f *testing.F) {
	c := New("x86_64", 7_002_000)
	c.accel("kvm").Machines = []Machine{{Name: "pc-i440fx-7.2", Alias: "pc"}}
	c.accel("qemu").CPUs = []CPUModel{{Name: "qemu64"}}
	c.accel("qemu").Host = &Expansion{Model: "base"}
	seed, err := c.encode(Stamp{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("{}"))
	f.Add(bytes.Replace(seed, []byte("kvm"), []byte("qemu"), 1))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, stamp, err := decode(text)
		if err != nil {
			return
		}
		for _, v := range virtTypes {
			c.Machine(v, "pc")
			c.Preferred(v)
		}
		once, err := c.encode(stamp)
		if err != nil {
			t.Fatal(err)
		}
		again, stamp, err := decode(once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice, err := again.encode(stamp); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s, then %s (%v)", text, once, twice, err)
		}
	})
}

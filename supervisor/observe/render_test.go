package observe

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"virtree.dev/supervisor/gen"
)

func sample() []gen.Node {
	clients := make([]gen.Item, 22)
	for i := range clients {
		clients[i] = gen.Item{Name: fmt.Sprintf("client %d", i+1), Info: "pid 7, uid 0", Up: 90 * time.Second}
	}
	return []gen.Node{{
		PID: 1, Name: "libvirtd", State: "idle", Children: []gen.Node{
			{PID: 2, Name: "qemu", State: "busy", Mailbox: 3, InHand: "call qemu.Define", HeldFor: 6 * time.Second, Slow: true,
				WaitsFor: "libvirtd/store", Inspect: map[string]string{"machines": "2", "jobs": "1"}},
			{PID: 3, Name: "clients", State: "idle", Restarts: 2, LastExit: "panic: oops", Held: clients,
				Metas:    []gen.Item{{Name: "accept", Up: 1500 * time.Microsecond}},
				Children: []gen.Node{{PID: 4, Name: "below", State: "starting"}}},
		},
	}}
}

func TestText(t *testing.T) {
	want := `libvirtd  idle
├─ qemu  busy, 3 waiting, in hand call qemu.Define for 6s, SLOW, waits for libvirtd/store
│       jobs: 1
│       machines: 2
└─ clients  idle, 2 restarts, last exit: panic: oops
   ├─ (accept)  2ms
`
	for i := 1; i <= maxItems; i++ {
		want += fmt.Sprintf("   ├─ [client %d]  1m30s, pid 7, uid 0\n", i)
	}
	want += "   ├─ [2 more]\n   └─ below  starting\n"
	got, err := Render(sample(), Request{})
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\n--- wanted\n%s", err, got, want)
	}
}

// JSON has everything, and under names that scripts may count on.
func TestJSON(t *testing.T) {
	doc, err := Render(sample(), Request{JSON: true})
	if err != nil {
		t.Fatal(err)
	}
	var back []gen.Node
	if err := json.Unmarshal(doc, &back); err != nil || !reflect.DeepEqual(back, sample()) {
		t.Errorf("%v\n%s", err, doc)
	}
	var plain []map[string]any
	if err := json.Unmarshal(doc, &plain); err != nil {
		t.Fatal(err)
	}
	qemu := plain[0]["children"].([]any)[0].(map[string]any)
	for _, name := range []string{"pid", "name", "state", "mailbox", "in_hand", "held_for_ns", "slow", "waits_for", "up_ns", "inspect"} {
		if qemu[name] == nil {
			t.Errorf("no %s in %v", name, qemu)
		}
	}
	clients := plain[0]["children"].([]any)[1].(map[string]any)
	if clients["restarts"] != 2.0 || clients["last_exit"] != "panic: oops" || len(clients["held"].([]any)) != 22 {
		t.Errorf("%v", clients)
	}
}

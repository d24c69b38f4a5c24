package conf

import (
	"reflect"
	"regexp"
	"testing"
)

type sampled struct {
	Name   string
	On     bool
	Count  uint
	Depth  int
	Size   uint64
	Names  []string
	Custom string
}

func sampledSettings() []Setting[sampled] {
	return []Setting[sampled]{
		Text("name", "who it is", func(c *sampled) *string { return &c.Name }),
		Flag("on", Later("lamps"), func(c *sampled) *bool { return &c.On }),
		Count("count", "how many", func(c *sampled) *uint { return &c.Count }),
		Integer("depth", "how deep", func(c *sampled) *int { return &c.Depth }),
		Size("size", "how large", func(c *sampled) *uint64 { return &c.Size }),
		Texts("names", "who they are", func(c *sampled) *[]string { return &c.Names }),
		Custom("custom", "something else", func(f *File, e *Entry, c *sampled) error {
			_, err := f.String(e.Name, &c.Custom)
			return err
		}),
		Custom("unset", "nothing", func(*File, *Entry, *sampled) error { return nil }),
		Ignored[sampled]("old"),
	}
}

func TestSample(t *testing.T) {
	defaults := sampled{"a", true, 3, -1, 5, []string{"b", "c"}, "d"}
	text := Sample(sampledSettings(), &defaults, map[string]any{"custom": defaults.Custom})
	const want = `
# who it is
#name = "a"

# checked, and without effect until there is: lamps
#on = 1

# how many
#count = 3

# how deep
#depth = -1

# how large
#size = 5

# who they are
#names = [ "b", "c" ]

# something else
#custom = "d"

# nothing
# unset: unset
`
	if text != want {
		t.Errorf("%s", text)
	}
	f, err := Parse("sample", []byte(regexp.MustCompile(`(?m)^#(\w)`).ReplaceAllString(text, "$1")))
	if err != nil {
		t.Fatal(err)
	}
	var read sampled
	if _, err := Load(f, sampledSettings(), &read); err != nil || !reflect.DeepEqual(read, defaults) {
		t.Errorf("%+v: %v", read, err)
	}
}

package account

import (
	"slices"
	"strings"
	"testing"
)

func TestIdentify(t *testing.T) {
	find := func(name string) (string, error) {
		if name == "web" || name == "7" {
			return "33", nil
		}
		return "", errNobody{}
	}
	for name, want := range map[string]uint32{"web": 33, "7": 33, "+7": 7, "8": 8, "+4294967295": 1<<32 - 1} {
		if got, err := identify(name, "user", find); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", name, got, err, want)
		}
	}
	for _, name := range []string{"", "+", "+web", "nobody-here", "-1", "4294967296"} {
		_, err := identify(name, "user", find)
		if want := "Failed to parse user '" + strings.TrimPrefix(name, "+") + "'"; err == nil || err.Error() != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

type errNobody struct{}

func (errNobody) Error() string { return "nobody" }

func TestParseIDs(t *testing.T) {
	got, err := ParseIDs("+64055:+107")
	if err != nil || got != (IDs{64055, 107}) || got.String() != "+64055:+107" {
		t.Errorf("%v, %v", got, err)
	}
	for label, want := range map[string]string{
		"+1":       "Failed to parse uid and gid from '+1'",
		"":         "Failed to parse uid and gid from ''",
		"+x:+1":    "Failed to parse user 'x'",
		"+1:+y":    "Failed to parse group 'y'",
		"+1:+2:+3": "Failed to parse group '2:+3'",
	} {
		if _, err := ParseIDs(label); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", label, err, want)
		}
	}
}

func TestGroupsHaveThatOfTheProcess(t *testing.T) {
	const nobodys = 1<<32 - 7
	if got := Groups(IDs{nobodys, 5}); !slices.Equal(got, []uint32{5}) {
		t.Errorf("of a user that nobody is: %v", got)
	}
	if got := Groups(IDs{0, 0}); !slices.Contains(got, 0) {
		t.Errorf("root's: %v", got)
	}
}

func FuzzParseIDs(f *testing.F) {
	f.Add("root:root")
	f.Add("+0:+0")
	f.Fuzz(func(t *testing.T, label string) {
		ids, err := ParseIDs(label)
		if err != nil {
			return
		}
		if again, err := ParseIDs(ids.String()); err != nil || again != ids {
			t.Errorf("%q is %v, and that %v, %v", label, ids, again, err)
		}
	})
}

package lockd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/virerr"
)

// record is what a daemon answered.
type record struct {
	d     *daemon
	lines []string
}

// note adds an answer. Paths and who holds a lock differ; all else must not.
func (r *record) note(what string, err error) {
	line := what + ": done"
	var e *virerr.Error
	if errors.As(err, &e) {
		clean := strings.NewReplacer(r.d.Base, "BASE").Replace
		message, _, _ := strings.Cut(clean(e.Message), ": held by ")
		detail, _, _ := strings.Cut(clean(e.Str2), ": held by ")
		line = fmt.Sprintf("%s: code %d, domain %d, level %d, %q, %q, %q, %d %d", what, e.Code, e.From, e.Level, message, e.Str1, detail, e.Int1, e.Int2)
	}
	r.lines = append(r.lines, line)
}

// there notes whether a file is.
func (r *record) there(path string) {
	_, err := os.Stat(path)
	r.lines = append(r.lines, fmt.Sprintf("%s is there: %v", filepath.Base(path), err == nil))
}

func TestAnswersAreDebians(t *testing.T) {
	needDebian(t)
	want, got := answers(start(t, debian)), answers(start(t, ours(t)))
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) {
			t.Fatalf("%d answers, Debian's gives %d", len(got), len(want))
		}
		if want[i] != got[i] {
			t.Errorf("answer %d:\nDebian: %s\nours:   %s", i, want[i], got[i])
		}
	}
	if len(want) < 40 {
		t.Errorf("only %d answers were compared", len(want))
	}
}

// answers plays the script.
func answers(d *daemon) []string {
	r := &record{d: d}
	space := d.space()
	c, other := d.dial(), d.dial()
	// The first answers a program gives are about the connection's state.
	r.note("acquire unregistered", c.acquire(space, "x", 0))
	r.note("restrict unregistered", c.call(lockprog.ProcRestrict, &lockprog.RestrictArgs{}))
	r.note("new unregistered", c.call(lockprog.ProcNew, &lockprog.NewArgs{Path: space}))
	r.note("register nobody", c.call(lockprog.ProcRegister, &lockprog.RegisterArgs{}))
	r.note("register with flags", c.call(lockprog.ProcRegister, &lockprog.RegisterArgs{Owner: owner(4), Flags: 3}))
	r.note("register", c.register(4000001))
	r.note("register another", other.register(4000002))
	r.note("unknown procedure", c.call(9, nil))
	r.note("no arguments", c.call(lockprog.ProcAcquireResource, nil))
	r.lockspaces(c, space)
	r.resources(c, other, space)
	r.direct(c, other)
	r.note("restrict with flags", c.call(lockprog.ProcRestrict, &lockprog.RestrictArgs{Flags: 1}))
	r.note("restrict", c.call(lockprog.ProcRestrict, &lockprog.RestrictArgs{}))
	r.note("restrict again", c.call(lockprog.ProcRestrict, &lockprog.RestrictArgs{}))
	r.note("acquire restricted", c.acquire(space, "x", 0))
	r.note("release restricted", c.release(space, "x"))
	r.note("register restricted", c.register(5))
	r.note("lockspace restricted", c.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: space}))
	return r.lines
}

func (r *record) lockspaces(c *client, space string) {
	file := r.d.image("file")
	r.note("acquire in no lockspace", c.acquire(space, "x", 0))
	r.note("release in no lockspace", c.release(space, "x"))
	r.note("default lockspace", c.call(lockprog.ProcNew, &lockprog.NewArgs{}))
	r.note("default lockspace, if need be", c.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{}))
	r.note("new with flags", c.call(lockprog.ProcNew, &lockprog.NewArgs{Path: space, Flags: 1}))
	r.note("new", c.call(lockprog.ProcNew, &lockprog.NewArgs{Path: space + "/a/b"}))
	r.note("new again", c.call(lockprog.ProcNew, &lockprog.NewArgs{Path: space + "/a/b"}))
	r.note("lockspace", c.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: space}))
	r.note("lockspace again", c.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: space}))
	r.note("lockspace that is a file", c.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: file}))
	r.note("lockspace that cannot be", c.call(lockprog.ProcCreateLockspace, &lockprog.CreateLockSpaceArgs{Path: "/proc/nowhere"}))
}

func (r *record) resources(c, other *client, space string) {
	create := func(name string, flags uint32) error {
		return c.call(lockprog.ProcCreateResource, &lockprog.CreateResourceArgs{Path: space, Name: name, Flags: flags})
	}
	remove := func(name string, flags uint32) error {
		return c.call(lockprog.ProcDeleteResource, &lockprog.DeleteResourceArgs{Path: space, Name: name, Flags: flags})
	}
	r.note("acquire what is not there", c.acquire(space, "x", 0))
	r.note("acquire with unknown flags", c.acquire(space, "x", 4))
	r.note("release with flags", c.call(lockprog.ProcReleaseResource, &lockprog.ReleaseResourceArgs{Path: space, Name: "x", Flags: 2}))
	r.note("create with flags", create("x", 1))
	r.note("create", create("x", 0))
	r.note("create again", create("x", 0))
	r.note("create where no folder is", create("no/x", 0))
	r.note("acquire", c.acquire(space, "x", 0))
	r.note("acquire again", c.acquire(space, "x", 0))
	r.note("acquire another's", other.acquire(space, "x", autocreate))
	r.note("acquire another's shared", other.acquire(space, "x", shared))
	r.note("create what is held", create("x", 0))
	r.note("delete what is held", remove("x", 0))
	r.note("release another's", other.release(space, "x"))
	r.note("release", c.release(space, "x"))
	r.there(filepath.Join(space, "x"))
	r.note("release again", c.release(space, "x"))
	r.note("delete with flags", remove("x", 1))
	r.note("delete", remove("x", 0))
	r.note("delete again", remove("x", 0))
	r.note("delete where no folder is", remove("no/x", 0))
	r.note("autocreate", c.acquire(space, "y", autocreate))
	r.there(filepath.Join(space, "y"))
	r.note("release what was made", c.release(space, "y"))
	r.there(filepath.Join(space, "y"))
	r.note("autocreate where no folder is", c.acquire(space, "no/x", autocreate))
	r.note("share", c.acquire(space, "z", shared|autocreate))
	r.note("share with another", other.acquire(space, "z", shared|autocreate))
	r.note("acquire what is shared", other.acquire(space, "z", 0))
	r.note("release a share", c.release(space, "z"))
	r.there(filepath.Join(space, "z"))
	r.note("release the last share", other.release(space, "z"))
	r.there(filepath.Join(space, "z"))
}

func (r *record) direct(c, other *client) {
	image := r.d.image("disk")
	r.note("acquire an image", c.acquire("", image, 0))
	r.note("acquire another's image", other.acquire("", image, 0))
	r.note("acquire a folder", c.acquire("", r.d.Path("files"), 0))
	r.note("release an image", c.release("", image))
	r.note("share an image", c.acquire("", image, shared))
	r.note("share another's image", other.acquire("", image, shared))
	r.note("release an image again", c.release("", image))
	r.note("release another's image", other.release("", image))
	r.there(image)
}

func TestKeepEachOtherOut(t *testing.T) {
	needDebian(t)
	theirs, our := start(t, debian), start(t, ours(t))
	space, image := theirs.space(), theirs.image("disk")
	a, b := theirs.machine(4000001), our.machine(4000002)
	a.lockspace(space)
	b.lockspace(space)
	for _, pair := range [][2]*client{{a, b}, {b, a}} {
		first, second := pair[0], pair[1]
		first.must(first.acquire(space, "x", autocreate))
		second.busy(second.acquire(space, "x", autocreate), "x")
		second.busy(second.acquire(space, "x", shared|autocreate), "x")
		first.must(first.release(space, "x"))
		first.must(first.acquire(space, "y", shared|autocreate))
		second.must(second.acquire(space, "y", shared|autocreate))
		first.must(first.release(space, "y"))
		if _, err := os.Stat(filepath.Join(space, "y")); err != nil {
			t.Errorf("a shared lease went while the other had it: %v", err)
		}
		second.must(second.release(space, "y"))
		first.must(first.acquire("", image, 0))
		second.busy(second.acquire("", image, 0), image)
		first.must(first.release("", image))
	}
	a.must(a.acquire("", image, 0))
	err := b.acquire("", image, 0)
	if want := fmt.Sprintf("is locked: held by process %d (virtlockd) on host '", theirs.Cmd.Process.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

package act

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

// book is what children write into.
type book struct {
	mu    sync.Mutex
	lines []string
}

func (b *book) note(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
}

// read gives the lines and begins anew.
func (b *book) read() string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	text := strings.Join(b.lines, " ")
	b.lines = nil
	return text
}

// diary notes starts and ends of children: +a, -a.
type diary struct {
	Actor
	name  string
	book  *book
	fails *int // Init fails this often
}

func (d *diary) Init(*gen.Process) error {
	if d.fails != nil && *d.fails > 0 {
		*d.fails--
		return errors.New("not yet")
	}
	d.book.note("+" + d.name)
	return nil
}

func (d *diary) HandleMessage(_ *gen.Process, m any) error {
	err, _ := m.(error)
	return err
}

func (d *diary) Terminate(*gen.Process, error) { d.book.note("-" + d.name) }

func child(b *book, name string, r gen.Restart) gen.Child {
	return gen.Child{Name: name, Restart: r, Register: true, New: func() gen.Behavior {
		return &diary{name: name, book: b}
	}}
}

func TestStrategies(t *testing.T) {
	crash := errors.New("crash")
	for _, c := range []struct {
		typ    Type
		kind   gen.Restart
		reason error
		want   string // after b has ended for the reason
	}{
		{OneForOne, gen.Permanent, crash, "+a +b +c -b +b | -c -b -a"},
		{AllForOne, gen.Permanent, crash, "+a +b +c -b -c -a +a +b +c | -c -b -a"},
		{RestForOne, gen.Permanent, crash, "+a +b +c -b -c +b +c | -c -b -a"},
		{OneForOne, gen.Permanent, gen.Normal, "+a +b +c -b +b | -c -b -a"},
		{OneForOne, gen.Transient, gen.Normal, "+a +b +c -b | -c -a"},
		{OneForOne, gen.Transient, crash, "+a +b +c -b +b | -c -b -a"},
		{OneForOne, gen.Temporary, crash, "+a +b +c -b | -c -a"},
	} {
		t.Run(c.typ.String()+" "+c.kind.String()+" "+c.reason.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var b book
				sys := gen.NewSystem()
				s := Supervisor{Type: c.typ, Children: []gen.Child{
					child(&b, "a", gen.Permanent), child(&b, "b", c.kind), child(&b, "c", gen.Permanent),
				}}
				ref, err := sys.Start(s.Child("top", gen.Permanent))
				if err != nil {
					t.Fatal(err)
				}
				if err := gen.Exit(sys.Named("b"), c.reason); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				b.note("|")
				if err := sys.Stop(ref, gen.Shutdown); err != nil {
					t.Error(err)
				}
				if got := b.read(); got != c.want {
					t.Errorf("\n got %s\nwant %s", got, c.want)
				}
			})
		})
	}
}

func TestGiveUpEscalates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b book
		sys := gen.NewSystem()
		inner := Supervisor{Intensity: 2, Period: time.Second, Children: []gen.Child{child(&b, "x", gen.Permanent)}}
		outer := Supervisor{Intensity: 1, Period: time.Minute, Children: []gen.Child{inner.Child("inner", gen.Permanent)}}
		ref, err := sys.Start(outer.Child("outer", gen.Permanent))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // the third is one too many: inner gives up and outer starts it anew
			_ = gen.Exit(sys.Named("x"), errors.New("crash"))
			synctest.Wait()
		}
		if got := b.read(); got != "+x -x +x -x +x -x +x" || !ref.Alive() {
			t.Errorf("%s, outer alive: %v", got, ref.Alive())
		}
		for range 3 { // and again: now outer gives up as well
			_ = gen.Exit(sys.Named("x"), errors.New("crash"))
			synctest.Wait()
		}
		if ref.Alive() {
			t.Error("outer did not give up")
		}
	})
}

func TestSlowCrashesNeverGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b book
		sys := gen.NewSystem()
		s := Supervisor{Intensity: 1, Period: time.Second, Children: []gen.Child{child(&b, "x", gen.Permanent)}}
		ref, err := sys.Start(s.Child("top", gen.Permanent))
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			_ = gen.Exit(sys.Named("x"), errors.New("crash"))
			time.Sleep(1100 * time.Millisecond)
		}
		if got := b.read(); !ref.Alive() || len(strings.Fields(got)) != 21 {
			t.Error(ref.Alive(), got)
		}
		n := sys.Tree(false)[0].Children[0]
		if n.Restarts != 10 || n.LastExit != "crash" {
			t.Errorf("%+v", n)
		}
		_ = sys.Stop(ref, gen.Shutdown)
	})
}

func TestBackoffDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b book
		sys := gen.NewSystem()
		c := child(&b, "x", gen.Permanent)
		c.Backoff = 100 * time.Millisecond
		s := Supervisor{Intensity: 9, Children: []gen.Child{c}}
		ref, err := sys.Start(s.Child("top", gen.Permanent))
		if err != nil {
			t.Fatal(err)
		}
		for _, wait := range []int{100, 200, 400} {
			_ = gen.Exit(sys.Named("x"), errors.New("crash"))
			time.Sleep(time.Duration(wait-1) * time.Millisecond)
			if sys.Named("x").Alive() {
				t.Errorf("back before %d ms", wait)
			}
			time.Sleep(2 * time.Millisecond)
			if !sys.Named("x").Alive() {
				t.Errorf("not back after %d ms", wait)
			}
		}
		_ = sys.Stop(ref, gen.Shutdown)
	})
}

func TestInitFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b book
		fails := 0
		c := gen.Child{Name: "x", Register: true, New: func() gen.Behavior {
			return &diary{name: "x", book: &b, fails: &fails}
		}}
		sys := gen.NewSystem()
		ref, err := sys.Start(Supervisor{Children: []gen.Child{c}}.Child("top", gen.Permanent))
		if err != nil {
			t.Fatal(err)
		}
		fails = 2 // a restart needs three tries
		_ = gen.Exit(sys.Named("x"), errors.New("crash"))
		synctest.Wait()
		if !sys.Named("x").Alive() {
			t.Error("not back")
		}
		fails = 100
		_ = gen.Exit(sys.Named("x"), errors.New("crash"))
		synctest.Wait()
		if ref.Alive() {
			t.Error("tries for ever")
		}
		if _, err := sys.Start(Supervisor{Children: []gen.Child{c}}.Child("top2", gen.Permanent)); err == nil {
			t.Error("started without its child")
		}
	})
}

func TestDynamicChildren(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b book
		sys := gen.NewSystem()
		top, err := sys.Start(Supervisor{Type: SimpleOneForOne}.Child("top", gen.Permanent))
		if err != nil {
			t.Fatal(err)
		}
		a, err := StartChild(t.Context(), top, child(&b, "a", gen.Permanent))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := StartChild(t.Context(), top, child(&b, "a", gen.Permanent)); !errors.Is(err, gen.ErrTaken) {
			t.Error(err)
		}
		if err := StopChild(t.Context(), top, a, gen.Shutdown); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if got := b.read(); got != "+a -a" {
			t.Error(got)
		}
		_ = sys.Stop(top, gen.Shutdown)
	})
}

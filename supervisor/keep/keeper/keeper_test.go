package keeper

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/keep"
)

const daemonVariable = "KEEPER_TEST_DAEMON"

// TestMain lets the test binary be the keeper and the daemon that is killed.
func TestMain(m *testing.M) {
	Run()
	if path := os.Getenv(daemonVariable); path != "" {
		if err := daemon(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func placeAt(path string) Place { return Place{Path: path, Name: "test"} }

// join is what a daemon does at its start.
func join(path string) (*Client, *keep.Vault, error) {
	c, files, err := Join(placeAt(path), func(err error) { fmt.Fprintln(os.Stderr, err) })
	if err != nil {
		return nil, nil, err
	}
	var v *keep.Vault
	if len(files) == 0 {
		v, err = keep.Open(c)
	} else {
		v, err = keep.Reopen(c, files)
	}
	return c, v, err
}

// daemon says what it found, and then each change that is done, until it is killed.
// The files are locked: a state names the file and the byte.
func daemon(path string) error {
	_, v, err := join(path)
	if err != nil {
		return err
	}
	held := map[string]*os.File{}
	for _, k := range v.Take("") {
		fmt.Printf("found %s %s\n", k.Key, k.State)
		held[k.Key] = k.File
	}
	fmt.Println("ready")
	for i := 0; ; i++ {
		key := fmt.Sprintf("k%d", rand.IntN(50))
		state := fmt.Sprintf("%d-%d", os.Getpid(), i)
		switch f := held[key]; {
		case f == nil:
			if f, err = lockByte(path+".locks", key); err != nil {
				return err
			}
			if err := v.Keep(key, []byte(state), f); err != nil {
				return err
			}
			held[key] = f
			fmt.Printf("kept %s %s\n", key, state)
		case rand.IntN(3) == 0:
			if err := v.Update(key, []byte(state)); err != nil {
				return err
			}
			fmt.Printf("kept %s %s\n", key, state)
		default:
			fmt.Printf("dropping %s x\n", key)
			v.Forget(key)
			if err := setLock(f, syscall.F_UNLCK); err != nil {
				return err
			}
			f.Close()
			delete(held, key)
			fmt.Printf("dropped %s x\n", key)
		}
	}
}

func lockByte(path, key string) (*os.File, error) {
	f, err := os.OpenFile(path+key, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return f, setLock(f, syscall.F_WRLCK)
}

// setLock changes the lock of an open file, not of a process.
func setLock(f *os.File, what int16) error {
	const setOFD = 37
	return syscall.FcntlFlock(f.Fd(), setOFD, &syscall.Flock_t{Type: what, Whence: io.SeekStart, Len: 1})
}

// life is one daemon from its start to its kill.
type life struct {
	found map[string]string
	kept  map[string]string // after all that it said
	maybe string            // the key of a change that was not said to be done
}

func live(t *testing.T, path string, lines int) life {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), daemonVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := life{found: map[string]string{}}
	scan := bufio.NewScanner(out)
	for n := 0; scan.Scan(); n++ {
		if n == lines {
			_ = cmd.Process.Kill()
		}
		var word, key, state string
		_, _ = fmt.Sscan(scan.Text(), &word, &key, &state)
		switch word {
		case "found":
			l.found[key] = state
		case "ready":
			l.kept = maps.Clone(l.found)
		case "kept":
			l.kept[key] = state
		case "dropping":
			l.maybe = key
		case "dropped":
			delete(l.kept, key)
			l.maybe = ""
		}
	}
	_ = cmd.Wait()
	if l.kept == nil {
		t.Fatal("the daemon did not get ready")
	}
	return l
}

// A daemon is killed again and again amid its changes: the next one finds every file
// that was said to be kept, with its state, and nobody else got a lock meanwhile.
func TestNothingIsLostByKills(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keeper")
	var last life
	for round := range 30 {
		l := live(t, path, 40+rand.IntN(200))
		compare(t, round, last, l)
		last = l
		for key := range l.kept {
			if key == l.maybe {
				continue
			}
			if f, err := os.OpenFile(path+".locks"+key, os.O_RDWR, 0); err != nil {
				t.Error(err)
			} else if err := setLock(f, syscall.F_WRLCK); err == nil {
				t.Errorf("round %d: the lock of %s was stolen", round, key)
			} else {
				f.Close()
			}
		}
		if t.Failed() {
			break
		}
	}
	end(t, path)
}

// compare holds what a daemon found against what the one before it had said. The
// change in hand when that was killed may have been done.
func compare(t *testing.T, round int, before, now life) {
	t.Helper()
	strange := 0
	for key, state := range before.kept {
		switch got, ok := now.found[key]; {
		case key == before.maybe:
		case !ok:
			t.Errorf("round %d: %s is lost", round, key)
		case got != state:
			strange++
		}
	}
	for key := range now.found {
		if _, ok := before.kept[key]; !ok && key != before.maybe {
			strange++
		}
	}
	if strange > 1 {
		t.Errorf("round %d: %d changes that nobody said: %v, then %v", round, strange, before.kept, now.found)
	}
}

// end lets everything go and waits for the keeper to end.
func end(t *testing.T, path string) {
	t.Helper()
	c, v, err := join(path)
	if err != nil {
		t.Fatal(err)
	}
	v.Sweep()
	leave(t, c, v, path)
}

// keeperOf asks for the process behind a socket. At first it is shown as the one that
// made the socket.
func keeperOf(t *testing.T, path string) int {
	t.Helper()
	for {
		conn, err := sys.ConnectPackets(path)
		if errors.Is(err, syscall.EAGAIN) {
			continue // it has not begun to take connections
		}
		if err != nil {
			t.Fatal(err)
		}
		pid, _, _, err := conn.Credentials()
		conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		if pid != os.Getpid() {
			return pid
		}
	}
}

func leave(t *testing.T, c *Client, v *keep.Vault, path string) {
	t.Helper()
	pid := keeperOf(t, path)
	keeper, err := sys.PidfdOpen(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer keeper.Close()
	c.Leave(v.Len() == 0)
	v.Close()
	if err := sys.PidfdWait(keeper); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the keeper left its socket behind")
	}
}

func TestKeeperThatDiesIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keeper")
	told := make(chan error, 4)
	c, _, err := Join(placeAt(path), func(err error) { told <- err })
	if err != nil {
		t.Fatal(err)
	}
	v, err := keep.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := lockByte(filepath.Join(t.TempDir(), "f"), "a")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := v.Keep(fmt.Sprint(i), []byte("state"), f); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(keeperOf(t, path), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := <-told; !strings.Contains(err.Error(), "another holds everything") {
			t.Fatal(err)
		}
	}
	files, err := receiveAt(path)
	if err != nil {
		t.Fatal(err)
	}
	next, err := keep.Reopen(keepNothing{}, files)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(next.Take("")); n != 2 {
		t.Errorf("%d of 2 files came back", n)
	}
	next.Close()
	v.Forget("0")
	v.Forget("1")
	leave(t, c, v, path)
}

type keepNothing struct{}

func (keepNothing) Hold(string, syscall.Conn) error { return nil }
func (keepNothing) Drop(string)                     {}

func receiveAt(path string) (map[string]*os.File, error) {
	conn, err := sys.ConnectPackets(path)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return receive(conn)
}

// When the daemon is gone, clients may wait for a while; then they are told. What
// is kept decides how long the rest is held.
func TestHowLongAKeeperStays(t *testing.T) {
	for _, c := range []struct {
		name  string
		keeps func(t *testing.T) *os.File
		gone  time.Duration
		over  bool
	}{
		{"nothing, soon", nil, listenersFor / 2, false},
		{"nothing", nil, listenersFor, true},
		{"pipe", readEnd, pipesFor, false},
		{"pipe, long", readEnd, pipesFor + time.Second, true},
		{"lock, long", lockFile, 1000 * pipesFor, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{path: "/", held: map[string]*os.File{}}
			s.now = func() time.Time { return s.alone.Add(c.gone) }
			s.held[ListenerPrefix+"x"] = readEnd(t)
			v, err := keep.Open(serverHolder{s})
			if err != nil {
				t.Fatal(err)
			}
			if c.keeps != nil {
				if err := v.Keep("k", nil, c.keeps(t)); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.over(); got != c.over {
				t.Errorf("over: %t", got)
			}
			if listens := s.held[ListenerPrefix+"x"] != nil; listens != (c.gone < listenersFor) {
				t.Errorf("holds a listener: %t", listens)
			}
			s.ends = true
			if !s.over() {
				t.Error("goes on although the daemon ended")
			}
		})
	}
}

type serverHolder struct{ s *server }

func (h serverHolder) Hold(name string, f syscall.Conn) error {
	h.s.held[name] = f.(*os.File)
	return nil
}
func (h serverHolder) Drop(name string) { delete(h.s.held, name) }

func readEnd(t *testing.T) *os.File {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r
}

func lockFile(t *testing.T) *os.File {
	f, err := lockByte(filepath.Join(t.TempDir(), "f"), "a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func FuzzPacket(f *testing.F) {
	for _, s := range []string{"hold ledger", "drop a b", "give", "given", "end", "hold ", "end x", ""} {
		f.Add([]byte(s))
	}
	words := []string{wordHold, wordDrop, wordGive, wordGiven, wordEnd}
	f.Fuzz(func(t *testing.T, p []byte) {
		word, name, err := parse(p)
		if err == nil && (!slices.Contains(words, word) || len(name) > maxName) {
			t.Errorf("%q was read as %q of %d bytes", p, word, len(name))
		}
	})
}

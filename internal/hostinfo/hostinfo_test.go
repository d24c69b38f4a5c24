package hostinfo

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// host builds a copy of /proc and /sys from "path: content" pairs.
func host(t *testing.T, files map[string]string) Host {
	t.Helper()
	root := t.TempDir()
	for path, content := range files {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Host{Root: root}
}

func cpuFiles(files map[string]string, id, socket, core, siblings string) {
	at := "/sys/devices/system/cpu/cpu" + id + "/topology/"
	files[at+"core_id"] = core + "\n"
	files[at+"physical_package_id"] = socket + "\n"
	files[at+"thread_siblings_list"] = siblings + "\n"
}

func TestTopology(t *testing.T) {
	files := map[string]string{
		"/sys/devices/system/cpu/present":        "0-3\n",
		"/sys/devices/system/node/online":        "0\n",
		"/sys/devices/system/node/node0/cpulist": "0-3\n",
		"/proc/cpuinfo":                          "processor : 0\ncpu MHz\t\t: 2096.014\n",
	}
	cpuFiles(files, "0", "0", "0", "0,2")
	cpuFiles(files, "1", "0", "1", "1,3")
	cpuFiles(files, "2", "0", "0", "0,2")
	cpuFiles(files, "3", "0", "1", "1,3")
	got, err := host(t, files).Topology()
	want := Topology{CPUs: 4, MHz: 2096, Nodes: 1, Sockets: 1, Cores: 2, Threads: 2}
	if err != nil || got != want {
		t.Errorf("Topology = %+v, %v; want %+v", got, err, want)
	}
	// One core more than the numbers can say makes it flat.
	cpuFiles(files, "3", "0", "2", "3")
	got, _ = host(t, files).Topology()
	want = Topology{CPUs: 4, MHz: 2096, Nodes: 1, Sockets: 1, Cores: 4, Threads: 1}
	if got != want {
		t.Errorf("uneven Topology = %+v, want %+v", got, want)
	}
}

func TestCPUTimes(t *testing.T) {
	h := host(t, map[string]string{
		"/proc/stat": "cpu  10 20 30 40 50 60 70 0 0 0\ncpu0 1 2 3 4 5 6 7 0 0 0\nintr 5\n",
	})
	got, err := h.CPUTimes(0)
	if want := (CPUTimes{1, 2, 3, 4, 5, 6, 7}); err != nil || got != want {
		t.Errorf("cpu0 = %+v, %v", got, err)
	}
	if got, _ := h.CPUTimes(AllCPUs); got.SoftIRQ != 70 {
		t.Errorf("all = %+v", got)
	}
	if _, err := h.CPUTimes(7); !errors.Is(err, ErrNoCPU) {
		t.Errorf("cpu7: %v", err)
	}
}

func TestMemory(t *testing.T) {
	h := host(t, map[string]string{
		"/proc/meminfo":                          "MemTotal:  100 kB\nMemFree: 40 kB\nBuffers: 3 kB\nCached: 5 kB\nSwapCached: 9 kB\n",
		"/sys/devices/system/node/node0/meminfo": "Node 0 MemTotal:  90 kB\nNode 0 MemFree: 30 kB\n",
	})
	if m, err := h.Memory(); err != nil || m != (Memory{100, 40, 3, 5}) {
		t.Errorf("Memory = %+v, %v", m, err)
	}
	if m, err := h.NodeMemory(0); err != nil || m != (Memory{Total: 90, Free: 30}) {
		t.Errorf("NodeMemory = %+v, %v", m, err)
	}
}

func TestParseStat(t *testing.T) {
	line := "42 (a name) with ) S 1 42 42 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 3 0 777 1000 256 " +
		strings.Repeat("0 ", 14) + "3 0 0"
	got, err := parseStat([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if got.User != 1500*time.Millisecond || got.System != 500*time.Millisecond || got.Start != 777 || got.State != 'S' {
		t.Errorf("stat = %+v", got)
	}
	if _, err := parseStat([]byte("1 (x) S")); err == nil {
		t.Error("a short stat was taken")
	}
}

func TestOwnProcess(t *testing.T) {
	var h Host
	args, err := h.CommandLine(os.Getpid())
	if err != nil || !slices.Equal(args, os.Args) {
		t.Errorf("CommandLine = %q, %v", args, err)
	}
	if p, err := h.ProcessTimes(os.Getpid()); err != nil || p.Start == 0 || p.RSS == 0 {
		t.Errorf("ProcessTimes = %+v, %v", p, err)
	}
}

func FuzzParseList(f *testing.F) {
	f.Add("0-3,8")
	f.Add("")
	f.Add("5-2")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := ParseList(s)
		if err == nil && len(list) > maxListed+1 {
			t.Errorf("%d numbers from %q", len(list), s)
		}
	})
}

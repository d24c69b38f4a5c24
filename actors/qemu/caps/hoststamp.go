package caps

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"virtree.dev/internal/sys"
)

// HostStamp tells whether a host can do the same as before with a binary of its own architecture.
type HostStamp struct {
	CPU    string // hash of the processor's identity, microcode and features
	Kernel string // release and version
	Nested bool   // KVM lets guests be hosts
}

// hostRoot is where the host's files are: "/", or a test's folder.
type hostRoot string

func (r hostRoot) stamp() HostStamp {
	return HostStamp{
		CPU:    r.processor(),
		Kernel: r.text("/proc/sys/kernel/osrelease") + " " + r.text("/proc/sys/kernel/version"),
		Nested: r.nested(),
	}
}

func (r hostRoot) text(path string) string {
	b, _ := os.ReadFile(filepath.Join(string(r), path))
	return strings.TrimSpace(string(b))
}

// identity are the lines of /proc/cpuinfo that do not change while a processor runs.
var identity = []string{"vendor_id", "cpu family", "model", "stepping", "microcode", "flags", "vmx flags", "Features", "CPU implementer", "CPU part"}

// firstProcessor is enough of /proc/cpuinfo; the kernel makes the rest only if it is read.
const firstProcessor = 16 << 10

func (r hostRoot) processor() string {
	f, err := os.Open(filepath.Join(string(r), "/proc/cpuinfo"))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, firstProcessor))
	if i := bytes.Index(b, []byte("\n\n")); i > 0 {
		b = b[:i]
	}
	h := sha256.New()
	for line := range strings.Lines(string(b)) {
		name, _, _ := strings.Cut(line, ":")
		for _, want := range identity {
			if strings.TrimSpace(name) == want {
				_, _ = io.WriteString(h, line)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (r hostRoot) nested() bool {
	for _, module := range []string{"kvm_intel", "kvm_amd", "kvm_hv", "kvm"} {
		v := r.text("/sys/module/" + module + "/parameters/nested")
		if strings.HasPrefix(v, "Y") || strings.HasPrefix(v, "y") || strings.HasPrefix(v, "1") {
			return true
		}
	}
	return false
}

// kvmUsable asks the kernel by opening the device, for the user; nil is the one that we are.
func (r hostRoot) kvmUsable(user *syscall.Credential) bool {
	try := func() error {
		f, err := os.OpenFile(filepath.Join(string(r), "/dev/kvm"), os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return f.Close()
	}
	if user != nil && user.Uid != uint32(os.Geteuid()) {
		return sys.AsUser(user, try) == nil
	}
	return try() == nil
}

// changed gives when a file's inode was last changed, in nanoseconds; 0 when there is none.
func changed(path string) (ctime, mtime, size int64) {
	fi, err := os.Stat(path)
	if err != nil {
		return 0, 0, 0
	}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		ctime = st.Ctim.Nano()
	}
	return ctime, fi.ModTime().UnixNano(), fi.Size()
}

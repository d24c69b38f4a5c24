package sys

import "golang.org/x/sys/unix"

// DeviceNumber gives the number of a device file; is says whether path is one.
func DeviceNumber(path string) (major, minor uint32, is bool) {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0, 0, false
	}
	kind := st.Mode & unix.S_IFMT
	return unix.Major(st.Rdev), unix.Minor(st.Rdev), kind == unix.S_IFCHR || kind == unix.S_IFBLK
}

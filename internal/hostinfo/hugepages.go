package hostinfo

import (
	"fmt"
	"os"
	"strconv"
)

// PagePoolFile is where the kernel keeps the number of huge pages of a size in KiB.
func (h Host) PagePoolFile(node int, sizeKiB uint64) string {
	return h.path(fmt.Sprintf("%s/hugepages-%dkB/nr_hugepages", hugePages(node), sizeKiB))
}

// HugePages gives the number of huge pages of a size in KiB.
func (h Host) HugePages(node int, sizeKiB uint64) (uint64, error) {
	return h.Number(fmt.Sprintf("%s/hugepages-%dkB/nr_hugepages", hugePages(node), sizeKiB))
}

// SetHugePages asks the kernel for a number of huge pages. It may have less.
func (h Host) SetHugePages(node int, sizeKiB, count uint64) error {
	return h.write(h.PagePoolFile(node, sizeKiB), strconv.FormatUint(count, 10))
}

// ksmFolder has the settings of the kernel's merging of equal pages.
const ksmFolder = "/sys/kernel/mm/ksm/"

// HasKSM says whether the kernel knows a setting of page merging.
func (h Host) HasKSM(name string) bool {
	_, err := os.Stat(h.path(ksmFolder + name))
	return err == nil
}

// SetKSM changes a setting of page merging.
func (h Host) SetKSM(name string, value uint64) error {
	return h.write(h.path(ksmFolder+name), strconv.FormatUint(value, 10))
}

// write changes a file of the kernel, which must be there.
func (h Host) write(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(value); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

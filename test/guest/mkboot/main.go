package main

import (
	"fmt"
	"os"

	"virtree.dev/test/guest"
)

// imageSize is that of the disk in bytes.
const imageSize = 1 << 20

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: mkboot FILE")
		os.Exit(2)
	}
	sector, err := guest.BootSector()
	if err == nil {
		// The BIOS boots from no virtio disk of less than a cylinder.
		image := make([]byte, imageSize)
		copy(image, sector)
		err = os.WriteFile(os.Args[1], image, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mkboot:", err)
		os.Exit(1)
	}
}

package main

import (
	"fmt"
	"os"

	"virtree.dev/test/guest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: mkboot FILE")
		os.Exit(2)
	}
	image, err := guest.BootSector()
	if err == nil {
		err = os.WriteFile(os.Args[1], image, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mkboot:", err)
		os.Exit(1)
	}
}

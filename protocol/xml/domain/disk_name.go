package domain

import (
	"math"
	"strings"
)

const letters = 26

// DiskIndex gives which disk a target such as vdb or sdaa2 names, from 0; -1 when it names none.
func DiskIndex(target string) int {
	for _, prefix := range []string{"fd", "hd", "vd", "sd", "xvd", "ubd"} {
		if rest, ok := strings.CutPrefix(target, prefix); ok {
			return lettersIndex(rest)
		}
	}
	return -1
}

func lettersIndex(text string) int {
	digits := strings.TrimLeft(text, "abcdefghijklmnopqrstuvwxyz")
	name := text[:len(text)-len(digits)]
	if name == "" || strings.Trim(digits, "0123456789") != "" {
		return -1
	}
	index := -1
	for _, c := range name {
		if index = (index+1)*letters + int(c-'a'); index > math.MaxInt32 {
			return -1
		}
	}
	return index
}

// DiskName gives the target of a disk with that prefix and index, such as vdb.
func DiskName(prefix string, index int) string {
	name := ""
	for ; index >= 0; index = index/letters - 1 {
		name = string(rune('a'+index%letters)) + name
	}
	return prefix + name
}

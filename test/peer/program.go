package peer

import (
	"fmt"
	"os"
	"strings"
)

// Program tells the programs of one process apart: where the stack begins is another
// with each. It is "" where there is no such process.
func Program(pid int) string {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	const startStack = 28 - 3
	if fields := strings.Fields(rest); len(fields) > startStack {
		return fields[startStack]
	}
	return ""
}

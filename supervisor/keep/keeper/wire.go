package keeper

import (
	"errors"
	"os"
	"strings"
	"syscall"

	"virtree.dev/internal/sys"
)

// The words of the protocol.
const (
	wordHold  = "hold"
	wordDrop  = "drop"
	wordGive  = "give"
	wordGiven = "given"
	wordEnd   = "end"

	maxName   = 255
	maxPacket = 5 + maxName
)

var errBadPacket = errors.New("a packet that no daemon sends")

// parse takes a packet apart.
func parse(p []byte) (word, name string, err error) {
	word, name, _ = strings.Cut(string(p), " ")
	switch word {
	case wordHold, wordDrop:
		if name == "" || len(name) > maxName {
			return "", "", errBadPacket
		}
	case wordGive, wordGiven, wordEnd:
		if name != "" {
			return "", "", errBadPacket
		}
	default:
		return "", "", errBadPacket
	}
	return word, name, nil
}

// sameUser says whether the other side of a connection belongs to our user.
func sameUser(c syscall.Conn) bool {
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	_, uid, _, err := sys.Credentials(raw)
	return err == nil && uid == os.Geteuid()
}

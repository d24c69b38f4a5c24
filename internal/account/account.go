package account

import (
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"
)

// IDs are a user and a group.
type IDs struct{ UID, GID uint32 }

// String is how labels write them.
func (i IDs) String() string { return fmt.Sprintf("+%d:+%d", i.UID, i.GID) }

// ErrForm is the error of a label that is not of two parts.
var ErrForm = errors.New("Failed to parse uid and gid")

// User finds the number of a user.
func User(name string) (uint32, error) {
	return identify(name, "user", func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
}

// Group finds the number of a group.
func Group(name string) (uint32, error) {
	return identify(name, "group", func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
}

func identify(name, what string, find func(string) (string, error)) (uint32, error) {
	number, plain := strings.CutPrefix(name, "+")
	if !plain {
		if found, err := find(name); err == nil {
			number = found
		}
	}
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("Failed to parse %s '%s'", what, number)
	}
	return uint32(id), nil
}

// ParseIDs reads "USER:GROUP".
func ParseIDs(label string) (IDs, error) {
	name, group, ok := strings.Cut(label, ":")
	if !ok {
		return IDs{}, fmt.Errorf("%w from '%s'", ErrForm, label)
	}
	uid, err := User(name)
	if err != nil {
		return IDs{}, err
	}
	gid, err := Group(group)
	return IDs{uid, gid}, err
}

// Groups are those that a process of the user and group belongs to: the user's own, and that one.
func Groups(i IDs) []uint32 {
	var list []uint32
	if u, err := user.LookupId(strconv.FormatUint(uint64(i.UID), 10)); err == nil {
		names, _ := u.GroupIds() // one who is in none is in that one
		for _, n := range names {
			if g, err := strconv.ParseUint(n, 10, 32); err == nil && !slices.Contains(list, uint32(g)) {
				list = append(list, uint32(g))
			}
		}
	}
	if !slices.Contains(list, i.GID) {
		list = append(list, i.GID)
	}
	return list
}

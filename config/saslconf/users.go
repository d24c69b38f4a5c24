package saslconf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"virtree.dev/protocol/sasl"
)

// Lookup finds a user in the file of users, then in saslpasswd2's database.
func (c *Config) Lookup(user string) (*sasl.Secret, error) {
	text, err := read(c.Users, secret)
	absent := errors.Is(err, fs.ErrNotExist)
	if err != nil && !absent {
		return nil, err
	}
	all, err := parseUsers(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", c.Users, err)
	}
	if s := all[user]; s != nil {
		return s, nil
	}
	if absent && c.Database == "" {
		return nil, fmt.Errorf("there is no %s, which has the users", c.Users)
	}
	return c.inDatabase(user)
}

// secret refuses a file that others may read or own.
func secret(info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others may read or change it (mode %04o): chmod 600 it", info.Mode().Perm())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d: chown it to user %d", st.Uid, os.Geteuid())
	}
	return nil
}

const plainPrefix = "plain:"

// parseUsers reads lines of "name:secret".
func parseUsers(text string) (map[string]*sasl.Secret, error) {
	all := map[string]*sasl.Secret{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			return nil, fmt.Errorf("%d: a line has the form \"name:verifier\" or \"name:plain:password\"", n)
		}
		s := all[name]
		if s == nil {
			s = &sasl.Secret{}
			all[name] = s
		}
		if err := add(s, value); err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
	}
	return all, nil
}

// add notes one of a user's secrets.
func add(s *sasl.Secret, value string) error {
	if password, plain := strings.CutPrefix(value, plainPrefix); plain {
		if password == "" || s.Password != "" {
			return errors.New("a user has one password, which is not empty")
		}
		s.Password = password
		return nil
	}
	v, err := sasl.ParseVerifier(value)
	if err != nil {
		return err
	}
	for _, other := range s.Verifiers {
		if other.Mechanism == v.Mechanism {
			return fmt.Errorf("the user has a verifier of %s already", v.Mechanism)
		}
	}
	s.Verifiers = append(s.Verifiers, v)
	return nil
}

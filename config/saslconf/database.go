package saslconf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"virtree.dev/protocol/sasl"
)

// What is known of a file of Berkeley DB: the first page says how long a page is,
// and pages of a hash have an index of entries, of which two make a pair.
const (
	dbMagicAt    = 12
	dbMagic      = 0x061561
	dbSizeAt     = 20
	dbEntriesAt  = 20
	dbTypeAt     = 25
	dbIndexAt    = 26
	dbUnsorted   = 2
	dbSorted     = 13
	dbKeyOrData  = 1
	dbPageMin    = 512
	dbPageMax    = 64 << 10
	passwordProp = "userPassword"
)

var errDatabase = errors.New("it is no hash database of Berkeley DB")

// inDatabase finds a user in saslpasswd2's database, nil where it is not there.
func (c *Config) inDatabase(user string) (*sasl.Secret, error) {
	if c.Database == "" {
		return nil, nil
	}
	text, err := read(c.Database, closed)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	password, err := passwordOf([]byte(text), user, host)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Database, err)
	}
	if password == "" {
		return nil, nil
	}
	return &sasl.Secret{Password: password}, nil
}

// closed refuses a database that everybody may read; a group may, as in Debian.
func closed(info fs.FileInfo) error {
	if info.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("everybody may read or change it (mode %04o): chmod 640 it", info.Mode().Perm())
	}
	return nil
}

// passwordOf finds a user's password. Where a name has no realm, the host's name
// is one, as for saslpasswd2.
func passwordOf(db []byte, user, host string) (password string, err error) {
	name, realm, has := strings.Cut(user, "@")
	err = eachPair(db, func(key, value []byte) {
		parts := strings.Split(string(key), "\x00")
		if len(parts) != 3 || parts[0] != name || parts[2] != passwordProp {
			return
		}
		if has && parts[1] == realm || !has && isHost(parts[1], host) {
			password = string(value)
		}
	})
	return password, err
}

// isHost says whether a realm is the host, perhaps with its domain.
func isHost(realm, host string) bool {
	realm, host = strings.ToLower(realm), strings.ToLower(host)
	return realm == host || strings.HasPrefix(realm, host+".")
}

// eachPair goes through the pairs of a database, page by page rather than by hash:
// there are as many as a host has administrators.
func eachPair(db []byte, f func(key, value []byte)) error {
	if len(db) < dbPageMin {
		return errDatabase
	}
	var order binary.ByteOrder = binary.LittleEndian
	if order.Uint32(db[dbMagicAt:]) != dbMagic {
		order = binary.BigEndian
	}
	size := int(order.Uint32(db[dbSizeAt:]))
	if order.Uint32(db[dbMagicAt:]) != dbMagic || size < dbPageMin || size > dbPageMax || size&(size-1) != 0 {
		return errDatabase
	}
	for at := size; at+size <= len(db); at += size {
		page := db[at : at+size]
		if kind := page[dbTypeAt]; kind != dbUnsorted && kind != dbSorted {
			continue
		}
		items, ok := entries(page, order)
		if !ok {
			return errDatabase
		}
		for i := 0; i+1 < len(items); i += 2 {
			key, value := items[i], items[i+1]
			if len(key) > 0 && len(value) > 0 && key[0] == dbKeyOrData && value[0] == dbKeyOrData {
				f(bytes.Clone(key[1:]), bytes.Clone(value[1:]))
			}
		}
	}
	return nil
}

// entries are the parts of a page, which grow down from its end.
func entries(page []byte, order binary.ByteOrder) (items [][]byte, ok bool) {
	n := int(order.Uint16(page[dbEntriesAt:]))
	if dbIndexAt+2*n > len(page) {
		return nil, false
	}
	end := len(page)
	for i := range n {
		at := int(order.Uint16(page[dbIndexAt+2*i:]))
		if at < dbIndexAt+2*n || at > end {
			return nil, false
		}
		items = append(items, page[at:end])
		end = at
	}
	return items, true
}

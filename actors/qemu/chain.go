package qemu

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/image"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
)

// maxChain bounds how many images lie upon each other.
const maxChain = 200

// backingTerminator says in a document that there is no image below.
const backingTerminator = "none"

// chain looks for what one image is built upon, with the eyes of the machine that is to have it.
type chain struct {
	top *xml.DiskSource
	as  func(s *xml.DiskSource) *syscall.Credential // nil: ourselves
}

// viewer is whoever must see an image.
func (c chain) viewer(s *xml.DiskSource) *syscall.Credential {
	if c.as != nil {
		if user := c.as(s); user != nil {
			return user
		}
	}
	return &syscall.Credential{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
}

// look does something with an image's file as whoever must see it.
func (c chain) look(s *xml.DiskSource, f func() error) error {
	user := c.viewer(s)
	if user.Uid == uint32(os.Geteuid()) {
		return f()
	}
	return sys.AsUser(user, f)
}

func (c chain) determine() error {
	top := c.top
	if plain(top) {
		if top.Backing == nil {
			top.Backing = &xml.DiskSource{Type: backingTerminator}
		}
		if top.FDGroup == "" && !exists(top.Path) {
			return errStorage(syscall.ENOENT, "Cannot access storage file '%s'", top.Path)
		}
		return nil
	}
	last := top
	for ; last.Backing != nil && last.Backing.Type != backingTerminator; last = last.Backing {
		if !local(last) || last.FDGroup != "" {
			continue
		}
		err := c.look(last, func() error {
			_, err := os.Stat(last.Path)
			return err
		})
		if err != nil {
			return c.errBroken(err, last)
		}
	}
	if last.Backing != nil {
		return nil // the document says where it ends
	}
	if last.Format == "" {
		last.Format = "raw"
	}
	return c.followHeaders(last, 1)
}

// plain says whether an image needs no look into its header.
func plain(s *xml.DiskSource) bool {
	return local(s) && s.Format != "" && !image.HasBacking(s.Format)
}

// errBroken is the error of an image that is not there.
func (c chain) errBroken(err error, s *xml.DiskSource) error {
	user := c.viewer(s)
	if s == c.top {
		return errStorage(err, "Cannot access storage file '%s' (as uid:%d, gid:%d)", s.Path, user.Uid, user.Gid)
	}
	return errStorage(err, "Cannot access backing file '%s' of storage file '%s' (as uid:%d, gid:%d)",
		s.Path, c.top.Path, user.Uid, user.Gid)
}

// errUnsafe is the error of a format that would have to be guessed although the image
// names another one below it: whoever writes to it could make it any file of the host.
var errUnsafe = errors.New("the format is a guess")

// followHeaders reads the header of an image, and of those below it.
func (c chain) followHeaders(s *xml.DiskSource, depth int) error {
	if depth > maxChain {
		return virerr.New(virerr.FromStorage, virerr.InternalError,
			"backing store for %s is self-referential or too deeply nested", s.Path)
	}
	guess := s.Format == ""
	if !local(s) || s.FDGroup != "" {
		if guess {
			return errUnsafe
		}
		return nil // QEMU follows those by itself
	}
	header, err := c.readHeader(s)
	if err != nil {
		return err
	}
	if s.Format = header.Format; guess && header.Backing != "" {
		return errUnsafe
	}
	if header.Backing == "" {
		s.Backing = &xml.DiskSource{Type: backingTerminator}
		return nil
	}
	below := sourceOf(header.Backing, s.Path)
	if below == nil {
		return nil
	}
	below.Format = header.BackingFormat
	err = c.followHeaders(below, depth+1)
	if errors.Is(err, errUnsafe) {
		return virerr.New(virerr.FromStorage, virerr.OperationInvalid,
			"format of backing image '%s' of image '%s' was not specified in the image metadata "+
				"(See https://libvirt.org/kbase/backing_chains.html for troubleshooting)", header.Backing, s.Path)
	}
	if below.Format == "iso" {
		below.Format = "raw" // QEMU knows no such format
	}
	s.Backing = below
	return err
}

func (c chain) readHeader(s *xml.DiskSource) (image.Header, error) {
	var f *os.File
	err := c.look(s, func() (err error) {
		f, err = os.Open(s.Path)
		return err
	})
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.EACCES) && !c.reaches(s):
		return image.Header{}, c.errBroken(err, s)
	case err != nil:
		return image.Header{}, errStorage(err, "Failed to open file '%s'", s.Path)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, image.MaxHeader))
	if err != nil {
		return image.Header{}, errStorage(err, "cannot read header '%s'", s.Path)
	}
	var h image.Header
	if s.Format == "" {
		h, err = image.Probe(b)
	} else {
		h, err = image.Parse(s.Format, b)
	}
	if err != nil {
		return h, virerr.New(virerr.FromStorage, virerr.InternalError, "invalid image header of '%s'", s.Path)
	}
	return h, nil
}

// reaches says whether whoever must see an image finds it at all.
func (c chain) reaches(s *xml.DiskSource) bool {
	return c.look(s, func() error {
		_, err := os.Stat(s.Path)
		return err
	}) == nil
}

// sourceOf is the image that a header names; nil for those that are not a file of this host.
func sourceOf(name, parent string) *xml.DiskSource {
	path, isFile := strings.CutPrefix(name, "file:")
	if !isFile {
		scheme, _, hasScheme := strings.Cut(name, ":")
		if hasScheme && !strings.Contains(scheme, "/") {
			return nil
		}
	}
	path = strings.TrimPrefix(path, "//")
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(parent), path)
	}
	kind := "file"
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeDevice != 0 {
		kind = "block"
	}
	return &xml.DiskSource{Type: kind, Path: path, Detected: true}
}

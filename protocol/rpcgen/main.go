package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// packages are the folders of the programs, beside this one.
var packages = map[string]string{
	"remote": "remote", "qemu": "qemuprog", "lxc": "lxcprog", "admin": "adminprog",
	"log": "logprog", "lock": "lockprog", "keepalive": "keepalive",
	"virtype": "virtype", // enumerations only
}

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := run(root); err != nil {
		fmt.Fprintln(os.Stderr, "rpcgen:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(filepath.Join(root, "spec"))
	if err != nil {
		return err
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate gives the text of each generated file by its path under protocol.
func generate(dir string) (map[string][]byte, error) {
	specs := map[string]*spec{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.rpc"))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		s, err := parse(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		specs[strings.TrimSuffix(filepath.Base(path), ".rpc")] = s
	}
	out := map[string][]byte{}
	for name, s := range specs {
		if err := s.emit(out, packages[name], specs); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return out, nil
}

func (s *spec) emit(out map[string][]byte, pkg string, all map[string]*spec) (err error) {
	others := map[string]*spec{}
	for _, i := range s.imports {
		others[i] = all[i]
	}
	g := newGen(s, others)
	if s.id == 0 {
		out[pkg+"/enums_gen.go"], err = g.enumerations(pkg)
		return err
	}
	if len(s.structs) > 0 {
		if out[pkg+"/types_gen.go"], err = g.types(pkg); err != nil {
			return err
		}
	}
	out[pkg+"/program_gen.go"], err = g.table(pkg)
	return err
}

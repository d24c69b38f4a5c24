package saslconf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"virtree.dev/protocol/sasl"
)

// fileName is what libvirt's daemons call their file.
const fileName = "libvirt.conf"

// maxFile bounds every file that is read.
const maxFile = 4 << 20

// Config is what SASL is set to.
type Config struct {
	Mechanisms []string // that are known and wanted, strongest first
	Unknown    []string // that are wanted
	Keytab     string
	Users      string // the file of users
	Database   string // of saslpasswd2; empty: none
}

// Source is where files are looked for.
type Source struct {
	Dirs   []string // of libvirt.conf; the first one counts
	Config string   // the folder of the daemon's own files
	Keytab string   // where libvirt.conf names none
}

// NewSource is the usual places; getenv is os.Getenv but for tests.
func NewSource(configDir string, getenv func(string) string) Source {
	s := Source{Dirs: []string{"/etc/sasl2"}, Config: configDir, Keytab: filepath.Join(configDir, "krb5.tab")}
	if path := getenv("SASL_CONF_PATH"); path != "" {
		s.Dirs = filepath.SplitList(path)
	}
	if name := getenv("KRB5_KTNAME"); name != "" {
		s.Keytab = strings.TrimPrefix(name, "FILE:")
	}
	return s
}

// Load reads libvirt.conf. Without one everything is offered but PLAIN.
func (s Source) Load() (*Config, error) {
	for _, dir := range s.Dirs {
		path := filepath.Join(dir, fileName)
		text, err := read(path, nil)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		options, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
		return s.config(options), nil
	}
	return s.config(nil), nil
}

func (s Source) config(options map[string]string) *Config {
	c := &Config{Keytab: s.Keytab, Users: filepath.Join(s.Config, "sasl.users"), Database: options["sasldb_path"]}
	if v := options["keytab"]; v != "" {
		c.Keytab = v
	}
	if v := options["users_path"]; v != "" {
		c.Users = v
	}
	list, set := options["mech_list"]
	wanted := strings.FieldsFunc(strings.ToUpper(list), func(r rune) bool { return r == ' ' || r == '\t' || r == ',' })
	for _, m := range sasl.Known() {
		if slices.Contains(wanted, m) || !set && m != sasl.Plain {
			c.Mechanisms = append(c.Mechanisms, m)
		}
	}
	for _, m := range wanted {
		if !slices.Contains(sasl.Known(), m) {
			c.Unknown = append(c.Unknown, m)
		}
	}
	return c
}

// parse reads lines of "option: value".
func parse(text string) (map[string]string, error) {
	options := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsAny(name, " \t") || value == "" {
			return nil, fmt.Errorf("%d: a line has the form \"option: value\"", n)
		}
		options[name] = value
	}
	return options, nil
}

// read reads a file that is not too long, where check finds nothing wrong with it.
func read(path string, check func(fs.FileInfo) error) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file", path)
	}
	if check != nil {
		if err := check(info); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxFile)
	}
	return string(b), err
}

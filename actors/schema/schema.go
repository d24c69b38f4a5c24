package schema

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"virtree.dev/internal/command"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmltree"
)

// Folder is where libvirt's packages put the schemas.
const Folder = "/usr/share/libvirt/schemas"

// patience is what a document may take at most; a large one takes tenths of a second.
const patience = 30 * time.Second

// Exit states of xmllint.
const (
	xmllintInvalid = 3
	xmllintSchema  = 5
)

// Validator holds documents against schemas.
type Validator struct {
	Runner command.Runner
	Folder string // of the schemas
}

// Validate refuses a document that is not as a schema, as "domain.rng", wants it, in libvirt's words.
//
// xmllint gets what was read, written anew, never the client's bytes: in those it would follow a document
// type to files that are not the client's.
func (v Validator) Validate(ctx context.Context, schema string, root *xmltree.Node) error {
	path := filepath.Join(v.Folder, schema)
	program, err := exec.LookPath("xmllint")
	if err != nil {
		return internal("Unable to create RelaxNG parser for schema '%s': xmllint is not installed", path)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err = v.Runner.Run(ctx, command.Command{
		Path: program, Args: []string{"--noout", "--nonet", "--relaxng", path, "-"}, Stdin: root.AppendDump(nil, -1),
	})
	var exit *command.StatusError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &exit):
		return internal("Unable to create RelaxNG validation context for schema '%s': %s", path, err)
	case exit.Status == xmllintInvalid:
		return virerr.New(virerr.FromXML, virerr.XMLInvalidSchema, "Unable to validate doc against %s\n%s",
			path, messages(exit.Stderr, "Relax-NG validity error : "))
	case exit.Status == xmllintSchema:
		return internal("Unable to parse RelaxNG schema '%s': %s", path, messages(exit.Stderr, "Relax-NG parser error : "))
	}
	return internal("Unable to create RelaxNG validation context for schema '%s': xmllint ended with status %d",
		path, exit.Status)
}

func internal(format string, args ...any) error {
	return virerr.New(virerr.FromXML, virerr.InternalError, format, args...)
}

// messages gives what libxml2 said of one kind, without the places that xmllint puts before it.
func messages(output []byte, kind string) string {
	var b strings.Builder
	for line := range strings.Lines(string(output)) {
		if _, message, ok := strings.Cut(line, kind); ok {
			b.WriteString(message)
		}
	}
	return b.String()
}

package command

import "strings"

// ShellMeta are the characters that make an argument need quotes.
const ShellMeta = "\r\t\n !\"#$&'()*;<>?[\\]^`{|}~"

func shellQuote(s string) string {
	switch {
	case s == "":
		return "''"
	case !strings.ContainsAny(s, ShellMeta):
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Text shows the command as libvirt's logs do: an environment variable or an option a line,
// an option's value behind it.
func (l *Line) Text() string {
	var b strings.Builder
	for _, e := range l.Env {
		name, value, _ := strings.Cut(e, "=")
		b.WriteString(name + "=" + shellQuote(value) + " \\\n")
	}
	b.WriteString(shellQuote(l.Argv[0]))
	first, last := len(l.Argv), 0 // options
	for i, a := range l.Argv[1:] {
		if strings.HasPrefix(a, "-") {
			first, last = min(first, i+1), i+1
		}
	}
	for i, a := range l.Argv[1:] {
		b.WriteByte(' ')
		// what stands between options, or behind the last one, stays on its line
		if strings.HasPrefix(a, "-") || i+1 < first || i > last {
			b.WriteString("\\\n")
		}
		b.WriteString(shellQuote(a))
	}
	return b.String()
}

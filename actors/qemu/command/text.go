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
	seenOption := false
	for i, a := range l.Argv[1:] {
		option := strings.HasPrefix(a, "-")
		seenOption = seenOption || option
		b.WriteByte(' ')
		if option || !seenOption || !strings.HasPrefix(l.Argv[i], "-") {
			b.WriteString("\\\n")
		}
		b.WriteString(shellQuote(a))
	}
	return b.String()
}

package conf

import (
	"fmt"
	"strings"
)

// ValueOf is the value that a file has for one of the types that settings fill.
func ValueOf(v any) Value {
	switch v := v.(type) {
	case string:
		return Value{Kind: String, Str: v}
	case bool:
		if v {
			return Value{Kind: Unsigned, Int: 1}
		}
		return Value{Kind: Unsigned}
	case int:
		if v < 0 {
			return Value{Kind: Signed, Int: int64(v)}
		}
		return Value{Kind: Unsigned, Int: int64(v)}
	case uint:
		return Value{Kind: Unsigned, Int: int64(v)}
	case uint64:
		return Value{Kind: Unsigned, Int: int64(v)}
	case []string:
		list := Value{Kind: List}
		for _, s := range v {
			list.List = append(list.List, ValueOf(s))
		}
		return list
	}
	panic(fmt.Sprintf("conf: no setting holds a %T", v))
}

// Sample writes a file that changes nothing: each key with what it changes, and its
// default as a comment. Others are the values of keys that have a reader of their own.
func Sample[C any](table []Setting[C], defaults *C, others map[string]any) string {
	var b strings.Builder
	for _, s := range table {
		if strings.HasPrefix(s.Effect, ignored) {
			continue
		}
		effect := s.Effect
		if feature, waits := strings.CutSuffix(effect, later); waits {
			effect = "checked, and without effect until there is: " + feature
		}
		fmt.Fprintf(&b, "\n# %s\n#", effect)
		other, has := others[s.Key]
		switch {
		case has:
			writeSample(&b, s.Key, ValueOf(other))
		case s.shown != nil:
			writeSample(&b, s.Key, s.shown(defaults))
		default:
			fmt.Fprintf(&b, " %s: unset\n", s.Key)
		}
	}
	return b.String()
}

func writeSample(b *strings.Builder, key string, v Value) {
	b.WriteString(key + " = ")
	v.format(b)
	b.WriteByte('\n')
}

package main

import "strings"

// initialisms are written in capitals in Go names.
var initialisms = map[string]bool{
	"acl": true, "cpu": true, "dhcp": true, "fd": true, "fs": true, "id": true, "io": true, "ip": true,
	"mac": true, "nmi": true, "numa": true, "os": true, "pm": true, "rtc": true, "sasl": true, "sev": true, "ssh": true,
	"tls": true, "tpm": true, "uri": true, "uuid": true, "vcpu": true, "vnc": true, "xml": true,
}

// goName turns snake_case, CAPITALS_SPACED or mixedCase into a Go name.
func goName(s string) string {
	var out strings.Builder
	for _, w := range strings.Split(s, "_") {
		if w == strings.ToUpper(w) {
			w = strings.ToLower(w)
		}
		for _, part := range splitCase(w) {
			l := strings.ToLower(part)
			switch {
			case l == "":
			case initialisms[l]:
				out.WriteString(strings.ToUpper(l))
			default:
				out.WriteString(strings.ToUpper(l[:1]) + l[1:])
			}
		}
	}
	return out.String()
}

// splitCase splits mixedCase before each capital that follows a small letter.
func splitCase(w string) []string {
	var parts []string
	start := 0
	for i := 1; i < len(w); i++ {
		if w[i] >= 'A' && w[i] <= 'Z' && (w[i-1] < 'A' || w[i-1] > 'Z') {
			parts = append(parts, w[start:i])
			start = i
		}
	}
	return append(parts, w[start:])
}

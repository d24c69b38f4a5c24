package wire

import (
	"reflect"
	"strings"
	"testing"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xdr"
	"virtree.dev/test/peer"
)

// Every procedure that may change something is denied to a read-only
// connection, and no other.
func TestReadOnlyConnectionsMayOnlyLook(t *testing.T) {
	daemons := map[string]string{"virtree": peer.Build(t)}
	if peer.Real() != "" {
		daemons["libvirt"] = peer.Real()
	}
	for name, binary := range daemons {
		t.Run(name, func(t *testing.T) {
			o := session.options
			o.Binary = binary
			path := peer.Start(t, o).Socket()
			for p, proc := range calls {
				if proc.Name == "NODE_DEVICE_GET_AUTOSTART" && name == "libvirt" {
					continue // denied until 9.0.0
				}
				if got := question(t, path, virtype.ConnectRo, p, proc, zeroed(proc)); denied(got, proc) != (proc.ReadOnly == program.Deny) {
					t.Errorf("%s, but its rule is %d", got, proc.ReadOnly)
				}
				if proc.ReadOnly != program.Conditional {
					continue
				}
				if got := question(t, path, virtype.ConnectRo, p, proc, withFlags(proc)); !denied(got, proc) {
					t.Errorf("with flags %#x: %s", proc.DenyFlags, got)
				}
			}
		})
	}
}

// denied says whether a read-only connection was kept from a call, be it that
// libvirt looks at its arguments first.
func denied(answer string, p *program.Procedure) bool {
	const words = `"operation forbidden: `
	if strings.Contains(answer, words+"read only access prevents "+p.API+`"`) || strings.Contains(answer, words+p.API+` with secure flag"`) {
		return true
	}
	for _, first := range []string{" must not be NULL", " must not be zero", "No FD available", "event callback 0 not registered", "unknown procedure: "} {
		if p.ReadOnly == program.Deny && strings.Contains(answer, first) {
			return true
		}
	}
	return false
}

// withFlags are arguments with the flags that make a procedure forbidden.
func withFlags(p *program.Procedure) xdr.Value {
	args := p.Args()
	v := reflect.ValueOf(args).Elem()
	f := v.FieldByName("Source")
	if !f.IsValid() {
		f = v.FieldByName("Flags")
	}
	f.SetUint(p.DenyFlags)
	return args
}

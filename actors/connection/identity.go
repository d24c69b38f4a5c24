package connection

import (
	"os"
	"slices"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

// attribute is a part of an identity: its type and where it goes.
type attribute struct {
	kind int32
	set  func(i *dispatch.Identity, v *remote.TypedParamValue)
}

func text(field func(i *dispatch.Identity) *string) attribute {
	return attribute{virtype.TypedParamString, func(i *dispatch.Identity, v *remote.TypedParamValue) { *field(i) = v.S }}
}

var attributes = map[string]attribute{
	"user-name":               text(func(i *dispatch.Identity) *string { return &i.User }),
	"group-name":              text(func(i *dispatch.Identity) *string { return &i.Group }),
	"sasl-user-name":          text(func(i *dispatch.Identity) *string { return &i.SASLUser }),
	"x509-distinguished-name": text(func(i *dispatch.Identity) *string { return &i.X509 }),
	"selinux-context":         text(func(i *dispatch.Identity) *string { return &i.SELinux }),
	"unix-user-id":            {virtype.TypedParamUllong, func(i *dispatch.Identity, v *remote.TypedParamValue) { i.UID = int(v.Ul) }},
	"unix-group-id":           {virtype.TypedParamUllong, func(i *dispatch.Identity, v *remote.TypedParamValue) { i.GID = int(v.Ul) }},
	"process-id":              {virtype.TypedParamLlong, func(i *dispatch.Identity, v *remote.TypedParamValue) { i.PID = int(v.L) }},
	"process-time":            {virtype.TypedParamUllong, func(i *dispatch.Identity, v *remote.TypedParamValue) { i.ProcessTime = v.Ul }},
}

// typeNames are the types of parameters as libvirt's errors name them.
var typeNames = []string{"unknown", "int", "uint", "llong", "ullong", "double", "boolean", "string"}

// privileged says whether a client is root or the daemon's own user.
func privileged(who dispatch.Identity) bool { return who.UID == 0 || who.UID == os.Geteuid() }

// setIdentity takes over whom a proxy speaks for. Only a proxy of root or of
// the daemon's own user may say so: anybody else could put on any name.
func setIdentity(c *dispatch.Call, a *remote.ConnectSetIdentityArgs) (*dispatch.Void, error) {
	who, err := identityOf(a.Params)
	if err != nil {
		return nil, err
	}
	if !privileged(c.Session.Identity()) {
		return nil, virerr.New(virerr.FromAccess, virerr.AccessDenied, "")
	}
	c.Session.SetIdentity(who)
	return nil, nil
}

// identityOf makes an identity of nothing but these parameters; like libvirt it
// looks at them by name.
func identityOf(params []remote.TypedParam) (dispatch.Identity, error) {
	who := dispatch.Nobody()
	sorted := slices.Clone(params)
	slices.SortStableFunc(sorted, func(a, b remote.TypedParam) int { return strings.Compare(a.Field, b.Field) })
	for i := range sorted {
		p := &sorted[i]
		known, ok := attributes[p.Field]
		switch {
		case !ok:
			return who, virerr.New(virerr.FromNone, virerr.ArgumentUnsupported, "parameter '%s' not supported", p.Field)
		case i > 0 && sorted[i-1].Field == p.Field:
			return who, virerr.New(virerr.FromNone, virerr.InvalidArg, "parameter '%s' occurs multiple times", p.Field)
		case known.kind != p.Value.Type:
			return who, virerr.New(virerr.FromNone, virerr.InvalidArg, "invalid type '%s' for parameter '%s', expected '%s'",
				typeNames[p.Value.Type], p.Field, typeNames[known.kind])
		}
		known.set(&who, &p.Value)
	}
	return who, nil
}

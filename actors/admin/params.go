package admin

import (
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

// maxName is how long the name of a typed parameter may be.
const maxName = 79

// wireParams gives parameters the types of the admin program.
func wireParams(list virtype.Params) []adminprog.TypedParam {
	out := make([]adminprog.TypedParam, len(list))
	for i, p := range list {
		out[i] = adminprog.TypedParam{Field: p.Field, Value: adminprog.TypedParamValue(p.Value)}
	}
	return out
}

// tooLong refuses names that libvirt has no room for, before it looks at anything else.
func tooLong(params []adminprog.TypedParam) error {
	for i := range params {
		if len(params[i].Field) > maxName {
			return virerr.New(virerr.FromNone, virerr.InternalError, "parameter %s too big for destination", params[i].Field)
		}
	}
	return nil
}

// change is what a function is to change: a server, and its settings of these names.
func (s *Service) change(of adminprog.NonnullServer, function string, flags uint32, params []adminprog.TypedParam, names ...string) (*rpc.Server, map[string]uint32, error) {
	server, err := s.serverFor(of.Name)
	if err != nil {
		return nil, nil, err
	}
	if err := tooLong(params); err != nil {
		return nil, nil, err
	}
	if err := checkFlags(function, flags); err != nil {
		return nil, nil, err
	}
	values, err := counts(params, names...)
	return server, values, err
}

// counts reads parameters of which each may be given once, all unsigned.
func counts(params []adminprog.TypedParam, names ...string) (map[string]uint32, error) {
	list := make([]remote.TypedParam, len(params))
	values := make(map[string]uint32, len(params))
	for i, p := range params {
		list[i] = remote.TypedParam{Field: p.Field, Value: remote.TypedParamValue(p.Value)}
		values[p.Field] = p.Value.Ui
	}
	allowed := virtype.Allowed{Types: map[string]int32{}}
	for _, name := range names {
		allowed.Types[name] = virtype.TypedParamUint
	}
	return values, allowed.Check(list)
}

// replace sets a setting that a caller gave.
func replace(setting *int, values map[string]uint32, name string) {
	if v, given := values[name]; given {
		*setting = int(v)
	}
}

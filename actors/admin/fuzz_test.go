package admin

import (
	"testing"

	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// FuzzParams decodes the parameters of a change and reads them: whatever comes is
// refused with an error of libvirt's or is a set of the numbers that were asked for.
func FuzzParams(f *testing.F) {
	good := adminprog.ServerSetClientLimitsArgs{Srv: named("main"), Params: []adminprog.TypedParam{param(clientsMax, 7), param(clientsUnauthMax, 3)}}
	f.Add(good.AppendXDR(nil))
	f.Add((&adminprog.ServerSetThreadpoolParametersArgs{Srv: named("main"), Params: []adminprog.TypedParam{textParam(workersMin)}}).AppendXDR(nil))
	f.Add([]byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		var args adminprog.ServerSetClientLimitsArgs
		d := xdr.NewDecoder(b)
		args.DecodeXDR(d)
		if d.Err() != nil {
			return
		}
		if len(args.Params) > adminprog.ServerClientLimitsMax {
			t.Fatalf("%d parameters", len(args.Params))
		}
		err := tooLong(args.Params)
		var values map[string]uint32
		if err == nil {
			values, err = counts(args.Params, clientsMax, clientsUnauthMax)
		}
		if err != nil {
			if virerr.From(virerr.FromNone, err).Message == "" {
				t.Fatal("an error without a word")
			}
			return
		}
		if len(values) != len(args.Params) {
			t.Fatalf("%+v were read as %v", args.Params, values)
		}
		for name := range values {
			if name != clientsMax && name != clientsUnauthMax {
				t.Fatalf("%s was let through", name)
			}
		}
	})
}

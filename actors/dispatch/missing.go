package dispatch

import (
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// unsupported decodes and checks the arguments as a handler would, then says
// that the driver lacks the function.
func unsupported(p *program.Procedure) func(c *Call, payload []byte) (xdr.Value, error) {
	return func(c *Call, payload []byte) (xdr.Value, error) {
		var args xdr.Value = new(Void)
		if p.Args != nil {
			args = p.Args()
		}
		d := xdr.NewDecoder(payload)
		args.DecodeXDR(d)
		if d.Err() != nil {
			return nil, virerr.New(virerr.FromRPC, virerr.RPC, "Unable to decode message payload")
		}
		if err := c.admit(args, false); err != nil {
			return nil, err
		}
		return nil, Unsupported(p)
	}
}

package dispatch

import (
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// missing are the handlers of procedures that nobody handles: after the same
// checks as any other, the driver lacks the function.
func missing(p *program.Program) []*Handler {
	handlers := make([]*Handler, len(p.Procedures))
	for i := range p.Procedures {
		if proc := &p.Procedures[i]; proc.Name != "" {
			handlers[i] = unsupported(p.ID, proc)
		}
	}
	return handlers
}

func unsupported(prog uint32, p *program.Procedure) *Handler {
	h := newHandler(prog, p, Inline)
	h.run = func(c *Call, payload []byte) (xdr.Value, error) {
		var args xdr.Value = new(Void)
		if p.Args != nil {
			args = p.Args()
		}
		d := xdr.NewDecoder(payload)
		args.DecodeXDR(d)
		if d.Err() != nil {
			return nil, virerr.New(virerr.FromRPC, virerr.RPC, "Unable to decode message payload")
		}
		if err := c.admit(args, h); err != nil {
			return nil, err
		}
		return nil, Unsupported(p)
	}
	return h
}

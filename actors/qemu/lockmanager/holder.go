package lockmanager

import (
	"context"
	"os"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/protocol/lockprog"
)

// Holder is what the process that is to become a machine needs, to be the one that
// virtlockd holds leases for.
type Holder struct {
	Socket string
	Owner  Owner // without the pid
}

// Holder describes it; nil where nothing is locked.
func (m *Manager) Holder(o Owner) *Holder {
	if m == nil {
		return nil
	}
	return &Holder{m.Daemon.Socket, o}
}

// Register connects this process and gives the connection, which must stay open as long
// as the machine runs: with its end, virtlockd frees what the owner has. Nobody can ask
// for anything through it any more.
func (h *Holder) Register(ctx context.Context) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := rpcclient.Dial(ctx, h.Socket)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	o := h.Owner
	o.PID = os.Getpid()
	if err := register(ctx, c, o); err != nil {
		return nil, err
	}
	if _, err := c.Call(ctx, &lockprog.Program, lockprog.ProcRestrict, &lockprog.RestrictArgs{}, nil); err != nil {
		return nil, err
	}
	return c.File()
}

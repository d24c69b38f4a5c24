package qemu

import (
	"context"
	"time"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// proberDelay lets the daemon answer its first clients before anything is probed.
const proberDelay = 50 * time.Millisecond

// prober asks the host's own QEMU what it can do before anybody wants to know, so that the first
// definition does not wait. What is known on the disk is only read.
type prober struct {
	act.Actor
	binary string
	get    func(ctx context.Context, binary string) error
}

type probeNow struct{}

func (d *Driver) newProber() gen.Behavior {
	return &prober{
		binary: defaultEmulator(d.processor.Arch()),
		get: func(ctx context.Context, binary string) error {
			_, err := d.binaries.Get(ctx, binary)
			return err
		},
	}
}

// Init returns at once.
func (b *prober) Init(p *gen.Process) error {
	if b.binary != "" {
		p.SendAfter(proberDelay, probeNow{})
	}
	return nil
}

// HandleMessage starts the probing and ends the process after it. That it failed is told to who wants to
// know what the binary can do: that asks again.
func (b *prober) HandleMessage(p *gen.Process, msg any) error {
	switch msg.(type) {
	case probeNow:
		return p.Go("probe", func(ctx context.Context) error {
			_ = b.get(ctx, b.binary)
			return nil
		})
	case gen.MetaExit:
		return gen.Normal
	}
	return nil
}

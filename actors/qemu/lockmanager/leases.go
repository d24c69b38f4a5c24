package lockmanager

import (
	"context"
	"errors"

	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Check wants virtlockd to be there, and a document to have the leases that
// qemu-lockd.conf asks for.
func (m *Manager) Check(ctx context.Context, d *domain.Domain) error {
	if m == nil {
		return nil
	}
	if _, err := m.ofDomain(ctx, d); err != nil {
		return err
	}
	_, c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	c.close()
	return nil
}

// Acquire gets all leases of a machine, or none.
func (m *Manager) Acquire(ctx context.Context, o Owner, d *domain.Domain) error {
	if m == nil {
		return nil
	}
	all, err := m.ofDomain(ctx, d)
	if err != nil {
		return err
	}
	return m.acquire(ctx, o, all)
}

// Release gives all leases of a machine back, as far as it has them.
func (m *Manager) Release(ctx context.Context, o Owner, d *domain.Domain) error {
	if m == nil {
		return nil
	}
	all, err := m.ofDomain(ctx, d)
	if err != nil {
		return err
	}
	return m.release(ctx, o, all)
}

// Free sees to it that a machine which has ended has no leases. The virtlockd that it was
// registered with frees them by itself; one that was started later than the machine, in
// that tick of the kernel's clock, may have lost that connection.
func (m *Manager) Free(ctx context.Context, o Owner, d *domain.Domain, started uint64) error {
	if m == nil {
		return nil
	}
	if since, err := m.Since(); err == nil && since <= started {
		return nil
	}
	err := m.Release(ctx, o, d)
	if errors.Is(err, virerr.Kind(virerr.ResourceBusy)) {
		return nil // they are not held
	}
	return err
}

func (m *Manager) acquire(ctx context.Context, o Owner, all []resource) error {
	ctx, c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := register(ctx, c.Client, o); err != nil {
		return err
	}
	for i, r := range all {
		err := c.call(ctx, lockprog.ProcAcquireResource, &lockprog.AcquireResourceArgs{Path: r.space, Name: r.name, Flags: r.flags})
		if err == nil {
			continue
		}
		// What a paused machine has left of a try would be in the way of the next.
		for _, got := range all[:i] {
			_ = giveBack(ctx, c, got) // the first error is the one to tell
		}
		return err
	}
	return nil
}

func (m *Manager) release(ctx context.Context, o Owner, all []resource) error {
	if len(all) == 0 {
		return nil
	}
	ctx, c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := register(ctx, c.Client, o); err != nil {
		return err
	}
	var failed []error
	for _, r := range all {
		failed = append(failed, giveBack(ctx, c, r))
	}
	return errors.Join(failed...)
}

func giveBack(ctx context.Context, c *connection, r resource) error {
	return c.call(ctx, lockprog.ProcReleaseResource, &lockprog.ReleaseResourceArgs{Path: r.space, Name: r.name})
}

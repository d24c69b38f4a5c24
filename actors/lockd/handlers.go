package lockd

import (
	"errors"
	"io/fs"
	"os"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
)

type void = dispatch.Void

// table makes the program. Calls of a client keep their order, so that none is
// Inline; those that wait for no other host run where they are read.
func (s *Service) table() *dispatch.Table {
	t := dispatch.NewTable(&lockprog.Program)
	dispatch.Handle(t, lockprog.ProcRegister, dispatch.Worker, s.register)
	dispatch.Handle(t, lockprog.ProcRestrict, dispatch.Worker, s.restrict)
	dispatch.Handle(t, lockprog.ProcNew, dispatch.Worker, s.newLockspace)
	dispatch.Handle(t, lockprog.ProcCreateResource, dispatch.Worker, s.createResource)
	dispatch.Handle(t, lockprog.ProcDeleteResource, dispatch.Worker, s.deleteResource)
	dispatch.Handle(t, lockprog.ProcAcquireResource, dispatch.Worker, s.acquireResource)
	dispatch.Handle(t, lockprog.ProcReleaseResource, dispatch.Worker, s.releaseResource)
	dispatch.Handle(t, lockprog.ProcCreateLockspace, dispatch.Worker, s.createLockspace)
	always := func([]byte) bool { return true }
	t.Brief(lockprog.ProcRegister, always)
	t.Brief(lockprog.ProcRestrict, always)
	for _, proc := range []int32{
		lockprog.ProcCreateResource, lockprog.ProcDeleteResource, lockprog.ProcAcquireResource, lockprog.ProcReleaseResource,
	} {
		t.Brief(proc, s.locks.brief)
	}
	return t
}

func (s *Service) register(c *dispatch.Call, a *lockprog.RegisterArgs) (*void, error) {
	if err := checkFlags(a.Flags, 0, "virLockSpaceProtocolDispatchRegister"); err != nil {
		return nil, err
	}
	k, err := s.allowed(c, false)
	if err != nil {
		return nil, err
	}
	if a.Owner.ID == 0 {
		return nil, errUnregistered()
	}
	who := owner{PID: int(int32(a.Owner.Pid)), ID: a.Owner.ID, Name: a.Owner.Name, UUID: uuid.UUID(a.Owner.UUID)}
	who.Start = started(who.PID)
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	k.owner, k.registered = who, true
	return nil, nil
}

func (s *Service) restrict(c *dispatch.Call, a *lockprog.RestrictArgs) (*void, error) {
	if err := checkFlags(a.Flags, 0, "virLockSpaceProtocolDispatchRestrict"); err != nil {
		return nil, err
	}
	k, err := s.allowed(c, true)
	if err != nil {
		return nil, err
	}
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	k.restricted = true
	return nil, nil
}

func (s *Service) newLockspace(c *dispatch.Call, a *lockprog.NewArgs) (*void, error) {
	if err := checkFlags(a.Flags, 0, "virLockSpaceProtocolDispatchNew"); err != nil {
		return nil, err
	}
	if _, err := s.allowed(c, true); err != nil {
		return nil, err
	}
	if a.Path == "" {
		return nil, rpcError(virerr.OperationInvalid, "the default lockspace already exists")
	}
	if s.locks.find(a.Path) != nil {
		return nil, rpcError(virerr.InternalError, "Lockspace for path %s already exists", a.Path)
	}
	return nil, s.makeLockspace(c, a.Path)
}

// createLockspace is for those who do not care whether it is there already.
func (s *Service) createLockspace(c *dispatch.Call, a *lockprog.CreateLockSpaceArgs) (*void, error) {
	if _, err := s.allowed(c, false); err != nil {
		return nil, err
	}
	if s.locks.find(a.Path) != nil {
		return nil, nil
	}
	return nil, s.makeLockspace(c, a.Path)
}

func (s *Service) makeLockspace(c *dispatch.Call, dir string) error {
	return c.Wait(func() error {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return virerr.New(virerr.FromLockspace, virerr.InternalError, "Lockspace location %s exists, but is not a directory", dir)
		case errors.Is(err, fs.ErrNotExist):
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return systemError(err, "Unable to create lockspace %s", dir)
			}
		case err != nil:
			return systemError(err, "Unable to create lockspace %s", dir)
		}
		s.locks.add(dir)
		return nil
	})
}

// within gives the client and the lockspace of a call on a resource.
func (s *Service) within(c *dispatch.Call, dir string) (*client, *space, error) {
	k, err := s.allowed(c, true)
	if err != nil {
		return nil, nil, err
	}
	space := s.locks.find(dir)
	if space == nil {
		return nil, nil, rpcError(virerr.InternalError, "Lockspace for path %s does not exist", dir)
	}
	return k, space, nil
}

func (s *Service) createResource(c *dispatch.Call, a *lockprog.CreateResourceArgs) (*void, error) {
	if err := checkFlags(a.Flags, 0, "virLockSpaceProtocolDispatchCreateResource"); err != nil {
		return nil, err
	}
	_, space, err := s.within(c, a.Path)
	if err != nil {
		return nil, err
	}
	return nil, c.Wait(func() error { return s.locks.create(c, space, a.Name) })
}

func (s *Service) deleteResource(c *dispatch.Call, a *lockprog.DeleteResourceArgs) (*void, error) {
	if err := checkFlags(a.Flags, 0, "virLockSpaceProtocolDispatchDeleteResource"); err != nil {
		return nil, err
	}
	_, space, err := s.within(c, a.Path)
	if err != nil {
		return nil, err
	}
	return nil, c.Wait(func() error { return s.locks.remove(c, space, a.Name) })
}

func (s *Service) acquireResource(c *dispatch.Call, a *lockprog.AcquireResourceArgs) (*void, error) {
	if err := checkFlags(a.Flags, shared|autocreate, "virLockSpaceProtocolDispatchAcquireResource"); err != nil {
		return nil, err
	}
	k, space, err := s.within(c, a.Path)
	if err != nil {
		return nil, err
	}
	return nil, c.Wait(func() error { return s.locks.acquire(c, k, space, a.Name, a.Flags) })
}

func (s *Service) releaseResource(c *dispatch.Call, a *lockprog.ReleaseResourceArgs) (*void, error) {
	if err := checkFlags(a.Flags, 0, "virLockSpaceProtocolDispatchReleaseResource"); err != nil {
		return nil, err
	}
	k, space, err := s.within(c, a.Path)
	if err != nil {
		return nil, err
	}
	s.locks.mu.Lock()
	pid := k.owner.PID
	s.locks.mu.Unlock()
	return nil, c.Wait(func() error { return s.locks.release(c, space, a.Name, pid) })
}

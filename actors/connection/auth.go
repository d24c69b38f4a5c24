package connection

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
)

// authList offers what the client still needs. Where that is polkit, asking is
// enough for root, as in libvirt, and here for the daemon's own user.
func (s *Service) authList(c *dispatch.Call, _ *dispatch.Void) (*remote.AuthListRet, error) {
	if c.Session.Demanded() == dispatch.AuthPolkit && privileged(c.Session.Identity()) {
		c.Session.Authenticate()
	}
	need := dispatch.AuthNone
	if !c.Session.Authenticated() {
		need = c.Session.Demanded()
	}
	return &remote.AuthListRet{Types: []int32{int32(need)}}, nil
}

// errAuth is what clients get that try a kind of authentication which was not offered.
func errAuth() error {
	return virerr.New(virerr.FromRPC, virerr.AuthFailed, "authentication failed")
}

// The actions that a policy allows or does not.
const (
	actionMonitor = "org.libvirt.unix.monitor"
	actionManage  = "org.libvirt.unix.manage"
)

// authPolkit asks the policy, which may ask the user: no worker is held up by that.
func (s *Service) authPolkit(c *dispatch.Call, _ *dispatch.Void) (*remote.AuthPolkitRet, error) {
	if s.policy == nil || c.Session.Demanded() != dispatch.AuthPolkit || c.Session.Authenticated() {
		return nil, errAuth()
	}
	action := actionManage
	if c.Session.ReadOnly() {
		action = actionMonitor
	}
	err := c.Wait(func() error { return s.policy.Allow(c.Context, c.Session.Identity(), action) })
	if err != nil {
		return nil, err
	}
	c.Session.Authenticate()
	return &remote.AuthPolkitRet{Complete: 1}, nil
}

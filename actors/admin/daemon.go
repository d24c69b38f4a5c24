package admin

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/adminprog"
)

func (s *Service) setTimeout(_ *dispatch.Call, a *adminprog.ConnectSetDaemonTimeoutArgs) (*dispatch.Void, error) {
	if err := checkFlags("adminConnectSetDaemonTimeout", a.Flags); err != nil {
		return nil, err
	}
	s.Daemon.SetTimeout(a.Timeout)
	return nil, nil
}

// shutdown ends the daemon. The flag that asks to save or suspend machines first
// is refused like an unknown one: nothing here does that yet.
func (s *Service) shutdown(_ *dispatch.Call, a *adminprog.ConnectDaemonShutdownArgs) (*dispatch.Void, error) {
	if err := checkFlags("adminConnectDaemonShutdown", a.Flags); err != nil {
		return nil, err
	}
	s.Daemon.Quit()
	return nil, nil
}

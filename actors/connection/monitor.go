package connection

import (
	"regexp"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/virerr"
)

// The flags of virConnectDomainQemuMonitorEventRegister.
const (
	monitorRegex  = 1
	monitorNoCase = 2
)

// stateRegister is what libvirt calls its function that keeps the subscriptions.
const stateRegister = "virDomainQemuMonitorEventStateRegisterID"

// maxPattern bounds the name or expression of monitor events, in bytes.
const maxPattern = 4096

func (s *Service) monitorRegister(c *dispatch.Call, a *qemuprog.ConnectDomainMonitorEventRegisterArgs) (*qemuprog.ConnectDomainMonitorEventRegisterRet, error) {
	if !c.Session.Opened() {
		return nil, dispatch.NotOpen(program.Hypervisor)
	}
	match, err := monitorMatch(a.Event, a.Flags)
	if err != nil {
		return nil, err
	}
	sub := &events.Subscription{Kind: events.Monitor, Object: domainKey(a.Dom), Match: match, Sink: c.Session.Peer, Screen: s.screen(c.Session, events.Monitor)}
	s.of(c.Session).add(sub)
	return &qemuprog.ConnectDomainMonitorEventRegisterRet{CallbackID: sub.Callback}, nil
}

// monitorMatch makes the expression for the names of events, nil for all.
func monitorMatch(event *string, flags uint32) (*regexp.Regexp, error) {
	if flags&^(monitorRegex|monitorNoCase) != 0 {
		return nil, virerr.Argument(virerr.FromNone, stateRegister, "flags",
			"unsupported flags (0x%x) in function %s", flags&^(monitorRegex|monitorNoCase), stateRegister)
	}
	if event == nil {
		return nil, nil
	}
	pattern := *event
	if len(pattern) > maxPattern {
		return nil, virerr.New(virerr.FromNone, virerr.InvalidArg, "event name is longer than %d bytes", maxPattern)
	}
	if flags&monitorRegex == 0 {
		pattern = "^" + regexp.QuoteMeta(pattern) + "$"
	}
	if flags&monitorNoCase != 0 {
		pattern = "(?i)" + pattern
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, virerr.New(virerr.FromNone, virerr.InvalidArg, "failed to compile regex '%s': %v", *event, err)
	}
	return re, nil
}

func (s *Service) monitorDeregister(c *dispatch.Call, a *qemuprog.ConnectDomainMonitorEventDeregisterArgs) (*dispatch.Void, error) {
	return s.unsubscribe(c, events.Monitor, a.CallbackID)
}

package connection

import (
	"context"
	"sync"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/xdr"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/supervisor/act"
)

const (
	// screeners is how many sessions' events are asked about at once.
	screeners = 8
	// screened is how many events of a session may wait for an answer; more are missed.
	screened = 4096
	// screenedAtOnce is how many are asked about in one go.
	screenedAtOnce = 64
)

// screen keeps back the events of objects that a session may not know of. The
// others are delivered in their order.
type screen struct {
	session *dispatch.Session
	pool    *act.Pool
	ctx     context.Context // ends with the session

	mu      sync.Mutex
	waiting []event
	running bool
}

// event waits for an answer.
type event struct {
	object  string
	details map[string]string
	deliver func()
}

type screenKey struct{}

// screen gives the screen of a session for events of a kind, nil where nothing
// is asked.
func (s *Service) screen(c *dispatch.Session, k events.Kind) func(xdr.Value, func()) {
	if !c.Guarded() {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	kept, made := c.ValueOr(screenKey{}, &screen{session: c, pool: s.screens, ctx: ctx})
	if made {
		c.OnEnd(cancel)
	} else {
		cancel()
	}
	screen, object := kept.(*screen), screenedObjects[k]
	return func(msg xdr.Value, deliver func()) {
		if details := detailsOf(dispatch.Named(object, msg)); details != nil {
			screen.add(event{object, details, deliver})
		}
	}
}

// screenedObjects are what the kinds are about, in the words of permissions.
var screenedObjects = map[events.Kind]string{
	events.Domain: "domain", events.Monitor: "domain", events.Network: "network", events.StoragePool: "storage_pool",
	events.NodeDevice: "node_device", events.Secret: "secret",
}

// secretUsages are what a secret is for, by the number of its usage.
var secretUsages = map[int32]string{
	1: "secret_usage_volume", 2: "secret_usage_ceph", 3: "secret_usage_target", 4: "secret_usage_name",
}

// detailsOf tells of an object what its event says, which is the driver's word.
func detailsOf(named any) map[string]string {
	switch o := named.(type) {
	case *remote.NonnullDomain:
		return map[string]string{"domain_name": o.Name, "domain_uuid": uuidText(o.UUID)}
	case *remote.NonnullNetwork:
		return map[string]string{"network_name": o.Name, "network_uuid": uuidText(o.UUID)}
	case *remote.NonnullStoragePool:
		return map[string]string{"pool_name": o.Name, "pool_uuid": uuidText(o.UUID)}
	case *remote.NonnullNodeDevice:
		return map[string]string{"node_device_name": o.Name}
	case *remote.NonnullSecret:
		details := map[string]string{"secret_uuid": uuidText(o.UUID)}
		if usage := secretUsages[o.UsageType]; usage != "" {
			details[usage] = o.UsageID
		}
		return details
	}
	return nil
}

func uuidText(u remote.UUID) string { return uuid.UUID(u).String() }

func (s *screen) add(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.waiting) >= screened || s.ctx.Err() != nil {
		return
	}
	s.waiting = append(s.waiting, e)
	if !s.running {
		s.running = s.pool.Submit(act.Job{Run: func(*act.Slot) { s.drain() }}) == nil
	}
}

// take gives the next events about objects of one kind.
func (s *screen) take() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < min(len(s.waiting), screenedAtOnce) && s.waiting[n].object == s.waiting[0].object {
		n++
	}
	list := s.waiting[:n]
	s.waiting = s.waiting[n:]
	s.running = n > 0
	return list
}

func (s *screen) drain() {
	for list := s.take(); len(list) > 0; list = s.take() {
		details := make([]map[string]string, len(list))
		for i, e := range list {
			details[i] = e.details
		}
		for i, yes := range s.session.Sees(s.ctx, list[0].object, details) {
			if yes {
				list[i].deliver()
			}
		}
	}
}

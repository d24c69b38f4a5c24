package lockd

import (
	"encoding/json"
	"errors"
	"io"
	"os"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
)

type clientKey struct{}

// client gives what stands behind a session.
func (s *Service) client(c *dispatch.Session) *client {
	l := s.locks
	l.mu.Lock()
	k, ok := c.Value(clientKey{}).(*client)
	if !ok {
		k = &client{pid: c.Identity().PID}
		c.SetValue(clientKey{}, k)
	}
	l.mu.Unlock()
	if !ok {
		c.OnEnd(func() { l.end(k) })
	}
	return k
}

// allowed gives the client of a call if it may make it: nobody may who was
// restricted, and most calls are for those who registered an owner.
func (s *Service) allowed(c *dispatch.Call, registered bool) (*client, error) {
	k := s.client(c.Session)
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	if k.restricted {
		return nil, rpcError(virerr.OperationDenied, "lock manager connection has been restricted")
	}
	if registered && !k.registered {
		return nil, errUnregistered()
	}
	return k, nil
}

func errUnregistered() error {
	return rpcError(virerr.OperationInvalid, "lock owner details have not been registered")
}

// frozenClient is a client in the form of libvirt's restart file.
type frozenClient struct {
	Restricted bool   `json:"restricted"`
	OwnerPID   uint32 `json:"ownerPid"`
	OwnerID    uint32 `json:"ownerId"`
	OwnerName  string `json:"ownerName"`
	OwnerUUID  string `json:"ownerUUID"`
	OwnerStart uint64 `json:"ownerStart,omitempty"` // ours
}

// FreezeSession implements rpc.Sessions.
func (s *Service) FreezeSession(c *dispatch.Session) (json.RawMessage, error) {
	k := s.client(c)
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	return json.Marshal(frozenClient{
		Restricted: k.restricted, OwnerPID: uint32(k.owner.PID), OwnerID: k.owner.ID,
		OwnerName: k.owner.Name, OwnerUUID: k.owner.UUID.String(), OwnerStart: k.owner.Start,
	})
}

// ThawSession implements rpc.Sessions. It understands libvirt's daemon as well,
// which has nothing to say of a client that did not register.
func (s *Service) ThawSession(c *dispatch.Session, state json.RawMessage) error {
	k := s.client(c)
	if len(state) == 0 {
		return nil
	}
	var f frozenClient
	if err := json.Unmarshal(state, &f); err != nil {
		return err
	}
	id, err := uuid.Parse(f.OwnerUUID)
	if err != nil && f.OwnerUUID != "" {
		return err
	}
	who := owner{PID: int(int32(f.OwnerPID)), ID: f.OwnerID, Name: f.OwnerName, UUID: id, Start: f.OwnerStart}
	if who.Start == 0 && who.ID != 0 {
		who.Start = started(who.PID)
	}
	s.locks.mu.Lock()
	defer s.locks.mu.Unlock()
	k.restricted, k.owner, k.registered = f.Restricted, who, f.OwnerID != 0
	if k.registered {
		s.locks.introduce(&who)
	}
	return nil
}

// introduce completes the entries of an owner of whom libvirt's daemon left
// nothing but the process number. l.mu is held.
func (l *locks) introduce(who *owner) {
	if l.held[who.PID] == 0 {
		return
	}
	l.all(func(r *resource) {
		for i := range r.owners {
			if o := &r.owners[i]; o.PID == who.PID && o.ID == 0 {
				o.ID, o.Name, o.UUID, o.Start = who.ID, who.Name, who.UUID, who.Start
				l.updateOrTell(r)
			}
		}
	})
}

// ThawStream implements rpc.Sessions.
func (*Service) ThawStream(string, json.RawMessage, *os.File) (io.ReadWriteCloser, error) {
	return nil, errors.New("the lock program has no streams")
}

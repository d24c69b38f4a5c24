package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/gen"
)

// ForeignClient is a client of a program that is not ours, on its way into this one.
type ForeignClient struct {
	ID                      uint64
	Since                   time.Time // zero: not known
	ReadOnly, Authenticated bool
	Session                 json.RawMessage // for Sessions.ThawSession
	Socket                  *os.File
}

// FreezeForeignSocket packs a listening socket as a listener of ours is.
func FreezeForeignSocket(readOnly, guarded, ours bool, socket *os.File) (gen.Frozen, error) {
	listens, err := sys.IsUNIXSocket(socket)
	if err == nil && !listens {
		err = errors.New("it does not listen")
	}
	if err != nil {
		return gen.Frozen{}, err
	}
	raw, err := json.Marshal(frozenListener{ReadOnly: readOnly, Guarded: guarded, Ours: ours})
	return gen.Frozen{Version: frozenVersion, State: raw, Files: map[string]syscall.Conn{"socket": socket}}, err
}

// ForeignLimits are those of a server of another program. As with libvirt's own
// successors they count before what the configuration says: somebody may have set
// them live.
type ForeignLimits struct{ MaxClients, MaxAnonymousClients uint }

// FreezeForeignClients packs clients as those of ours are; last is the number
// given last. A client that cannot be taken over is left out and told of.
func FreezeForeignClients(last uint64, limits ForeignLimits, clients []ForeignClient) (f gen.Frozen, notes []string) {
	state := frozenClients{LastID: last, Limits: changes{
		"max_clients": int(limits.MaxClients), "max_anonymous_clients": int(limits.MaxAnonymousClients),
	}}
	f = gen.Frozen{Version: frozenVersion, Files: map[string]syscall.Conn{}}
	for _, c := range clients {
		packed, err := c.freeze()
		if err != nil {
			notes = append(notes, fmt.Sprintf("client %d could not be taken over: %v", c.ID, err))
			c.Socket.Close()
			continue
		}
		f.Files[fmt.Sprintf("client.%d", c.ID)] = c.Socket
		state.Clients = append(state.Clients, packed)
	}
	raw, err := json.Marshal(state)
	if err != nil {
		return f, append(notes, err.Error())
	}
	f.State = raw
	return f, notes
}

func (c ForeignClient) freeze() (f frozenClient, err error) {
	listens, err := sys.IsUNIXSocket(c.Socket)
	if err == nil && listens {
		err = errors.New("it listens")
	}
	if err != nil {
		return f, err
	}
	conn, err := c.Socket.SyscallConn()
	if err != nil {
		return f, err
	}
	who := dispatch.Nobody()
	if who.PID, who.UID, who.GID, err = sys.Credentials(conn); err != nil {
		return f, err
	}
	if c.Since.IsZero() {
		c.Since = time.Now()
	}
	return frozenClient{
		ID: c.ID, Since: c.Since, Identity: who, ReadOnly: c.ReadOnly, Authenticated: c.Authenticated, Session: c.Session,
	}, nil
}

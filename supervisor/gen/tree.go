package gen

import (
	"fmt"
	"time"
)

// slow is how long a handler may hold a message before the observer flags it.
const slow = 5 * time.Second

// inspectWait is how long the observer waits for a process's own page.
const inspectWait = 100 * time.Millisecond

// Node is a process as the observer shows it.
type Node struct {
	PID      PID               `json:"pid"`
	Name     string            `json:"name"`
	State    string            `json:"state"`
	Mailbox  int               `json:"mailbox"`
	InHand   string            `json:"in_hand,omitempty"`
	HeldFor  time.Duration     `json:"held_for_ns,omitempty"`
	Slow     bool              `json:"slow,omitempty"`
	WaitsFor string            `json:"waits_for,omitempty"`
	Restarts int               `json:"restarts,omitempty"`
	LastExit string            `json:"last_exit,omitempty"`
	Up       time.Duration     `json:"up_ns"`
	Inspect  map[string]string `json:"inspect,omitempty"`
	Metas    []string          `json:"metas,omitempty"`
	Children []Node            `json:"children,omitempty"`
}

// Tree gives all processes. With pages it asks each for its page, and leaves
// out those that do not answer at once.
func (s *System) Tree(pages bool) []Node {
	s.mu.RLock()
	roots := append([]*proc(nil), s.roots...)
	s.mu.RUnlock()
	nodes := make([]Node, 0, len(roots))
	for _, r := range roots {
		nodes = append(nodes, r.node(pages))
	}
	return nodes
}

func (p *proc) node(pages bool) Node {
	n := Node{PID: p.pid, Name: p.child.Name, Mailbox: p.box.depth(), Up: time.Since(p.started)}
	p.sys.waits.Lock()
	if p.waitsFor != nil {
		n.WaitsFor = p.waitsFor.path
	}
	p.sys.waits.Unlock()
	p.mu.Lock()
	n.State = State(p.state.Load()).String()
	n.Restarts = p.restarts
	if p.lastExit != nil {
		n.LastExit = p.lastExit.Error()
	}
	if p.inHand != nil {
		n.InHand, n.HeldFor = describe(p.inHand), time.Since(p.since)
		n.Slow = n.HeldFor > slow
	}
	for _, m := range p.metas {
		n.Metas = append(n.Metas, m.name)
	}
	children := append([]*proc(nil), p.children...)
	p.mu.Unlock()
	if pages && n.InHand == "" {
		n.Inspect = p.inspect()
	}
	for _, c := range children {
		n.Children = append(n.Children, c.node(pages))
	}
	return n
}

func describe(m any) string {
	if c, ok := m.(callMsg); ok {
		return fmt.Sprintf("call %T", c.req)
	}
	return fmt.Sprintf("%T", m)
}

func (p *proc) inspect() map[string]string {
	reply := make(chan map[string]string, 1)
	if p.box.put(laneUrgent, inspectMsg{reply}) != nil {
		return nil
	}
	t := time.NewTimer(inspectWait)
	defer t.Stop()
	select {
	case page := <-reply:
		return page
	case <-p.done:
	case <-t.C:
	}
	return nil
}

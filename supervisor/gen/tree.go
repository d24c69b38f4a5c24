package gen

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
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
	Metas    []Item            `json:"metas,omitempty"`
	Held     []Item            `json:"held,omitempty"`
	Children []Node            `json:"children,omitempty"`
}

// Item is something that belongs to a process: a meta process, a job, or what
// a Holder holds.
type Item struct {
	Name string        `json:"name"`
	Info string        `json:"info,omitempty"` // what it says of itself
	Up   time.Duration `json:"up_ns"`
}

// Holder is a Behavior that holds what is no process, such as the connections
// that one thread reads from. Held is called by the observer's goroutine at any time.
type Holder interface{ Held() []Item }

// Tree gives all processes, those that did not stop in their time last. With
// pages it asks each for its page, and leaves out those that do not answer at once.
func (s *System) Tree(pages bool) []Node {
	s.mu.RLock()
	procs := slices.Concat(s.roots, slices.SortedFunc(maps.Keys(s.stuck), func(a, b *proc) int { return cmp.Compare(a.pid, b.pid) }))
	s.mu.RUnlock()
	nodes := make([]Node, 0, len(procs))
	for _, p := range procs {
		nodes = append(nodes, p.node(pages))
	}
	return nodes
}

func (p *proc) node(pages bool) Node {
	n := Node{PID: p.pid, Name: p.child.Name, Mailbox: p.box.depth(), Up: time.Since(p.started)}
	if p.ended() {
		n.Name = p.path // it hangs nowhere any more
	}
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
	metas := slices.SortedFunc(maps.Keys(p.metas), func(a, b *metaProc) int { return a.started.Compare(b.started) })
	children := slices.Clone(p.children)
	p.mu.Unlock()
	for _, m := range metas {
		n.Metas = append(n.Metas, m.item())
	}
	if h, ok := p.behavior.(Holder); ok {
		n.Held = h.Held()
	}
	if pages && n.InHand == "" && !p.ended() {
		n.Inspect = p.inspect()
	}
	for _, c := range children {
		n.Children = append(n.Children, c.node(pages))
	}
	return n
}

func (m *metaProc) item() Item {
	n := Item{Name: m.name, Up: time.Since(m.started)}
	if d, ok := m.meta.(Describer); ok {
		n.Info = d.Describe()
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
	page, _ := p.ask(inspectWait)
	return page
}

// ask gives a process's page; ok is false where it lives and does not answer.
func (p *proc) ask(wait time.Duration) (page map[string]string, ok bool) {
	reply := make(chan map[string]string, 1)
	if p.box.put(laneUrgent, inspectMsg{reply}) != nil {
		return nil, true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case page := <-reply:
		return page, true
	case <-p.done:
		return nil, true
	case <-t.C:
		return nil, false
	}
}

// Silent gives the paths of processes that do not answer within a time: of r, and
// of those with children at most depth levels below it.
func (s *System) Silent(r Ref, depth int, wait time.Duration) []string {
	p, err := r.proc()
	if err != nil {
		return nil // it has ended, which others hear of
	}
	if _, ok := p.ask(wait); !ok {
		return []string{p.path}
	}
	if depth == 0 {
		return nil
	}
	p.mu.Lock()
	children := slices.Clone(p.children)
	p.mu.Unlock()
	var silent []string
	for _, c := range children {
		c.mu.Lock()
		parent := len(c.children) > 0
		c.mu.Unlock()
		if parent {
			silent = append(silent, s.Silent(c.self(), depth-1, wait)...)
		}
	}
	return silent
}

package auth

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/config/polkit"
)

const (
	// patience is how long polkit may let a call wait for its next answer.
	patience = 25 * time.Second
	// window is how many questions of one call are with polkit at once: it works on
	// one at a time, and should find the next when it is done.
	window = 2
	// most is how many of all calls are: who comes next waits behind so many.
	most = 8
)

// Access is the access driver that asks polkit.
type Access struct {
	polkit *Polkit
	tokens chan struct{} // one a question that is with polkit
	log    *zap.Logger
}

// NewAccess asks over a connection of its own, which no person keeps waiting.
func NewAccess(log *zap.Logger) *Access { return newAccess(NewPolkit(), log) }

func newAccess(p *Polkit, log *zap.Logger) *Access {
	return &Access{polkit: p, tokens: make(chan struct{}, most), log: log}
}

// Allowed implements dispatch.Access. Where polkit cannot be asked, the rest is
// denied without asking.
func (a *Access) Allowed(ctx context.Context, who dispatch.Identity, questions []dispatch.Question) []bool {
	s := &survey{Access: a, ctx: ctx, who: who, questions: questions, answers: make([]bool, len(questions)), until: time.Now().Add(patience)}
	if who.ProcessTime == 0 {
		a.log.Error("polkit cannot be asked about a client of which it is not known which process it is and since when")
		return s.answers
	}
	var err error
	if s.client, err = a.polkit.subjectOf(who); err != nil {
		a.log.Error(err.Error())
		return s.answers
	}
	for i := range questions {
		if !s.room() || !s.ask(i) {
			break
		}
	}
	for len(s.asked) > 0 {
		s.collect()
	}
	return s.answers
}

// survey is a set of questions in hand.
type survey struct {
	*Access
	ctx       context.Context
	who       dispatch.Identity
	client    subject
	questions []dispatch.Question
	answers   []bool
	asked     []asked // oldest first
	failed    bool
	until     time.Time // when polkit has let the call wait too long
}

// asked is a question that is with polkit.
type asked struct {
	at     int
	id     string
	ctx    context.Context
	cancel context.CancelFunc
	reply  <-chan *dbus.Call
}

// room waits until another question may be asked. While it holds any of the
// tokens it waits for its own answers only, so that two surveys cannot wait for
// each other.
func (s *survey) room() bool {
	for !s.failed {
		if len(s.asked) < window {
			select {
			case s.tokens <- struct{}{}:
				return true
			default:
			}
		}
		if len(s.asked) == 0 {
			return s.wait()
		}
		s.collect()
	}
	return false
}

// wait waits for a token in turn with others.
func (s *survey) wait() bool {
	late := time.NewTimer(time.Until(s.until))
	defer late.Stop()
	select {
	case s.tokens <- struct{}{}:
		return true
	case <-late.C:
		s.fail("polkit has not answered others in time and was not asked; does polkitd hang?")
	case <-s.ctx.Done():
	}
	return false
}

// ask sends a question; it has a token.
func (s *survey) ask(at int) bool {
	q := &s.questions[at]
	k := asked{at: at, id: s.polkit.newID()}
	k.ctx, k.cancel = context.WithDeadline(s.ctx, s.until)
	k.reply = s.polkit.bus.Begin(k.ctx, checkCall, s.client, polkit.Action(q.Object, q.Permission), q.Details, uint32(0), k.id)
	s.asked = append(s.asked, k)
	return !s.failed
}

// collect takes the oldest answer.
func (s *survey) collect() {
	k := s.asked[0]
	s.asked = s.asked[1:]
	reply := <-k.reply
	gone := k.ctx.Err() != nil
	k.cancel()
	<-s.tokens
	q := &s.questions[k.at]
	action := polkit.Action(q.Object, q.Permission)
	answer, err := readAnswer(action, reply)
	switch {
	case gone:
		s.fail("polkit did not answer in time whether " + action + " is allowed; does polkitd hang?")
		s.polkit.takeBack(s.ctx, k.id)
	case err != nil:
		s.fail(err.Error())
	default:
		s.until = time.Now().Add(patience)
		s.answers[k.at] = answer.Authorized
		if !answer.Authorized {
			s.log.Info("polkit denies a client's action", zap.String("action", action), zap.Any("details", q.Details),
				zap.Int("pid", s.who.PID), zap.Int("uid", s.who.UID))
		}
	}
}

// fail ends the asking. Only the first reason is told, and none for a client that has gone.
func (s *survey) fail(why string) {
	if !s.failed && s.ctx.Err() == nil {
		s.log.Error(why)
	}
	s.failed = true
}

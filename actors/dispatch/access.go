package dispatch

import (
	"context"
	"reflect"

	"virtree.dev/protocol/virerr"
)

// Access decides what clients may do with objects.
type Access interface {
	// Allowed answers each question about a client. What cannot be answered is
	// denied; why is the log's business, not the client's.
	Allowed(ctx context.Context, who Identity, questions []Question) []bool
}

// Question is whether a client may do something with an object.
type Question struct {
	Object, Permission string // storage_vol, data_read
	Details            map[string]string
}

// Finder gives the details of the object that a call names, as it is known now:
// the client's own words may be another object's. An error is the call's.
type Finder func(named any) (map[string]string, error)

// DriverDetail is the detail that all questions have: whose connection it is.
const DriverDetail = "connect_driver"

// Find lets the table's handlers be asked about: f is called with what a call
// names its object by, a *remote.NonnullDomain or its like.
func (t *Table) Find(f Finder) *Table {
	t.find = f
	return t
}

// AsksItself leaves the questions of a procedure to its handler, which knows
// the object only later: it calls Ensure.
func (t *Table) AsksItself(procs ...int32) {
	for _, proc := range procs {
		t.handlers[proc].asksItself = true
	}
}

// Asks says whether a call of this session needs an answer of others first, and
// so cannot run on a reader.
func (h *Handler) Asks(s *Session) bool {
	return s.access != nil && h.table != nil && len(h.rules) > 0 && !h.always
}

// authorize asks what the call needs, unless the handler does later.
func (h *Handler) authorize(c *Call, args any) error {
	if !h.Asks(c.Session) {
		return nil
	}
	c.asked, c.args = h, args
	switch {
	case h.asksItself:
		return nil
	case h.rules[0].Object == "connect":
		return c.Ensure(nil)
	case h.named == nil || h.table.find == nil:
		return denied(c.Session.Driver()) // nobody can say which object it is
	}
	details, err := h.table.find(reflect.ValueOf(args).Elem().FieldByIndex(h.named).Addr().Interface())
	if err != nil {
		return err
	}
	return c.Ensure(details)
}

// Ensure gives libvirt's error unless the client may do what it calls for with
// the object of these details.
func (c *Call) Ensure(details map[string]string) error {
	if c.asked == nil || c.Session.access == nil {
		return nil
	}
	driver := c.Session.Driver()
	if named := details[DriverDetail]; named != "" {
		driver = named
	}
	var questions []Question
	for i := range c.asked.rules {
		if r := &c.asked.rules[i]; r.applies(c.args) {
			questions = append(questions, question(r.Object, r.Permission, driver, details))
		}
	}
	var answers []bool
	_ = c.Wait(func() error {
		answers = c.Session.access.Allowed(c.Context, c.Session.Identity(), questions)
		return nil
	})
	for i := range questions {
		if !answers[i] {
			return denied(driver)
		}
	}
	return nil
}

func question(object, permission, driver string, details map[string]string) Question {
	all := map[string]string{DriverDetail: driver}
	for name, text := range details {
		all[name] = text
	}
	return Question{object, permission, all}
}

// denied is what a client is told, which is not why.
func denied(driver string) error {
	return virerr.New(virerr.FromAccess, virerr.AccessDenied, "'%s' denied access", driver)
}

// Permitted leaves of a list what the client may see, by the procedure's filter.
func Permitted[T any](c *Call, list []T, details func(T) map[string]string) []T {
	if c.Session.access == nil || len(c.Proc.ACLFilter) == 0 {
		return list
	}
	rule := parseRule(c.Proc.ACLFilter[0])
	questions := make([]Question, len(list))
	for i, v := range list {
		questions[i] = question(rule.Object, rule.Permission, c.Session.Driver(), details(v))
	}
	var kept []T
	_ = c.Wait(func() error {
		for i, yes := range c.Session.access.Allowed(c.Context, c.Session.Identity(), questions) {
			if yes {
				kept = append(kept, list[i])
			}
		}
		return nil
	})
	return kept
}

// Guarded says whether what the session may do is asked of others.
func (s *Session) Guarded() bool { return s.access != nil }

// Sees answers for each object whether the client may know of it.
func (s *Session) Sees(ctx context.Context, object string, details []map[string]string) []bool {
	questions := make([]Question, len(details))
	for i, d := range details {
		questions[i] = question(object, "getattr", s.Driver(), d)
	}
	return s.access.Allowed(ctx, s.Identity(), questions)
}

// Unaskable are the procedures of a table whose object nobody can tell, so that
// all calls are denied where access is asked about: a mistake of the author.
func (t *Table) Unaskable() (names []string) {
	for num, h := range t.handlers {
		if h == nil || len(h.rules) == 0 || h.asksItself || h.rules[0].Object == "connect" {
			continue
		}
		if h.named == nil || t.find == nil {
			names = append(names, t.Program.Procedures[num].Name)
		}
	}
	return names
}

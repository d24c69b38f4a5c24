package domain

import (
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

func (p *parser) clock(n *xmltree.Node, c *Clock) {
	c.Offset = "utc"
	if v := n.Get("offset"); v != "" {
		if !slices.Contains(clockOffsets, v) {
			p.Unsupported("unknown clock offset '%s'", v)
		}
		c.Offset = v
	}
	switch c.Offset {
	case "utc", "localtime":
		p.clockReset(n, c)
	case "variable":
		p.clockVariable(n, c)
	case "timezone":
		if c.Timezone = n.Get("timezone"); c.Timezone == "" {
			p.Internal("missing 'timezone' attribute for clock with offset='timezone'")
		}
	case "absolute":
		v, ok := xmltree.ParseUint(n.Get("start"), 10, 64)
		if !ok {
			p.Internal("missing 'start' attribute for clock with offset='absolute'")
		}
		c.Start = v
	}
	for t := range n.Children("timer") {
		c.Timers = append(c.Timers, p.timer(t))
	}
}

// clockReset reads an adjustment to a plain clock, which makes it a variable one unless it is a reset.
func (p *parser) clockReset(n *xmltree.Node, c *Clock) {
	switch text := n.Get("adjustment"); text {
	case "":
	case "reset":
		c.Reset = true
	default:
		v, ok := xmltree.ParseInt(text, 10, 64)
		if !ok {
			p.XMLError("unknown clock adjustment '%s'", text)
		}
		c.Adjustment, c.Basis, c.Offset = v, c.Offset, "variable"
	}
}

func (p *parser) clockVariable(n *xmltree.Node, c *Clock) {
	c.Adjustment, _ = xmltree.ParseInt(n.Get("adjustment"), 10, 64)
	c.Adjustment0, _ = xmltree.ParseInt(n.Get("adjustment0"), 10, 64)
	c.Basis = "utc"
	if v := n.Get("basis"); v != "" {
		if !slices.Contains(clockBases, v) {
			p.Unsupported("unknown clock basis '%s'", v)
		}
		c.Basis = v
	}
}

func (p *parser) timer(n *xmltree.Node) Timer {
	t := Timer{
		Name:       p.Enum(n, "name", timerNames, xmltree.Required),
		Present:    p.YesNo(n, "present"),
		TickPolicy: p.Enum(n, "tickpolicy", timerTickPolicies, xmltree.Optional),
		Track:      p.Enum(n, "track", timerTracks, xmltree.Optional),
	}
	t.Frequency, _ = p.Ulong(n, "frequency", 10, xmltree.Optional)
	t.Mode = p.Enum(n, "mode", timerModes, xmltree.Optional)
	catchup := n.Child("catchup")
	t.Catchup.Threshold, _ = p.Ulong(catchup, "threshold", 10, xmltree.Optional)
	t.Catchup.Slew, _ = p.Ulong(catchup, "slew", 10, xmltree.Optional)
	t.Catchup.Limit, _ = p.Ulong(catchup, "limit", 10, xmltree.Optional)
	return t
}

// checkTimer refuses settings that a timer of that name does not have.
func (p *parser) checkTimer(t *Timer) {
	unsupported := func(what string) {
		p.Unsupported("timer %s doesn't support setting of timer %s", t.Name, what)
	}
	if (t.Name == "kvmclock" || t.Name == "hypervclock") && t.TickPolicy != "" {
		unsupported("tickpolicy")
	}
	if t.TickPolicy != "catchup" && t.Catchup != (TimerCatchup{}) {
		p.XMLError("setting of timer catchup policies is only supported with tickpolicy='catchup'")
	}
	if t.Name != "tsc" {
		if t.Frequency != 0 {
			unsupported("frequency")
		}
		if t.Mode != "" {
			unsupported("mode")
		}
	}
	if t.Name != "platform" && t.Name != "rtc" && t.Track != "" {
		unsupported("track")
	}
}

func formatClock(w *xmlout.Writer, c *Clock, o FormatOptions) {
	w.Start("clock")
	w.Attr("offset", c.Offset)
	switch c.Offset {
	case "utc", "localtime":
		if c.Reset {
			w.Attr("adjustment", "reset")
		}
	case "variable":
		w.IntAttr("adjustment", c.Adjustment)
		w.Attr("basis", c.Basis)
		if o.Status && c.Adjustment0 != 0 {
			w.IntAttr("adjustment0", c.Adjustment0)
		}
	case "timezone":
		w.Attr("timezone", c.Timezone)
	case "absolute":
		w.UintAttr("start", c.Start)
	}
	for i := range c.Timers {
		formatTimer(w, &c.Timers[i])
	}
	w.End()
}

func formatTimer(w *xmlout.Writer, t *Timer) {
	w.Start("timer")
	w.Attr("name", t.Name)
	w.OptAttr("present", t.Present.YesNo())
	w.OptAttr("tickpolicy", t.TickPolicy)
	w.OptAttr("track", t.Track)
	if t.Name == "tsc" {
		w.OptUintAttr("frequency", t.Frequency)
		w.OptAttr("mode", t.Mode)
	}
	w.Start("catchup")
	w.OptUintAttr("threshold", t.Catchup.Threshold)
	w.OptUintAttr("slew", t.Catchup.Slew)
	w.OptUintAttr("limit", t.Catchup.Limit)
	w.EndOrDrop()
	w.End()
}

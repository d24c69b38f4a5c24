package logging

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"virtree.dev/internal/pattern"
)

// Log is a daemon's log: what comes in by Logger goes out by the outputs.
type Log struct {
	version string
	levels  atomic.Pointer[levels]

	mu       sync.Mutex // held while outputs are written or exchanged
	sinks    []*sink
	stderr   *sink  // takes messages while there are no outputs
	standard string // what an empty set of outputs stands for, once known
}

// levels are the priorities of all sources, exchanged as a whole.
type levels struct {
	standard Priority
	filters  []filter
	lowest   Priority
	known    sync.Map // source -> Priority
}

// New gives a log that writes warnings and errors to stderr; version is the
// line that begins every output.
func New(version string) *Log {
	l := &Log{version: version}
	l.stderr = &sink{target: target{priority: Debug, dest: toStderr}, output: lineOutput{os.Stderr}}
	l.setLevels(Warning, nil)
	return l
}

// Logger gives the logger of a source, the name that filters match.
func (l *Log) Logger(source string) *zap.Logger {
	return zap.New(core{log: l}, zap.AddCaller(), zap.ErrorOutput(zapcore.AddSync(os.Stderr))).Named(source)
}

func (l *Log) setLevels(standard Priority, filters []filter) {
	v := &levels{standard: standard, filters: filters, lowest: standard}
	for _, f := range filters {
		v.lowest = min(v.lowest, f.priority)
	}
	l.levels.Store(v)
}

func (v *levels) of(source string) Priority {
	if p, ok := v.known.Load(source); ok {
		return p.(Priority)
	}
	p := v.standard
	for _, f := range v.filters {
		if pattern.Match(f.match, source) {
			p = f.priority
			break
		}
	}
	v.known.Store(source, p)
	return p
}

// Priority is the one for sources that no filter names.
func (l *Log) Priority() Priority { return l.levels.Load().standard }

// SetPriority sets the priority for sources that no filter names.
func (l *Log) SetPriority(p Priority) error {
	if !p.valid() {
		return invalid("Failed to set logging priority, argument '%d' is invalid", uint(p))
	}
	l.setLevels(p, l.levels.Load().filters)
	return nil
}

// Filters gives the filters as they would be written down.
func (l *Log) Filters() string {
	var words []string
	for _, f := range l.levels.Load().filters {
		words = append(words, fmt.Sprintf("%d:%s", f.priority, f.match))
	}
	return strings.Join(words, " ")
}

// FilterSettings gives the filters as SetFilters takes them; a + before a match
// is taken off there, so that one that begins with it keeps its own.
func (l *Log) FilterSettings() string {
	var words []string
	for _, f := range l.levels.Load().filters {
		words = append(words, fmt.Sprintf("%d:+%s", f.priority, f.match[1:len(f.match)-1]))
	}
	return strings.Join(words, " ")
}

// NumFilters is how many filters there are.
func (l *Log) NumFilters() int { return len(l.levels.Load().filters) }

// SetFilters replaces all filters; on an error the old ones stay.
func (l *Log) SetFilters(src string) error {
	filters, err := parseFilters(src)
	if err != nil {
		return err
	}
	l.setLevels(l.Priority(), filters)
	return nil
}

// Outputs gives the outputs as they would be written down.
func (l *Log) Outputs() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	words := make([]string, len(l.sinks))
	for i, s := range l.sinks {
		words[i] = s.target.String()
	}
	return strings.Join(words, " ")
}

// NumOutputs is how many outputs there are.
func (l *Log) NumOutputs() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sinks)
}

// SetOutputs replaces all outputs; on an error the old ones stay. No text asks
// for the daemon's own default.
func (l *Log) SetOutputs(src string) error {
	if src == "" {
		l.mu.Lock()
		src = l.standard
		l.mu.Unlock()
	}
	targets, err := parseOutputs(src)
	if err != nil {
		return err
	}
	return l.replace(targets)
}

func (l *Log) setStandard(src string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.standard = src
}

// Reopen opens every output again, so that a rotated file begins anew.
func (l *Log) Reopen() error {
	l.mu.Lock()
	targets := make([]target, len(l.sinks))
	for i, s := range l.sinks {
		targets[i] = s.target
	}
	l.mu.Unlock()
	return l.replace(targets)
}

func (l *Log) replace(targets []target) error {
	var sinks []*sink
	for _, t := range targets {
		s, err := open(t)
		if err != nil {
			closeAll(sinks)
			return err
		}
		sinks = append(sinks, s)
	}
	l.mu.Lock()
	old := l.sinks
	l.sinks = sinks
	l.mu.Unlock()
	closeAll(old)
	return nil
}

// Close gives the outputs up; later messages go to stderr.
func (l *Log) Close() error { return l.replace(nil) }

func closeAll(sinks []*sink) {
	for _, s := range sinks {
		s.close()
	}
}

func (l *Log) write(r *record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sinks := l.sinks
	if len(sinks) == 0 {
		sinks = []*sink{l.stderr}
	}
	for _, s := range sinks {
		if r.priority < s.priority {
			continue
		}
		if !s.greeted {
			l.greet(s, r)
		}
		s.write(r)
	}
}

// greet writes the two lines that begin every output of libvirt.
func (l *Log) greet(s *sink, r *record) {
	s.greeted = true
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	for _, text := range []string{"libvirt version: " + l.version, "hostname: " + host} {
		s.write(&record{time: r.time, priority: Info, source: "util.log", text: text})
	}
}

// core is the zap side of a Log.
type core struct {
	log   *Log
	extra []zapcore.Field
}

func (c core) Enabled(level zapcore.Level) bool {
	return priorityOf(level) >= c.log.levels.Load().lowest
}

func (c core) With(fields []zapcore.Field) zapcore.Core {
	return core{log: c.log, extra: append(c.extra[:len(c.extra):len(c.extra)], fields...)}
}

func (c core) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if priorityOf(e.Level) >= c.log.levels.Load().of(e.LoggerName) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.log.write(newRecord(e, append(c.extra[:len(c.extra):len(c.extra)], fields...)))
	return nil
}

func (c core) Sync() error { return nil }

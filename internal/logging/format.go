package logging

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
)

const timeLayout = "2006-01-02 15:04:05.000-0700"

// record is a message on its way to the outputs.
type record struct {
	time     time.Time
	priority Priority
	source   string
	function string
	file     string
	line     int
	text     string
	fields   map[string]any
}

func newRecord(e zapcore.Entry, fields []zapcore.Field) *record {
	r := &record{time: e.Time, priority: priorityOf(e.Level), source: e.LoggerName, text: e.Message}
	if e.Caller.Defined {
		r.function = functionName(e.Caller.Function)
		r.file, r.line = shortFile(e.Caller.File), e.Caller.Line
	}
	if len(fields) > 0 {
		enc := zapcore.NewMapObjectEncoder()
		for _, f := range fields {
			f.AddTo(enc)
		}
		r.fields = enc.Fields
	}
	return r
}

func priorityOf(l zapcore.Level) Priority {
	switch {
	case l < zapcore.InfoLevel:
		return Debug
	case l == zapcore.InfoLevel:
		return Info
	case l == zapcore.WarnLevel:
		return Warning
	}
	return Error
}

// functionName drops the import path and the pointer of a method.
func functionName(full string) string {
	if i := strings.LastIndexByte(full, '/'); i >= 0 {
		full = full[i+1:]
	}
	return strings.NewReplacer("(*", "", ")", "").Replace(full)
}

// shortFile keeps the folder and the file: where the rest was built is nobody's business.
func shortFile(path string) string {
	dir, file := filepath.Split(path)
	return filepath.Join(filepath.Base(dir), file)
}

// appendBody writes the line after its time stamp, the part that syslog gets too.
func (r *record) appendBody(b []byte) []byte {
	b = strconv.AppendInt(b, int64(os.Getpid()), 10)
	b = append(b, ": "...)
	b = append(b, r.priority.String()...)
	b = append(b, " : "...)
	if r.function != "" {
		b = fmt.Appendf(b, "%s:%d : ", r.function, r.line)
	}
	b = append(b, r.text...)
	if err, ok := r.fields["error"]; ok {
		b = fmt.Appendf(b, ": %v", err)
	}
	return append(b, '\n')
}

func (r *record) appendLine(b []byte) []byte {
	b = r.time.UTC().AppendFormat(b, timeLayout)
	b = append(b, ": "...)
	return r.appendBody(b)
}

// journalFields are those that libvirt gives; whatever else a message carries
// stands under LIBVIRT_ and its name, as LIBVIRT_DOMAIN and LIBVIRT_CODE do.
func (r *record) journalFields() map[string]string {
	m := map[string]string{
		"SYSLOG_FACILITY": "3",
		"LIBVIRT_SOURCE":  r.source,
	}
	if r.function != "" {
		m["CODE_FILE"] = r.file
		m["CODE_LINE"] = strconv.Itoa(r.line)
		m["CODE_FUNC"] = r.function
	}
	for k, v := range r.fields {
		m["LIBVIRT_"+strings.ToUpper(k)] = fmt.Sprint(v)
	}
	return m
}

package logging

import (
	"fmt"
	"net"
)

// syslogSocket is where the host's syslog listens.
const syslogSocket = "/dev/log"

// daemonFacility is syslog's for daemons, shifted to its place.
const daemonFacility = 3 << 3

// syslogOutput writes to syslog as the C library does: it connects with the
// first message, and a message that nobody takes is gone.
type syslogOutput struct {
	socket, ident string
	conn          net.Conn
}

func (o *syslogOutput) write(r *record) {
	b := fmt.Appendf(nil, "<%d>%s %s: ", daemonFacility|r.priority.severity(), r.time.Local().Format("Jan _2 15:04:05"), o.ident)
	b = r.appendBody(b)
	// A syslog that was restarted has another socket behind the same name.
	if !o.send(b) {
		o.send(b)
	}
}

// send says whether the message went out.
func (o *syslogOutput) send(b []byte) bool {
	if o.conn == nil {
		o.conn = dialSyslog(o.socket)
	}
	if o.conn == nil {
		return false
	}
	if _, err := o.conn.Write(b); err != nil {
		o.close()
		return false
	}
	return true
}

func dialSyslog(path string) net.Conn {
	for _, network := range []string{"unixgram", "unix"} {
		if c, err := net.Dial(network, path); err == nil {
			return c
		}
	}
	return nil
}

func (o *syslogOutput) close() {
	if o.conn != nil {
		_ = o.conn.Close()
		o.conn = nil
	}
}

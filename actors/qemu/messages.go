package qemu

import (
	"encoding/json"
	"os"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"

	xml "virtree.dev/protocol/xml/domain"
)

// Calls to a domain's process. All come from workers, which hold a job for what changes something.
type (
	// begin asks for a job; the reply is its token, and may take until Patience is over.
	begin struct {
		gen.Returns[uint64]
		Job      domain.Job
		Patience time.Duration
	}
	// execute runs a command in the monitor; the reply is what QEMU returned.
	execute struct {
		gen.Returns[json.RawMessage]
		Command qmp.Command
		Files   []*os.File
		First   domain.Message // what the core must know before; or nil
	}
	// define takes a definition, writes it and publishes it.
	define struct {
		gen.Returns[*domain.Object]
		Def *xml.Domain
		// Live is the document of the running machine when that changes as well.
		Live *xml.Domain
		// Silent leaves out the event, for changes that libvirt does not tell of.
		Silent bool
	}
	// undefine takes the definition away; without a machine the domain is gone with it.
	undefine struct {
		gen.Returns[struct{}]
		Flags uint32
	}
	// setAutostart makes or removes an autostart link: the lasting one, or that of the next time.
	setAutostart struct {
		gen.Returns[struct{}]
		On, Once bool
	}
	// agentTimeout keeps how long the guest's agent may take, for this machine or the next.
	agentTimeout struct {
		gen.Returns[struct{}]
		Seconds int
	}
	// rename gives an inactive domain another name; the store has reserved it.
	rename struct {
		gen.Returns[*domain.Object]
		Name string
	}
	// launch says that a machine is about to be made, as Status says.
	launch struct {
		gen.Returns[*domain.Object]
		Status *domstatus.Status
	}
	// attach takes hold of the machine's process; the reply comes when its monitor is ready.
	attach struct {
		gen.Returns[struct{}]
		PID int
	}
	// update replaces what is known of the machine.
	update struct {
		gen.Returns[*domain.Object]
		Change func(*domstatus.Status)
	}
	// launched says that the machine is complete.
	launched struct {
		gen.Returns[*domain.Object]
		Paused bool
	}
	// abandon undoes a launch.
	abandon struct{ gen.Returns[struct{}] }
	// stop ends the machine; the reply comes when it is gone.
	stop struct {
		gen.Returns[struct{}]
		Reason   domain.Reason
		Graceful bool
	}
	// discard lets go of a domain that was claimed and has become nothing.
	discard struct{ gen.Returns[struct{}] }
	// lease acquires the machine's leases, or releases them; the reply comes when that is done.
	lease struct {
		gen.Returns[struct{}]
		Wanted bool
	}
	// look publishes anew what is on the disk.
	look struct{ gen.Returns[struct{}] }
	// tell gives a message to the core.
	tell struct {
		gen.Returns[*domain.Object]
		Message domain.Message
	}
)

// Casts to a domain's process.
type (
	// goodbye is a domain's own end.
	goodbye struct{}
	// end gives a job back.
	end struct{ Token uint64 }
	// lostPatience ends the wait for a job.
	lostPatience struct{ Token uint64 }
	// monitorRead is what QEMU wrote. Generation tells of which connection.
	monitorRead struct {
		Generation int
		Bytes      []byte
	}
	// monitorLost is the end of a connection.
	monitorLost struct {
		Generation int
		Err        error
	}
	// leased is the end of what was asked of the lock manager.
	leased struct{ Err error }
	// processGone is the end of the machine's process.
	processGone struct{ PID int }
	// killHarder is the end of a grace; the last one spares nobody.
	killHarder struct {
		PID  int
		Last bool
	}
	// unanswered says that somebody gave up waiting for the monitor.
	unanswered struct{}
	// reopen ends the wait before a monitor is tried again.
	reopen struct{ PID int }
	// overdue ends the wait for a monitor's last words.
	overdue struct{ PID int }
)

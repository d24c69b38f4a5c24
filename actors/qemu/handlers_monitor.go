package qemu

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domstatus"
)

func (d *Driver) qemuTable() *dispatch.Table {
	t := dispatch.NewTable(&qemuprog.Program).Find(d.findDomain)
	dispatch.Handle(t, qemuprog.ProcDomainMonitorCommand, dispatch.Worker, d.monitorCommand)
	dispatch.Handle(t, qemuprog.ProcDomainMonitorCommandWithFiles, dispatch.Worker, d.monitorCommandFiles)
	dispatch.Handle(t, qemuprog.ProcDomainAgentCommand, dispatch.Inline, d.agentCommand())
	return t
}

// monitorHMP asks for a command of the human monitor.
const monitorHMP = 1

func (d *Driver) monitorCommand(c *dispatch.Call, a *qemuprog.DomainMonitorCommandArgs) (*qemuprog.DomainMonitorCommandRet, error) {
	result, err := d.passCommand(c, a.Dom, a.Cmd, a.Flags, nil)
	return &qemuprog.DomainMonitorCommandRet{Result: result}, err
}

func (d *Driver) monitorCommandFiles(c *dispatch.Call, a *qemuprog.DomainMonitorCommandWithFilesArgs) (*qemuprog.DomainMonitorCommandWithFilesRet, error) {
	result, err := d.passCommand(c, a.Dom, a.Cmd, a.Flags, c.FDs)
	return &qemuprog.DomainMonitorCommandWithFilesRet{Result: result}, err
}

// passCommand runs a client's own command. The machine counts as tainted from then on.
func (d *Driver) passCommand(c *dispatch.Call, dom remote.NonnullDomain, cmd string, flags uint32, files []*os.File) (result string, err error) {
	if unknown := flags &^ monitorHMP; unknown != 0 {
		return "", errFlags(virerr.FromQEMU, "qemuDomainQemuMonitorCommandWithFiles", unknown)
	}
	err = d.active(c, dom, domain.JobModify, func(h handle) error {
		if err := taint(c, h, "custom-monitor"); err != nil {
			return err
		}
		if flags&monitorHMP != 0 {
			result, err = query[string](c, h, "human-monitor-command", map[string]string{"command-line": cmd})
			return err
		}
		result, err = passJSON(c, h, cmd, files)
		return err
	})
	return result, err
}

// passedReply is a reply in QEMU's order of members.
type passedReply struct {
	Return json.RawMessage `json:"return,omitempty"`
	ID     string          `json:"id,omitempty"`
	Error  *passedError    `json:"error,omitempty"`
}

type passedError struct {
	Class string `json:"class"`
	Desc  string `json:"desc"`
}

// passJSON gives QEMU a command as the client wrote it; QEMU's refusal is the client's to read.
func passJSON(c *dispatch.Call, h handle, cmd string, files []*os.File) (string, error) {
	reply := passedReply{ID: "libvirt-" + strconv.FormatUint(h.object.Job.Token, 10)}
	raw, err := call(c, h, execute{Command: qmp.Command{Name: "command", Raw: []byte(cmd)}, Files: files})
	var refused *qmp.Error
	switch {
	case errors.As(err, &refused):
		reply.Error = &passedError{refused.Class, refused.Desc}
	case errors.Is(err, qmp.ErrNoCommand) && json.Valid([]byte(cmd)):
		// QEMU's own answer, which has no id by which it could be found.
		reply = passedReply{Error: &passedError{"GenericError", "QMP input must be a JSON object"}}
	case errors.Is(err, qmp.ErrNoCommand):
		return "", virerr.New(virerr.FromNone, virerr.InternalError, "cannot parse json %s: %s", cmd, err)
	case errors.Is(err, qmp.ErrHasID):
		return "", errInternal("Unable to append command 'id' string")
	case err != nil:
		return "", monitorError(err)
	default:
		reply.Return = raw
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(&reply)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// taint notes that somebody did to the machine what cannot be answered for.
func taint(c *dispatch.Call, h handle, what string) error {
	if slices.Contains(h.object.Status.Taints, what) {
		return nil
	}
	_, err := call(c, h, update{Change: func(s *domstatus.Status) {
		s.Taints = append(slices.Clone(s.Taints), what)
	}})
	return err
}

package rpcclient

import (
	"testing"

	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
)

// FuzzResult takes whatever a peer may say for a reply: there is a result or an error, and
// never both.
func FuzzResult(f *testing.F) {
	refusal := virerr.New(virerr.FromLogging, virerr.OperationInvalid, "no").AppendXDR(nil)
	f.Add(uint32(wire.OK), uint32(7), (&logprog.DomainReadLogFileRet{Data: "text"}).AppendXDR(nil))
	f.Add(uint32(wire.Error), uint32(7), refusal)
	f.Add(uint32(wire.Error), uint32(7), refusal[:9])
	f.Add(uint32(wire.OK), uint32(8), []byte{})
	f.Fuzz(func(t *testing.T, status, serial uint32, payload []byte) {
		call := wire.Header{Program: logprog.ID, Version: 1, Procedure: 3, Serial: 7}
		reply := call
		reply.Type, reply.Status, reply.Serial = wire.Reply, wire.Status(status), serial
		var ret logprog.DomainReadLogFileRet
		_, err := result(call, reply, payload, nil, &ret)
		if err == nil && (status != uint32(wire.OK) || serial != 7 || len(ret.Data) > len(payload)) {
			t.Errorf("status %d, serial %d, %d bytes: %q is taken", status, serial, len(payload), ret.Data)
		}
		if err != nil && status == uint32(wire.Error) && serial == 7 && !isFault(err) {
			if again := err.Error(); len(again) > len(payload) {
				t.Errorf("%d bytes became an error of %d", len(payload), len(again))
			}
		}
	})
}

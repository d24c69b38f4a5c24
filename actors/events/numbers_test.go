package events

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/xdr"
)

func TestNumbersAreLibvirts(t *testing.T) {
	root := os.Getenv("VIRTREE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	data, err := os.ReadFile(filepath.Join(root, "reference", "libvirt-11.3.0", "events.json"))
	if err != nil {
		t.Skipf("needs the table of libvirt's events (VIRTREE_SHARED): %v", err)
	}
	var ref struct {
		IDs map[string][]struct {
			ID    int32
			Name  string
			Procs [][2]any
		} `json:"event_ids"`
	}
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]Kind{
		"virDomainEventID": Domain, "virNetworkEventID": Network, "virStoragePoolEventID": StoragePool,
		"virNodeDeviceEventID": NodeDevice, "virSecretEventID": Secret,
	}
	for name, list := range ref.IDs {
		kind, ok := kinds[name]
		if !ok {
			t.Errorf("no kind for %s", name)
		}
		known := 0
		for kind.Known(int32(known)) {
			known++
		}
		if known != len(list) {
			t.Errorf("%s: %d events, libvirt's %d", name, known, len(list))
		}
		for _, e := range list {
			got := procedures[kind][e.ID]
			var want numbers
			for _, p := range e.Procs {
				if n := int32(p[0].(float64)); len(e.Procs) == 2 && want.plain == 0 {
					want.plain = n
				} else {
					want.callback = n
				}
			}
			if got.plain != want.plain || got.callback != want.callback {
				t.Errorf("%s: %+v, libvirt's %+v", e.Name, got, want)
			}
		}
	}
}

// Every message that is made of another one's begins as the procedure's own
// type says: decoding it leaves nothing over.
func TestCallbackFormsDecode(t *testing.T) {
	for id, n := range procedures[Domain] {
		if n.plain == 0 {
			continue
		}
		e := event{kind: Domain, id: int32(id), msg: remote.Program.Procedure(n.plain).Args()}
		for _, callback := range []bool{false, true} {
			frame := encode(e, callback)
			proc := n.plain
			if callback {
				proc = n.callback
				SetCallback(frame, 77)
			}
			v := remote.Program.Procedure(proc).Args()
			d := xdr.NewDecoder(frame[CallbackAt:])
			if v.DecodeXDR(d); d.End() != nil {
				t.Errorf("%s: %v", remote.Program.Procedure(proc).Name, d.Err())
			}
			if callback && xdr.NewDecoder(v.AppendXDR(nil)).Int32() != 77 {
				t.Errorf("%s: the callback's number is elsewhere", remote.Program.Procedure(proc).Name)
			}
		}
	}
}

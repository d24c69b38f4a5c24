package polkit

import (
	"encoding/xml"
	"flag"
	"os"
	"strings"
	"testing"

	"virtree.dev/protocol/lxcprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
)

var update = flag.Bool("update", false, "write the policy anew from the table")

const file = "org.libvirt.api.policy"

func TestThePolicyIsOfTheTable(t *testing.T) {
	if *update {
		if err := os.WriteFile(file, []byte(policy()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != policy() {
		t.Errorf("%s is not what the table gives (%v): go test ./config/polkit -update", file, err)
	}
	var doc struct {
		Actions []struct {
			ID string `xml:"id,attr"`
		} `xml:"action"`
	}
	if err := xml.Unmarshal(text, &doc); err != nil || len(doc.Actions) < 100 {
		t.Errorf("%d actions, %v", len(doc.Actions), err)
	}
}

// What procedures need is what a policy can speak of.
func TestEveryPermissionHasAnAction(t *testing.T) {
	known := map[string]bool{}
	for _, o := range objects {
		for _, p := range o.permissions {
			known[o.name+":"+p.name] = true
		}
	}
	for _, prog := range []*program.Program{&remote.Program, &qemuprog.Program, &lxcprog.Program} {
		for i := range prog.Procedures {
			p := &prog.Procedures[i]
			for _, rule := range append(p.ACL[:len(p.ACL):len(p.ACL)], p.ACLFilter...) {
				parts := strings.Split(rule, ":")
				if !known[parts[0]+":"+parts[1]] {
					t.Errorf("%s: no action for %s", p.Name, rule)
				}
			}
		}
	}
}

func TestActions(t *testing.T) {
	for permission, action := range map[string]string{
		"connect:getattr":                  "org.libvirt.api.connect.getattr",
		"storage_pool:search_storage_vols": "org.libvirt.api.storage-pool.search-storage-vols",
		"nwfilter_binding:create":          "org.libvirt.api.nwfilter-binding.create",
	} {
		object, name, _ := strings.Cut(permission, ":")
		if got := Action(object, name); got != action {
			t.Errorf("%s: %s", permission, got)
		}
	}
}

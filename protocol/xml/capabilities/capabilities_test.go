package capabilities

import (
	"strings"
	"testing"

	"virtree.dev/protocol/xml/cpu"
)

func TestFormat(t *testing.T) {
	c := Capabilities{
		Host: Host{
			UUID: "5e37c1a4-1f20-4d6a-9d0e-0f4f2f9f6b11", CPU: &cpu.CPU{Kind: cpu.Host, Arch: "x86_64", Model: "qemu64"},
			PageSizes: []uint64{4}, Power: []string{"suspend_mem"}, Transports: []string{"tcp"},
			Cells: []Cell{{
				ID: 1, Memory: 8, Pages: []Pages{{4, 2}}, Caches: []SideCache{{Level: 1, Associativity: "none", Policy: "writeback", Size: 5}},
				CPUs: []CPU{{ID: 3, Core: 2, Siblings: []int{3, 4, 5}}},
			}},
			Links: []Link{{Initiator: 0, Target: 1, Bandwidth: true, Write: true, Value: 7}},
			Banks: []Bank{{
				Level: 3, Type: "both", Size: 6 << 20, CPUs: []int{3},
				Controls: []CacheControl{{"code", 1280 << 10, 5 << 20, 4}, {"data", 1 << 20, 1536 << 10, 4}, {"both", 3 << 20, 0, 4}},
			}},
			CacheMonitor: Monitor{Level: 3, Max: 9, Features: []string{"llc_occupancy"}}, BandwidthMonitor: Monitor{Max: 9},
			SecModels: []SecModel{{Model: "dac", DOI: "0", Labels: []BaseLabel{{"kvm", "+1:+1"}}}},
		},
		Guests: []Guest{{Arch: "i686", Emulator: "/q", Machines: []Machine{{Name: "pc", Canonical: "pc-1", MaxCPUs: 2, Deprecated: true}}, Types: []string{"qemu"}}},
	}
	text := c.Format()
	for _, part := range []string{
		"<power_management>\n      <suspend_mem/>\n    </power_management>\n    <iommu support='no'/>",
		"<cache level='1' associativity='none' policy='writeback'>\n            <size value='5' unit='KiB'/>\n          </cache>\n          <cpus num='1'>",
		"die_id='0' cluster_id='0' core_id='2' siblings='3-5'/>",
		"</cells>\n      <interconnects>\n        <bandwidth initiator='0' target='1' type='write' value='7' unit='KiB'/>\n",
		"<control granularity='1280' min='5120' unit='KiB' type='code' maxAllocs='4'/>",
		"<control granularity='1024' min='1536' unit='KiB' type='data' maxAllocs='4'/>",
		"<control granularity='3' unit='MiB' type='both' maxAllocs='4'/>",
		"<monitor level='3' reuseThreshold='0' maxMonitors='9'>\n        <feature name='llc_occupancy'/>",
		"<baselabel type='kvm'>+1:+1</baselabel>",
		"<wordsize>32</wordsize>\n      <emulator>/q</emulator>\n      <machine canonical='pc-1' maxCpus='2' deprecated='yes'>pc</machine>\n      <domain type='qemu'/>",
		"<pae/>\n      <nonpae/>\n      <acpi default='on' toggle='yes'/>\n      <apic default='on' toggle='no'/>",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%s\nis not in\n%s", part, text)
		}
	}
	if strings.Contains(text, "memory_bandwidth") {
		t.Error("a monitor that watches nothing is told of")
	}
}

package golden

import "virtree.dev/actors/qemu/validation"

// lastGoldenNode is the last memory node of the host that libvirt's expected results were made on.
const lastGoldenNode = 3

func goldenChecks() *validation.Host {
	return &validation.Host{
		PhysBits: func() int { return 0 }, SpiceTLS: true, TPMVersions: func() []string { return []string{"1.2", "2.0"} },
	}
}

func goldenStart() *validation.StartHost {
	return &validation.StartHost{Privileged: true, SpiceTLS: true, VFIO: true, Node: func(n int) bool { return n <= lastGoldenNode }}
}

package lockdconf

import "virtree.dev/config/conf"

// Sample is the text of a virtlockd.conf that changes nothing.
func Sample() string { return conf.Sample(settings(), New(true), nil) }

// SamplePlugin is the text of a qemu-lockd.conf that changes nothing.
func SamplePlugin() string {
	p := NewPlugin()
	// Unset, it follows the other one once there is a file.
	return conf.Sample(pluginSettings(), p, map[string]any{"require_lease_for_disks": !p.AutoDiskLeases})
}

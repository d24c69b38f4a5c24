package validation

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Lifecycle says whether the machine's ends can be answered with these actions.
func Lifecycle(onPoweroff, onReboot, onCrash string) error {
	refuse := func(text string) error { return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "%s", text) }
	switch {
	case onPoweroff == "rename-restart" || onReboot == "rename-restart" || onCrash == "rename-restart":
		return refuse("qemu driver doesn't support the 'rename-restart' action for 'on_reboot'/'on_poweroff'/'on_crash'")
	case onPoweroff == "preserve" || onReboot == "preserve":
		return refuse("qemu driver doesn't support the 'preserve' action for 'on_reboot'/'on_poweroff'")
	case onPoweroff == "restart" && onReboot == "destroy":
		return refuse("qemu driver doesn't support 'onReboot' set to 'destroy and 'onPoweroff' set to 'reboot'")
	}
	return nil
}

// restarts says whether anything but an end may follow when the guest is done.
func restarts(d *domain.Domain) bool {
	return d.OnReboot != "destroy" || d.OnPoweroff != "destroy" ||
		d.OnCrash != "destroy" && d.OnCrash != "coredump-destroy"
}

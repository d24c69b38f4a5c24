package qemu

import (
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) actionHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainSetLifecycleAction, dispatch.Worker, d.setLifecycleAction)
}

// lifecycleTypes and lifecycleActions are the words of a document in the API's numbers.
var (
	lifecycleTypes   = []string{"poweroff", "reboot", "crash"}
	lifecycleActions = []string{"destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart"}
)

// actionOf is where a document has the action of a type.
func actionOf(def *xml.Domain, kind uint32) *string {
	switch kind {
	case virtype.DomainLifecyclePoweroff:
		return &def.OnPoweroff
	case virtype.DomainLifecycleReboot:
		return &def.OnReboot
	}
	return &def.OnCrash
}

func (d *Driver) setLifecycleAction(c *dispatch.Call, a *remote.DomainSetLifecycleActionArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	if int(a.Type) >= len(lifecycleTypes) || int(a.Action) >= len(lifecycleActions) {
		return nil, errInvalidArg("unsupported lifecycle type '%d' or action '%d'", a.Type, a.Action)
	}
	action := lifecycleActions[a.Action]
	if a.Type != virtype.DomainLifecycleCrash && strings.HasPrefix(action, "coredump-") {
		return nil, errDomainConfig("Lifecycle event '%s' doesn't support '%s' action", lifecycleTypes[a.Type], action)
	}
	set := func(def *xml.Domain) error {
		*actionOf(def, a.Type) = action
		return checkActions(def)
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: set,
		live: func(h handle, def *xml.Domain) error {
			before := def.OnReboot
			if err := set(def); err != nil {
				return err
			}
			return d.tellRebootAction(c, h, before, def.OnReboot)
		},
	})
}

// checkActions refuses what QEMU's driver cannot do.
func checkActions(def *xml.Domain) error {
	switch {
	case def.OnPoweroff == "rename-restart", def.OnReboot == "rename-restart", def.OnCrash == "rename-restart":
		return errUnsupportedConfig("qemu driver doesn't support the 'rename-restart' action for 'on_reboot'/'on_poweroff'/'on_crash'")
	case def.OnPoweroff == "preserve", def.OnReboot == "preserve":
		return errUnsupportedConfig("qemu driver doesn't support the 'preserve' action for 'on_reboot'/'on_poweroff'")
	case def.OnPoweroff == "restart" && def.OnReboot == "destroy":
		return errUnsupportedConfig("qemu driver doesn't support 'onReboot' set to 'destroy and 'onPoweroff' set to 'reboot'")
	}
	return nil
}

// tellRebootAction lets QEMU do by itself what is wanted of a reboot; the other
// actions are carried out here when the time comes.
func (d *Driver) tellRebootAction(c *dispatch.Call, h handle, before, after string) error {
	if before == after {
		return nil
	}
	if !h.hasCap("set-action") {
		return errUnsupportedOperation("cannot update lifecycle action because QEMU was started with incompatible -no-reboot setting")
	}
	action := map[string]string{"destroy": "shutdown", "restart": "reset"}[after]
	if action == "" {
		return nil
	}
	_, err := h.monitor(c, "set-action", map[string]string{"reboot": action}, nil)
	return err
}

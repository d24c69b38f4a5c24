package qemu

import (
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/virerr"
)

// Errors in libvirt's words; the driver's domain is always QEMU.

func errInvalid(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.OperationInvalid, format, args...)
}

func errFailed(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.OperationFailed, format, args...)
}

func errInternal(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.InternalError, format, args...)
}

func errUnsupportedConfig(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, format, args...)
}

func errUnsupportedOperation(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.OperationUnsupported, format, args...)
}

func errUnsupportedArgument(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.ArgumentUnsupported, format, args...)
}

func errInvalidArg(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.InvalidArg, format, args...)
}

func errNoDomain(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.NoDomain, format, args...)
}

// errNotRunning is raised by libvirt's common code for domains.
func errNotRunning() error {
	return virerr.New(virerr.FromDomain, virerr.OperationInvalid, "%s", notRunning)
}

const notRunning = "domain is not running"

func errAlreadyRunning() error { return errInvalid("domain is already running") }

// errExitedEarly quotes the machine's last words, if it had any.
func errExitedEarly(words string) error {
	return errInternal("qemu unexpectedly closed the monitor: %s", words)
}

// errDomainConfig is a configuration that libvirt's common code for domains refuses.
func errDomainConfig(format string, args ...any) error {
	return virerr.New(virerr.FromDomain, virerr.ConfigUnsupported, format, args...)
}

// errDomainArg is an argument that libvirt's common code for domains refuses.
func errDomainArg(format string, args ...any) error {
	return virerr.New(virerr.FromDomain, virerr.InvalidArg, format, args...)
}

// errSystem is an error of the system, told with its errno.
func errSystem(err error, format string, args ...any) error {
	return virerr.System(virerr.FromQEMU, err, format, args...)
}

// checkFlags refuses flags that a call does not know, as libvirt's function for it would.
func checkFlags(c *dispatch.Call, flags, known uint32) error {
	if flags&^known == 0 {
		return nil
	}
	return errFlags(virerr.FromQEMU, functionName(c.Proc.API), flags&^known)
}

func errFlags(from virerr.Domain, function string, unknown uint32) error {
	return virerr.Argument(from, function, "flags", "unsupported flags (0x%x) in function %s", unknown, function)
}

// errExclusive refuses flags that a function does not take together.
func errExclusive(from virerr.Domain, function, argument, a, b string) error {
	return virerr.Argument(from, function, argument, "Flags '%s' and '%s' are mutually exclusive", a, b)
}

// functionName is what libvirt calls the driver's function for an API.
func functionName(api string) string { return "qemu" + strings.TrimPrefix(api, "vir") }

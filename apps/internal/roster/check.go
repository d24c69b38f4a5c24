package roster

import (
	"errors"
	"path/filepath"

	"virtree.dev/actors/qemu/lockmanager"
	"virtree.dev/actors/qemu/security"
	"virtree.dev/config/conf"
	"virtree.dev/config/lockdconf"
	"virtree.dev/config/paths"
	"virtree.dev/config/qemuconf"
	"virtree.dev/internal/account"
)

// CheckQEMU finds every mistake in the files of the qemu driver.
func CheckQEMU(dirs paths.Dirs) []*conf.Report {
	c := qemuconf.New(dirs.Privileged)
	r := c.Check(filepath.Join(dirs.Config, "qemu.conf"))
	checkSecurity(c, dirs.Privileged, r)
	leases := lockdconf.NewPlugin().Check(filepath.Join(dirs.Config, "qemu-lockd.conf"))
	if _, _, err := lockmanager.New(c.LockManager, dirs); err != nil && len(leases.Mistakes) == 0 {
		r.Blame("lock_manager", err, `write lock_manager = "lockd" or "nop"`)
	}
	return []*conf.Report{r, leases}
}

// checkSecurity looks at who machines are to be, and at the drivers that guard them.
func checkSecurity(c *qemuconf.Config, privileged bool, r *conf.Report) {
	for _, id := range []struct {
		key, name string
		find      func(string) (uint32, error)
	}{
		{"user", c.Security.User, account.User}, {"group", c.Security.Group, account.Group},
		{"swtpm_user", c.SWTPMUser, account.User}, {"swtpm_group", c.SWTPMGroup, account.Group},
	} {
		if id.name == "" {
			continue
		}
		if _, err := id.find(id.name); err != nil {
			r.Blame(id.key, errors.New(id.key+": "+err.Error()), "name one that getent knows, or write a number as \"+107\"")
		}
	}
	drivers := *c
	drivers.Security.User, drivers.Security.Group = "", ""
	if _, _, err := security.New(&drivers, privileged); err != nil {
		r.Blame("security_driver", err, `write security_driver = "none", or take the line out`)
	}
}

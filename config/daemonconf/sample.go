package daemonconf

import "virtree.dev/config/conf"

// Sample is the text of a configuration file of system mode that changes nothing.
func Sample() string {
	c := New(true)
	return conf.Sample(settings(), c, map[string]any{
		"auth_unix_ro": string(c.AuthUnixRO), "auth_unix_rw": string(c.AuthUnixRW),
		"auth_tcp": string(c.AuthTCP), "auth_tls": string(c.AuthTLS),
	})
}

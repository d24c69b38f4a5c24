package logdconf

import "virtree.dev/config/conf"

// Sample is the text of a virtlogd.conf that changes nothing.
func Sample() string { return conf.Sample(settings(), New(true), nil) }

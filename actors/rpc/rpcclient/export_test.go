package rpcclient

import "time"

func init() { startPatience = 50 * time.Millisecond } //nolint:gochecknoinits // tests wait for what does not come

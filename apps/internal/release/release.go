package release

// Version is the release's, Number the same as libvirt counts.
const (
	Version = "11.3.0"
	Number  = 11_003_000
)

package golden

import (
	"slices"
	"strings"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/defaults"
)

// conditions are what is not usual about the host or the settings a result was made with.
type conditions struct {
	host       func(*defaults.Host)
	settings   func(*command.Env)
	add, take  []string // capabilities
	autoSocket bool     // displays listen on sockets where the document does not say
	groups     map[string]fdGroup
	incoming   string
	nbdkit     []string // what nbdkit can serve
	gics       []uint   // the host's interrupt controllers
	chooseGIC  bool     // and that they are not those of the recording
}

// fdGroup are descriptors that a client passed for an image.
type fdGroup struct {
	numbers  []int
	writable bool
}

const goldenTLSSecret = "6fd3f62d-9fe7-4a4e-a869-7acd6376d8ea"

func vncSASL(e *command.Env) { e.Config.VNC.SASL, e.Config.VNC.SASLDir = true, "/etc/sasl2" }

func vncTLS(e *command.Env) {
	vncSASL(e)
	e.Config.VNC.TLS, e.Config.VNC.TLSVerify = true, true
}

func chardevTLS(e *command.Env) { e.Config.ChardevTLS = true }

func blockTLS(e *command.Env) {
	e.Storage.VxHS.Enabled = true
	e.Storage.NBD.Secret, e.Storage.VxHS.Secret = goldenTLSSecret, goldenTLSSecret
}

// caseConditions by the name of the case.
var caseConditions = map[string]conditions{
	"audio-default-nographics": {host: func(h *defaults.Host) { h.NoGraphicsAudio, h.AudioDriver = true, "alsa" }},
	"audio-default-sdl":        {host: func(h *defaults.Host) { h.AudioDriver, h.SDLDriver = "sdl", "esd" }},
	"audio-default-vnc":        {host: func(h *defaults.Host) { h.VNCAudio, h.AudioDriver = true, "alsa" }},
	"chardev-backends-json":    {add: []string{"chardev.json"}},
	"disk-source-fd": {groups: map[string]fdGroup{
		"testgroup2":  {[]int{200, 205}, false},
		"testgroup5":  {[]int{204}, true},
		"testgroup6":  {[]int{247, 248}, false},
		"raw-rw-base": {[]int{209}, true},
		"cdimage-ro":  {[]int{207}, false},
		"cdimage-rw":  {[]int{208}, true},
	}},
	"graphics-spice-auto-socket-cfg": {autoSocket: true},
	"graphics-spice-sasl": {settings: func(e *command.Env) {
		e.Config.Spice.SASL, e.Config.Spice.SASLDir = true, "/root/.sasl2"
	}},
	"graphics-vnc-auto-socket-cfg": {autoSocket: true},
	"graphics-vnc-sasl":            {settings: vncSASL},
	"graphics-vnc-tls":             {settings: vncTLS},
	"graphics-vnc-tls-secret": {settings: func(e *command.Env) {
		vncTLS(e)
		e.Config.VNC.TLSSecret = goldenTLSSecret
	}},
	"disk-network-tlsx509-nbd":                {settings: blockTLS},
	"disk-network-tlsx509-nbd-hostname":       {settings: blockTLS},
	"disk-network-tlsx509-vxhs":               {settings: blockTLS},
	"disk-cdrom-network-nbdkit":               {nbdkit: []string{"curl"}},
	"disk-network-http-nbdkit":                {nbdkit: []string{"curl"}},
	"disk-network-source-curl-nbdkit":         {nbdkit: []string{"curl"}},
	"disk-network-source-curl-nbdkit-backing": {nbdkit: []string{"curl"}},
	"disk-network-ssh-nbdkit":                 {nbdkit: []string{"ssh"}},
	"machine-core-off":                        {settings: func(e *command.Env) { e.Config.DumpGuestCore = true }},
	"migrate":                                 {incoming: "tcp:10.0.0.1:5000"},
	"migrate-numa-unaligned":                  {incoming: "fd:7"},
	"restore-v2":                              {incoming: "exec:cat"},
	"restore-v2-fd":                           {incoming: "fd:7"},
	"serial-tcp-tlsx509-chardev":              {settings: chardevTLS},
	"serial-tcp-tlsx509-chardev-notls":        {settings: chardevTLS},
	"serial-tcp-tlsx509-chardev-verify": {settings: func(e *command.Env) {
		chardevTLS(e)
		e.Config.ChardevTLSVerify = true
	}},
	"serial-tcp-tlsx509-secret-chardev": {settings: func(e *command.Env) {
		chardevTLS(e)
		e.Config.ChardevTLSSecret = goldenTLSSecret
	}},
}

// firstUSB and anyUSB are the flags of the controllers that machines have by default.
var (
	firstUSB = []string{"piix3-usb-uhci"}
	anyUSB   = []string{"piix3-usb-uhci", "pci-ohci", "nec-usb-xhci", "qemu-xhci"}
)

// gicVersions are the interrupt controllers of the hosts that cases are named after.
var gicVersions = []struct {
	ending   string
	versions []uint
}{{"-v2", []uint{2}}, {"-v3", []uint{3}}, {"-both", []uint{2, 3}}, {"-tcg", []uint{2, 3}}}

func conditionsOf(name, variantArch string) conditions {
	c := caseConditions[name]
	switch {
	case name == "usb-controller-nec-xhci-unavailable":
		c.take = []string{"nec-usb-xhci"}
	case strings.HasPrefix(name, "launch-security-sev"):
		c.add = []string{"sev-guest", "sev-snp-guest"}
	case strings.HasPrefix(name, "usb-controller-default-fallback-"):
		c.take = firstUSB
	case strings.HasPrefix(name, "usb-controller-default-unavailable-"):
		if c.take = anyUSB; variantArch == "aarch64" {
			c.take = []string{"piix3-usb-uhci", "pci-ohci"}
		}
	case strings.HasPrefix(name, "aarch64-gic-"):
		for _, g := range gicVersions {
			if strings.HasSuffix(name, g.ending) {
				c.gics, c.chooseGIC = g.versions, true
				break
			}
		}
	}
	return c
}

func (c *conditions) throughNBDKit(protocol string) bool {
	plugin := "curl"
	if protocol == "ssh" {
		plugin = "ssh"
	}
	return slices.Contains(c.nbdkit, plugin) && slices.Contains([]string{"http", "https", "ftp", "ftps", "tftp", "ssh"}, protocol)
}

func (c *conditions) adjusted(binary *caps.Caps) *caps.Caps {
	if len(c.add)+len(c.take) > 0 {
		binary = binary.Adjusted(c.add, c.take)
	}
	if c.chooseGIC {
		copied := *binary
		copied.GICs = nil
		for _, v := range c.gics {
			copied.GICs = append(copied.GICs, caps.GIC{Version: v, Kernel: true, Emulated: true})
		}
		return &copied
	}
	return binary
}

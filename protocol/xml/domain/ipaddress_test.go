package domain_test

import (
	"testing"

	"virtree.dev/protocol/xml/domain"
)

// Addresses and routes of the host's end are looked at as the resolver and the kernel would.
func TestInterfaceRoutes(t *testing.T) {
	const missing = "XML error: interface host IP: Missing required gateway attribute in route definition"
	for inner, want := range map[string]string{
		"<ip address='10.0.0.1' prefix='8' peer='10.1'/>":                                      "",
		"<ip address='0x7f000001'/>":                                                           "",
		"<ip address='1.2.3.256'/>":                                                            "XML error: Invalid address '1.2.3.256' in <ip>",
		"<ip address='1.2.3.4' peer=''/>":                                                      "invalid argument: Invalid peer '' in <ip>",
		"<ip address='::1' prefix='129'/>":                                                     "XML error: Invalid prefix value '129' in <ip>",
		"<route address='10.0.0.0' prefix='8' gateway='1.2.3.4'/>":                             "",
		"<route address='10.1.0.0' netmask='255.255.0.0' gateway='1.2.3.4'/>":                  "",
		"<route family='ipv6' address='fc00::' prefix='64' gateway='fc00::1'/>":                "",
		"<route address='10.0.0.0'/>":                                                          missing,
		"<route address='x' gateway='1.2.3.4'/>":                                               "XML error: interface host IP: Bad network address 'x' in route definition",
		"<route address='10.0.0.1' prefix='8' gateway='1.2.3.4'/>":                             "XML error: interface host IP: Address '10.0.0.1' in route definition is not a network address",
		"<route address='10.0.0.0' prefix='8' netmask='255.0.0.0' gateway='1.2.3.4'/>":         "XML error: interface host IP: Route definition cannot have both a prefix and a netmask",
		"<route address='fc00::' prefix='8' gateway='1.2.3.4'/>":                               "XML error: interface host IP: No family specified for non-IPv4 address 'fc00::' in route definition",
		"<route family='ipv6' address='10.0.0.0' prefix='8' gateway='fc00::1'/>":               "XML error: interface host IP: ipv6 family specified for non-IPv6 address '10.0.0.0' in route definition",
		"<route family='ipv5' address='10.0.0.0' prefix='8' gateway='1.2.3.4'/>":               "XML error: interface host IP: Unrecognized family 'ipv5' in route definition",
		"<route family='ipv4' address='10.0.0.0' netmask='fc00::' gateway='1.2.3.4'/>":         "XML error: interface host IP: Invalid netmask 'fc00::' for address '10.0.0.0' (both must be IPv4)",
		"<route family='ipv4' address='10.0.0.0' prefix='8' gateway='1.2.3.4' metric='0'/>":    "XML error: Invalid value for attribute 'metric' in element 'route': Zero is not permitted",
		"<route family='ipv4' address='10.0.0.0' prefix='nine' gateway='1.2.3.4'/>":            "XML error: Invalid value for attribute 'prefix' in element 'route': 'nine'. Expected non-negative integer value",
		"<route family='ipv4' address='10.0.0.0' prefix='33' gateway='1.2.3.4' metric='1'/>":   "XML error: interface host IP: Invalid prefix 33 specified in route definition, must be 0 - 32",
		"<route family='ipv6' address='fc00::' netmask='255.0.0.0' gateway='fc00::1'/>":        "XML error: interface host IP: Specifying netmask invalid for IPv6 address 'fc00::' in route definition",
		"<route family='ipv6' address='fc00::' prefix='200' gateway='fc00::1' metric='1000'/>": "XML error: interface host IP: Invalid prefix 200 specified in route definition, must be 0 - 128",
	} {
		text := around("<devices><interface type='ethernet'><source>" + inner + "</source></interface></devices>")
		_, err := domain.Parse([]byte(text), parse)
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %q", inner, err, want)
		}
	}
}

// A number that does not fit is no number, and above all not the biggest.
func TestHugeNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"<vcpu>99999999999999999999</vcpu>":                                  "XML error: maximum vcpus count must be an integer",
		"<vcpu current='99999999999999999999'>1</vcpu>":                      "XML error: Invalid value for attribute 'current' in element 'vcpu': '99999999999999999999'. Expected non-negative integer value",
		"<iothreads>99999999999999999999</iothreads>":                        "XML error: invalid iothreads count '99999999999999999999'",
		"<currentMemory>99999999999999999999</currentMemory>":                "XML error: Invalid value '99999999999999999999' for element or attribute './currentMemory[1]'",
		"<currentMemory unit='EiB'>99</currentMemory>":                       "numerical overflow: value too large: 99EiB",
		"<currentMemory unit='fathom'>99</currentMemory>":                    "invalid argument: unknown suffix 'fathom'",
		"<cputune><shares>99999999999999999999</shares></cputune>":           "XML error: can't parse cputune shares value",
		"<cputune><vcpupin vcpu='0' cpuset='0-99999'/></cputune>":            "invalid argument: Failed to parse bitmap '0-99999'",
		"<maxMemory slots='99999999999999999999'>65536</maxMemory>":          "XML error: Failed to parse memory slot count",
		"<clock offset='absolute' start='99999999999999999999999'/>":         "internal error: missing 'start' attribute for clock with offset='absolute'",
		"<cpu><topology sockets='0' cores='1' threads='1'/></cpu>":           "XML error: Invalid value for attribute 'sockets' in element 'topology': Zero is not permitted",
		"<features><tcg><tb-cache unit='EiB'>99</tb-cache></tcg></features>": "numerical overflow: value too large: 99EiB",
	} {
		_, err := domain.Parse([]byte(around(text)), parse)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

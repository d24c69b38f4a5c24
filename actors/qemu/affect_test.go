package qemu

import (
	"testing"

	"virtree.dev/actors/domain"
	xml "virtree.dev/protocol/xml/domain"
)

func TestAffect(t *testing.T) {
	def, config := &xml.Domain{Name: "live"}, &xml.Domain{Name: "config"}
	running := &domain.Object{ID: 1, State: domain.Running, Persistent: true, Def: def, Next: config}
	transient := &domain.Object{ID: 1, State: domain.Running, Def: def}
	off := &domain.Object{ID: -1, State: domain.Shutoff, Persistent: true, Def: config}
	const (
		notLive   = "Requested operation is not valid: domain is not running"
		noConfig  = "Requested operation is not valid: transient domains do not have any persistent config"
		exclusive = "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive"
	)
	for _, c := range []struct {
		name         string
		object       *domain.Object
		flags        affect
		live, config bool
		err          string // of a change
		reads        string // the document that a query reads, or its error
	}{
		{"current of a running one", running, 0, true, false, "", "live"},
		{"live", running, affectLive, true, false, "", "live"},
		{"config of a running one", running, affectConfig, false, true, "", "config"},
		{"both", running, affectMask, true, true, "", exclusive},
		{"other flags do not matter", running, affectConfig | 64, false, true, "", "config"},
		{"current of one that is off", off, 0, false, true, "", "config"},
		{"live of one that is off", off, affectLive, false, false, notLive, notLive},
		{"both of one that is off", off, affectMask, false, false, notLive, exclusive},
		{"current of a transient one", transient, 0, true, false, "", "live"},
		{"config of a transient one", transient, affectConfig, false, false, noConfig, noConfig},
		{"both of a transient one", transient, affectMask, false, false, noConfig, exclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			live, config, err := c.flags.resolve(c.object)
			if live != c.live || config != c.config || words(err) != c.err {
				t.Errorf("resolve gives %v, %v, %q", live, config, words(err))
			}
			got, err := c.flags.one(c.object)
			reads := words(err)
			if err == nil {
				reads = got.Name
			}
			if reads != c.reads {
				t.Errorf("a query reads %q, not %q", reads, c.reads)
			}
		})
	}
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

package domstatus

import (
	"testing"

	"virtree.dev/protocol/xml/domain"
)

const fuzzed = `<domstatus state='running' reason='booted' pid='7'>
  <taint flag='high-privileges'/>
  <monitor path='/m.sock' type='unix'/>
  <namespaces><mount/></namespaces>
  <vcpus><vcpu id='0' pid='8'/></vcpus>
  <qemuCaps><flag name='kvm'/></qemuCaps>
  <job type='none' async='none'/>
  <devices><device alias='virtio-disk0'/></devices>
  <libDir path='/l'/><channelTargetDir path='/c'/>
  <chardevStdioLogd/>
  <allowReboot value='yes'/>
  <blockjobs active='no'/>
  <agentTimeout>-2</agentTimeout>
  <domain type='qemu' id='1'><name>x</name><uuid>00000000-0000-4000-8000-000000000001</uuid><memory>65536</memory>
    <os><type arch='x86_64' machine='pc'>hvm</type></os></domain>
</domstatus>`

func FuzzParse(f *testing.F) {
	f.Add([]byte(fuzzed))
	f.Add([]byte(`<domstatus state='shutoff' pid='0'><numad nodeset='0'/><domain/></domstatus>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, err := Parse(doc, domain.ParseOptions{})
		if err != nil {
			return
		}
		once := s.Format()
		again, err := Parse([]byte(once), domain.ParseOptions{})
		if err != nil {
			t.Fatalf("%q became %q: %v", doc, once, err)
		}
		if twice := again.Format(); twice != once {
			t.Fatalf("%q became %q, then %q", doc, once, twice)
		}
	})
}

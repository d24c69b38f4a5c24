package xmlout

import (
	"testing"

	"virtree.dev/protocol/xml/xmltree"
)

func TestWriter(t *testing.T) {
	w := New(1)
	w.Start("a")
	w.Attr("q", `'"<>&`+"\x01\t")
	w.OptAttr("none", "")
	w.Start("dropped")
	w.EndOrDrop()
	w.Start("kept")
	w.Attr("x", ">")
	w.Start("inner")
	w.Start("innermost")
	w.EndOrDrop()
	w.EndOrDrop()
	w.EndOrDrop()
	w.Elem("none", "")
	w.FullElem("full", "")
	w.SizeElem("memory", "KiB", 12)
	w.Start("empty")
	w.EndFull()
	w.End()
	const want = `  <a q='&apos;&quot;&lt;&gt;&amp;	'>
    <kept x='&gt;'/>
    <full></full>
    <memory unit='KiB'>12</memory>
    <empty>
    </empty>
  </a>
`
	if got := w.String(); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestTree(t *testing.T) {
	const doc = `<a x="1" xmlns:q="u"><!-- c --> <q:b>t&amp;</q:b>  <c/></a>`
	n, err := xmltree.Parse([]byte(doc), "")
	if err != nil {
		t.Fatal(err)
	}
	w := New(0)
	w.Tree(n)
	const want = "<a xmlns:q='u' x='1'>\n  <q:b>t&amp;</q:b>\n  <c/>\n</a>\n"
	if w.String() != want {
		t.Errorf("got\n%s", w.String())
	}
}

// Package xmltree reads a document into a bounded tree of nodes that know their line.
//
// The tree keeps everything a document says: elements, texts, comments and namespaces, so that
// subtrees nobody understands can be written back. Parse refuses documents that are too large, too deep or
// too numerous in nodes, and never follows a DTD or an outer entity. What is wrong is told in the
// words libvirt's clients know.
//
// Reader takes typed values out of nodes and remembers the first error, in libvirt's wording, so
// that a parser of a document is a list of what it wants and one check at its end.
package xmltree

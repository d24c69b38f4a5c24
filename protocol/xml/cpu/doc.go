// Package cpu holds the processor of a document: of a guest (mode, model, topology, features) and of a
// host (as in capabilities and CPU comparison).
package cpu

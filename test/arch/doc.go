// Package arch holds the architecture in place: its tests read the source of
// the whole repository and name whatever stands against the rules of
// ARCHITECTURE.md, with the reason of the rule.
package arch

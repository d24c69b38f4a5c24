// Package roster lists the drivers that a daemon can hold. A daemon names the
// entries that it wants; nothing else in apps/ or in the server knows a driver
// by name.
package roster

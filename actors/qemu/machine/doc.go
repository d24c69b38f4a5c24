// Package machine tells what kinds of machine types there are and what each
// kind is born with. A machine type is known by its architecture and its name:
// versions hang off the name ("pc-q35-9.0", "virt-10.0").
package machine

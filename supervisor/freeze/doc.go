// Package freeze replaces the program of a process in place: same process
// number, same descriptors, state carried over.
//
//	gen.Freeze of each process ─▶ Box.Put ─▶ Box.Exec ─▶ execve
//	                                                       │ memory file, its number
//	Child.Thaw of each process ◀─ Box.Take ◀─ Inherit ◀────┘ in the environment
//
// Leaves are frozen before what they hang from, and thawed after it. A part is
// known by name and has a version of its own; what is not taken in the next
// program is closed there.
//
// Descriptors are passed on by number with close-on-exec taken off in place. A
// duplicate would not do: a POSIX lock dies with the first descriptor of its
// file that is closed, and exec closes the original.
//
// The signals that a program heeds are blocked on the thread that executes: their
// handlers do not live through execve, the mask does. They wait for the next program,
// which is also told of those that came and were not heeded. If execve fails,
// everything is as before.
package freeze

// Package act has what most processes are made of: the default callbacks,
// supervisors and pools.
//
//	Supervisor ──Spawn──▶ children, in order       ChildExit ──▶ what its type says
//	Pool: Submit ──▶ queue ──▶ workers, priority workers
//
// A supervisor starts its children in order and waits for each; it stops them
// in reverse. More restarts than Intensity within Period: it gives up, which
// its own parent sees as its exit.
package act

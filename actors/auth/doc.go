// Package auth asks others who a client is and what it may do.
//
//	AUTH_POLKIT ─▶ Polkit.Allow ─▶ polkitd, over the system bus ─▶ yes, no, or why not
//
// A check may take as long as a person takes to type a password: it is made in a
// call of its own, and given up with the client.
package auth

// Package auth asks others who a client is and what it may do.
//
//	AUTH_POLKIT ─▶ Polkit.Allow ─▶ polkitd, over the system bus ─▶ yes, no, or why not
//	AUTH_SASL_… ─▶ SASL.Begin, Admit ─▶ mechanisms, over files of users and keys
//	a call, a list, an event ─▶ Access.Allowed ─▶ polkitd, two questions of it at once
//
// A check may take as long as a person takes to type a password: it is made in a
// call of its own, and given up with the client. A question of Access asks no person
// and is bounded in time. Whose SASL failed waits before the next attempt, and no
// worker with it.
package auth

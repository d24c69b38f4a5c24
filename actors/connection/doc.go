// Package connection answers what the daemon itself owns of the remote
// program: opening and closing, authentication, features, and who wants which
// events.
//
//	CONNECT_OPEN ──▶ driver.Roster ──▶ tables of the session
//	…_EVENT_REGISTER ──▶ events.Bus, undone at close or when the client goes
package connection

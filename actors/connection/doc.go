// Package connection answers what the daemon itself owns of the remote
// program: opening and closing, authentication, features, and who wants which
// events.
//
//	CONNECT_OPEN ──▶ driver.Roster ──▶ tables of the session
//	AUTH_SASL_INIT, …_START, …_STEP ──▶ Door, which says who the client is
//	…_EVENT_REGISTER ──▶ events.Bus, undone at close or when the client goes
//	                        └─▶ screen: with an access driver, what the client may know of,
//	                            in order; at most 4,096 events of a session wait
package connection

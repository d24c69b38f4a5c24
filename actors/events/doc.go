// Package events delivers what drivers tell to the clients that asked for it.
//
//	driver ──Domain, Network, …──▶ Bus ──mailbox──▶ bus process ──▶ Sink of each subscriber
//
// The events of one driver reach a client in the order in which they were
// published. Publishing never blocks: the bus has a mailbox of its own, and a
// client that does not read is the business of its Sink, which bounds what it
// keeps. Where a subscription has a Screen, that delivers, later or not at all. A message is encoded once; subscribers differ only in the number of
// their callback, which is written over it.
package events

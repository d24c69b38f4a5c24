// Package rpcclient calls another daemon over its UNIX socket, one call at a time.
//
//	Daemon.Dial ─▶ connect, or start the daemon and connect
//	Client.Call ─▶ frame, descriptors ─▶ the peer ─▶ reply, descriptors
//
// A call ends with the reply, the peer's error (a virerr.Error), the end of the
// connection or that of its context. One that was begun and has no reply ends
// the connection: what came next could be the reply to it. While a call waits,
// pings are answered and messages go to OnMessage, in the order of the wire.
package rpcclient

// Package protocol holds what crosses a boundary: see its folders.
package protocol

//go:generate go run ./rpcgen .

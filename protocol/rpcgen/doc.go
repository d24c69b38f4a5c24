// Command rpcgen turns the .rpc files of protocol/spec into Go.
//
//	spec/NAME.rpc ──parse──▶ model ──emit──▶ protocol/PACKAGE/*_gen.go
//
// A spec has a header, then constants, types, enums, unions and structs with
// the bound of each array, then one line a procedure:
//
//	program NAME NUMBER version N
//	const STRING_MAX = 4194304
//	type uuid = opaque[16]
//	struct nonnull_domain
//	    name nonnull_string
//	call 23 DOMAIN_LOOKUP_BY_NAME(args) -> ret high owner=hypervisor api=... acl=...
//
// A type is int, uint, hyper, uhyper, char, uchar, short, ushort, double,
// bool, string<BOUND>, opaque<BOUND>, opaque[N] or the name of another, with
// "?" behind it when it may be absent, "[N]" or "<BOUND>" when it is an array.
package main

// Coverapi counts, by owner, how many procedures of libvirt's programs have a
// handler here, and how many functions of its API that makes; -v names those
// that answer "unsupported".
package main

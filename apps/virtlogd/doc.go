// Command virtlogd writes the logs of machines for as long as they live,
// whatever becomes of the daemon that started them.
package main

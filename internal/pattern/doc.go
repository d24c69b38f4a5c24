// Package pattern matches texts as GLib's simple patterns do, which lists of who is allowed and filters of the log are made of.
package pattern

// Package pattern matches texts as GLib's simple patterns do, which lists of who is allowed are made of.
package pattern

// Package capabilities is the document in which a driver tells what a host is and which guests it can run.
package capabilities

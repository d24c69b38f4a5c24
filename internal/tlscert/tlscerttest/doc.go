// Package tlscerttest makes certificates for tests.
package tlscerttest

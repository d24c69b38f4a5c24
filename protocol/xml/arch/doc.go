// Package arch names the architectures of documents.
package arch

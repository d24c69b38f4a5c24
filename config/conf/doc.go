// Package conf reads and writes libvirt's "key = value" files.
//
//	file      = { statement separator }
//	statement = comment | name "=" value [ comment ]
//	value     = integer | 'text' | "text" | """text, many lines""" | [ value, ... ]
//	separator = end of line | ";"
//	comment   = "#" to the end of the line
//
// A File keeps comments and order, so that Format gives back what an
// administrator wrote. Messages name the file and the line, in libvirt's words.
package conf

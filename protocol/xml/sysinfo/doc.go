// Package sysinfo is the document of a host's SMBIOS tables, made of what dmidecode prints.
package sysinfo

// Package logd tests virtlogd from outside: ours and Debian's answer the same
// script alike, ours takes over from Debian's while machines write, and no line
// is lost by replacements, sudden deaths, full disks and disks that hang.
package logd

// Package logdconf holds the settings of virtlogd.conf.
package logdconf

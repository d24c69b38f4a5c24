package rpc

import (
	"fmt"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
)

// expected are the codes of answers that clients look for: whether something
// is there, what state it is in. They are no trouble of the daemon's.
var expected = []virerr.Code{
	virerr.NoDomain, virerr.NoNetwork, virerr.NoStoragePool, virerr.NoStorageVol, virerr.NoNodeDevice,
	virerr.NoInterface, virerr.NoNWFilter, virerr.NoNWFilterBinding, virerr.NoSecret, virerr.NoDomainSnapshot,
	virerr.OperationInvalid, virerr.NoDomainMetadata, virerr.NoServer, virerr.NoClient, virerr.NoHostname,
}

// Panic implements dispatch.Log.
func (s *Server) Panic(procedure string, value any, stack []byte) {
	s.log.Error(fmt.Sprintf("panic in %s: %v\n%s", procedure, value, stack))
}

// Failed implements dispatch.Log: as in libvirt, what a client is told stands
// in the log as well, with the place that found it.
func (s *Server) Failed(p *program.Procedure, err *virerr.Error) {
	level := zapcore.ErrorLevel
	if slices.Contains(expected, err.Code) {
		level = zapcore.DebugLevel
	}
	entry := s.errors.Check(level, err.Message)
	if entry == nil {
		return
	}
	place := err.Place()
	if place.Function == "" {
		place.Function = p.API
	}
	entry.Caller = zapcore.EntryCaller{Defined: true, Function: place.Function, File: place.File, Line: place.Line}
	entry.Write(zap.Int("domain", int(err.From)), zap.Int("code", int(err.Code)))
}

package admin

import (
	"errors"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/logging"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
)

func (s *Service) outputs(_ *dispatch.Call, a *adminprog.ConnectGetLoggingOutputsArgs) (*adminprog.ConnectGetLoggingOutputsRet, error) {
	if err := checkFlags("adminConnectGetLoggingOutputs", a.Flags); err != nil {
		return nil, err
	}
	text := s.Log.Outputs()
	return &adminprog.ConnectGetLoggingOutputsRet{Outputs: text, Noutputs: words(text)}, nil
}

// filters gives each filter with a blank behind it, as libvirt does.
func (s *Service) filters(_ *dispatch.Call, a *adminprog.ConnectGetLoggingFiltersArgs) (*adminprog.ConnectGetLoggingFiltersRet, error) {
	if err := checkFlags("adminConnectGetLoggingFilters", a.Flags); err != nil {
		return nil, err
	}
	text := s.Log.Filters()
	if text == "" {
		return &adminprog.ConnectGetLoggingFiltersRet{}, nil
	}
	text += " "
	return &adminprog.ConnectGetLoggingFiltersRet{Filters: &text, Nfilters: words(text)}, nil
}

func (s *Service) setOutputs(_ *dispatch.Call, a *adminprog.ConnectSetLoggingOutputsArgs) (*dispatch.Void, error) {
	if err := checkFlags("adminConnectSetLoggingOutputs", a.Flags); err != nil {
		return nil, err
	}
	return nil, logError(s.Log.SetOutputs(textOf(a.Outputs)))
}

func (s *Service) setFilters(_ *dispatch.Call, a *adminprog.ConnectSetLoggingFiltersArgs) (*dispatch.Void, error) {
	if err := checkFlags("adminConnectSetLoggingFilters", a.Flags); err != nil {
		return nil, err
	}
	return nil, logError(s.Log.SetFilters(textOf(a.Filters)))
}

// words counts what was written down with blanks between.
func words(text string) uint32 { return uint32(len(strings.Fields(text))) }

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// logError is an error of the log in the words of the API.
func logError(err error) error {
	var bad *logging.InvalidError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return virerr.New(virerr.FromNone, virerr.InvalidArg, "%s", bad.Text)
	}
	return virerr.From(virerr.FromNone, err)
}

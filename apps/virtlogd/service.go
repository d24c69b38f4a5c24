package main

import (
	"fmt"
	"os"

	"virtree.dev/actors/logd"
	"virtree.dev/apps/internal/daemon"
	"virtree.dev/apps/internal/daemon/cstate"
	"virtree.dev/config/logdconf"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
)

// service makes the service of a host.
func service(h daemon.Host) (daemon.Service, error) {
	settings, ok := h.Settings.(*logdconf.Config)
	if !ok {
		return nil, fmt.Errorf("settings of %T", h.Settings)
	}
	foreign, err := foreignFiles(h)
	if err != nil {
		return nil, err
	}
	return logd.New(logd.Options{
		System: h.System, Settings: settings, LogRoot: h.Dirs.Log,
		Log: h.Log.Logger("logging.log_handler"), Box: h.Box, Store: h.Store, Foreign: foreign,
	})
}

// foreignFiles are the log files of libvirt's own virtlogd, where we take over from it.
func foreignFiles(h daemon.Host) ([]logd.Foreign, error) {
	rest, err := cstate.Take(h.Box)
	if rest == nil || err != nil {
		return nil, err
	}
	files, failures, err := readFiles(rest.Object, rest.File)
	for _, failure := range failures { // the others are as good as without it
		h.Log.Logger("logging.log_handler").Error(failure.Error())
	}
	return files, err
}

// open makes a descriptor of the former program ours.
type open func(fd int, name string) (*os.File, error)

// readFiles reads what the former program wrote of its log files.
func readFiles(o cstate.Object, open open) (files []logd.Foreign, failures []error, err error) {
	handler, ok := o.Object("handler")
	if !ok {
		return nil, nil, malformed("Malformed daemon data from JSON file")
	}
	if !handler.Has("files") {
		return nil, nil, malformed("Missing files data from JSON file")
	}
	list, ok := handler.List("files")
	if !ok {
		return nil, nil, malformed("Malformed files array")
	}
	for _, raw := range list {
		one, _ := cstate.ParseObject(raw)
		f, err := readFile(one, open)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		files = append(files, f)
	}
	return files, failures, nil
}

func malformed(text string) error {
	return virerr.New(virerr.FromLogging, virerr.InternalError, "%s", text)
}

func readFile(o cstate.Object, open open) (f logd.Foreign, err error) {
	var id string
	for _, m := range []struct {
		key, missing string
		to           *string
	}{
		{"path", "Missing 'path' field in JSON document", &f.Path},
		{"driver", "Missing 'driver' in JSON document", &f.Driver},
		{"domname", "Missing 'domname' in JSON document", &f.Domain},
		{"domuuid", "Missing 'domuuid' in JSON document", &id},
	} {
		var ok bool
		if *m.to, ok = o.Text(m.key); !ok {
			return f, malformed(m.missing)
		}
	}
	if f.UUID, err = uuid.Parse(id); err != nil {
		return f, malformed("Malformed 'domuuid' in JSON document")
	}
	fd, ok := o.Int("pipefd")
	if !ok {
		return f, malformed("Missing 'pipefd' in JSON document")
	}
	f.Pipe, err = open(fd, "pipe")
	return f, err
}

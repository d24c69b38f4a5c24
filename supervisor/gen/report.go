package gen

// Report is what the runtime tells whoever keeps the log: something below that
// nobody else may ever hear of.
type Report struct {
	Path   string // of the process
	Name   string // of its meta process, empty for the process itself
	Reason error
	Stuck  bool // it did not stop in its time, and is left behind
}

// Who is the path, with the name of the meta process.
func (r Report) Who() string {
	if r.Name == "" {
		return r.Path
	}
	return r.Path + "/" + r.Name
}

// OnReport makes f hear of processes that end in disorder or do not end at
// all. It is called from their goroutines and must not block.
func (s *System) OnReport(f func(Report)) { s.report.Store(&f) }

func (s *System) tell(r Report) {
	if f := s.report.Load(); f != nil {
		(*f)(r)
	}
}

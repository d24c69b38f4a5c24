package logd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"go.uber.org/zap"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// cleanEvery is how often old logs are looked for; the first time is after a day too.
const cleanEvery = 24 * time.Hour

// maxDays bounds what is counted back: no log is that old.
const maxDays = 1000 * 365

// cleaner is the process that removes old logs: the log files of a folder and of
// those in it, whose last byte was written before so many days, with their backups.
type cleaner struct {
	act.Actor
	service *Service
	root    string
	days    uint64
	backups uint64
}

type clean struct{}

// Init waits for a day.
func (k *cleaner) Init(p *gen.Process) error {
	p.SendAfter(cleanEvery, clean{})
	return nil
}

// HandleMessage cleans in a job: folders may be large and disks slow.
func (k *cleaner) HandleMessage(p *gen.Process, m any) error {
	if _, ok := m.(clean); !ok {
		return nil
	}
	p.SendAfter(cleanEvery, clean{})
	return p.Go("clean", func(context.Context) error {
		k.clean(time.Now())
		return nil
	})
}

// logName takes the name of a log file apart.
var logName = regexp.MustCompile(`^(.*)\.log(?:\.([0-9]+))?$`)

// chain is a log file with its backups.
type chain struct {
	last  time.Time // when anything was written to any of them
	files []string
	open  bool
}

func (k *cleaner) clean(now time.Time) {
	chains := map[string]*chain{}
	for _, f := range k.service.all() {
		if m := logName.FindStringSubmatch(f.Path); m != nil {
			chains[m[1]] = &chain{open: true}
		}
	}
	k.look(k.root, chains, true)
	oldest := now.AddDate(0, 0, -int(min(k.days, maxDays)))
	for _, c := range chains {
		if c.open || c.last.After(oldest) {
			continue
		}
		for _, path := range c.files {
			k.remove(path)
		}
	}
}

// look puts the log files of a folder together; deeper: of those in it too.
func (k *cleaner) look(dir string, chains map[string]*chain, deeper bool) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		k.service.log.Warn("cannot look for old logs", zap.Error(err))
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		st, err := os.Stat(path)
		switch {
		case err != nil:
			k.service.log.Warn("cannot look for old logs", zap.Error(err))
		case st.IsDir() && deeper:
			k.look(path, chains, false)
		case st.Mode().IsRegular():
			k.sort(path, st.ModTime(), chains)
		}
	}
}

// sort puts a file into its chain. A backup beyond the number that is kept
// belongs to no chain any more and is removed at once.
func (k *cleaner) sort(path string, modified time.Time, chains map[string]*chain) {
	m := logName.FindStringSubmatch(path)
	if m == nil {
		return
	}
	if m[2] != "" {
		n, err := strconv.ParseInt(m[2], 10, 32)
		if err != nil {
			return
		}
		if uint64(n) > k.backups {
			k.remove(path)
			return
		}
	}
	c := chains[m[1]]
	if c == nil {
		c = &chain{}
		chains[m[1]] = c
	}
	c.files = append(c.files, path)
	if modified.After(c.last) {
		c.last = modified
	}
}

func (k *cleaner) remove(path string) {
	k.service.log.Info("removing old log " + path)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		k.service.log.Warn("cannot remove an old log", zap.Error(err))
	}
}

package stdio

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// queue has what is still to be written to the logs of machines that run or have ended.
type queue struct {
	writing sync.Mutex // held while lines go out, so that they stay in order

	mu      sync.Mutex
	waiting []line
}

type line struct {
	dom  Domain
	text string
}

// maxWaiting bounds the lines that wait for a virtlogd that does not answer.
const maxWaiting = 1000

// Say puts a line into the queue, for Flush to write.
func (h *Handler) Say(now time.Time, d Domain, text string) {
	q := &h.lines
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) < maxWaiting {
		q.waiting = append(q.waiting, line{d, stamped(now, text)})
	}
}

// Flush writes what waits. What cannot be written is told to our own log and is gone.
func (h *Handler) Flush(ctx context.Context) {
	q := &h.lines
	q.writing.Lock()
	defer q.writing.Unlock()
	q.mu.Lock()
	lines := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	if len(lines) == 0 {
		return
	}
	l := h.logd()
	if l != nil {
		defer l.close()
	}
	ctx, cancel := context.WithTimeout(ctx, patience) // for all: who starts a machine waits for it
	defer cancel()
	for i := range lines {
		err := h.append(ctx, l, &lines[i])
		if err == nil {
			continue
		}
		h.Warn(fmt.Sprintf("cannot write to the log of domain '%s': %v", lines[i].dom.Name, err))
		if left := len(lines) - i - 1; left > 0 && ctx.Err() != nil {
			h.Warn(fmt.Sprintf("nor %d lines more to logs of domains", left))
			return
		}
	}
}

func (h *Handler) append(ctx context.Context, l *logd, line *line) error {
	if l != nil {
		return l.append(ctx, line.dom, h.path(line.dom), line.text)
	}
	f, err := os.OpenFile(h.path(line.dom), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(line.text)
	return err
}

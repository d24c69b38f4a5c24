package act

import (
	"testing"
	"testing/synctest"

	"virtree.dev/supervisor/gen"
)

func TestPoolPriority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(Limits{Min: 1, Max: 2, Priority: 1}, nil)
		hold := make(chan struct{})
		ran := make(chan string, 8)
		block := Job{Run: func(*Slot) { <-hold; ran <- "low" }}
		for range 3 {
			if err := p.Submit(block); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Submit(Job{High: true, Run: func(*Slot) { ran <- "high" }}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := <-ran; got != "high" {
			t.Fatal("the priority worker did not run", got)
		}
		if s := p.Stats(); s.Workers != 2 || s.Free != 0 || s.Queue != 1 || s.PriorityFree != 1 {
			t.Errorf("%+v", s)
		}
		close(hold)
		synctest.Wait()
		if len(ran) != 3 {
			t.Errorf("%d of 3 ran", len(ran))
		}
		p.Close()
		if p.Submit(block) != ErrClosed { //nolint:errorlint // exact
			t.Error("a closed pool took a job")
		}
	})
}

func TestPoolWaitingJobsLeaveTheirSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(Limits{Max: 1}, nil)
		hold := make(chan struct{})
		var after []int
		for i := range 5 {
			err := p.Submit(Job{Run: func(s *Slot) {
				s.Release()
				<-hold
				s.Reacquire()
				after = append(after, i) // one at a time: the race detector watches
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := p.Stats(); s.Queue != 0 || s.Free != s.Workers {
			t.Errorf("waiting jobs hold slots: %+v", s)
		}
		close(hold)
		synctest.Wait()
		p.Close()
		if len(after) != 5 {
			t.Errorf("%d of 5 came back", len(after))
		}
	})
}

func TestPoolLimitsCountAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(Limits{Max: 1}, nil)
		hold := make(chan struct{})
		running := make(chan int, 4)
		for i := range 4 {
			if err := p.Submit(Job{Run: func(*Slot) { running <- i; <-hold }}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if len(running) != 1 {
			t.Fatalf("%d run with one worker", len(running))
		}
		p.SetLimits(Limits{Max: 3})
		synctest.Wait()
		if len(running) != 3 {
			t.Errorf("%d run with three workers", len(running))
		}
		close(hold)
		p.Close()
	})
}

func TestPoolSurvivesAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []any
		p := NewPool(Limits{Max: 1}, func(e *gen.PanicError) { told = append(told, e.Value) })
		ran := false
		for _, run := range []func(*Slot){
			func(*Slot) { panic("holds its slot") },
			func(s *Slot) { s.Release(); panic("gave its slot back") },
			func(*Slot) { ran = true },
		} {
			if err := p.Submit(Job{Run: run}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if !ran || len(told) != 2 || p.Active() != 0 {
			t.Errorf("ran %v, told %v, active %d", ran, told, p.Active())
		}
		if s := p.Stats(); s.Free != s.Workers {
			t.Errorf("%+v", s)
		}
		p.Close()
	})
}

func TestClosedPoolWaitsForWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(Limits{Max: 1}, nil)
		hold := make(chan struct{})
		ran := 0
		for range 3 {
			if err := p.Submit(Job{Run: func(*Slot) { <-hold; ran++ }}); err != nil {
				t.Fatal(err)
			}
		}
		closed := make(chan struct{})
		go func() { p.Close(); close(closed) }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("closed with a job at work")
		default:
		}
		close(hold)
		<-closed
		if ran != 1 {
			t.Errorf("%d jobs ran, the queued ones too", ran)
		}
	})
}

func BenchmarkPool(b *testing.B) {
	p := NewPool(Limits{Max: 20}, nil)
	done := make(chan struct{}, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Submit(Job{Run: func(*Slot) { done <- struct{}{} }}); err != nil {
			b.Fatal(err)
		}
		<-done
	}
}

// Limits that shrink while jobs run count those until they are through; a pool
// without workers shows none.
func TestPoolStatsWhileShrinking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(Limits{Min: 1, Max: 4}, nil)
		hold := make(chan struct{})
		for range 4 {
			if err := p.Submit(Job{Run: func(*Slot) { <-hold }}); err != nil {
				t.Fatal(err)
			}
		}
		p.SetLimits(Limits{Min: 1, Max: 2})
		if s := p.Stats(); s.Workers != 4 || s.Free != 0 {
			t.Errorf("while all run: %+v", s)
		}
		close(hold)
		synctest.Wait()
		if s := p.Stats(); s.Workers != 2 || s.Free != 2 {
			t.Errorf("when they are through: %+v", s)
		}
		p.SetLimits(Limits{Min: 3, Max: 4})
		if s := p.Stats(); s.Workers != 3 || s.Free != 3 {
			t.Errorf("with a higher minimum: %+v", s)
		}
		p.Close()
		none := NewPool(Limits{}, nil)
		ran := false
		if err := none.Submit(Job{Run: func(*Slot) { ran = true }}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if s := none.Stats(); !ran || s.Workers != 0 || s.Free != 0 {
			t.Errorf("without workers: ran %v, %+v", ran, s)
		}
		none.Close()
	})
}

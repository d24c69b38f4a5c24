package keep

import "virtree.dev/internal/sys"

// What is dead on the shelves may be deadShare times what lives, and deadExtra.
// Beyond that, so many files that live go from a head to the tail with each change.
const (
	deadShare = 3
	deadExtra = 256
	moves     = 4
)

// tidy takes from a shelf what has come to its head and counts no more, and gives
// up a shelf that has nothing left. It is cheap, so that it is done with every change.
func (v *Vault) tidy() {
	if v.dead == 0 || len(v.shelves) == 0 {
		return
	}
	v.turn++
	at := v.turn % len(v.shelves)
	s := v.shelves[at]
	for range moves {
		waiting := s.waiting()
		if len(waiting) == 0 {
			break
		}
		if _, lives := v.live[waiting[0]]; lives && v.dead <= deadShare*len(v.live)+deadExtra {
			break
		}
		if v.advance(s) != nil {
			return
		}
	}
	if last := len(v.shelves) - 1; at != last && len(s.waiting()) == 0 {
		in, out := s.names()
		v.holder.Drop(in)
		v.holder.Drop(out)
		s.close()
		v.shelves = append(v.shelves[:at], v.shelves[at+1:]...)
	}
}

// advance takes away what is at a head; a copy of what counts is at the tail before that.
func (v *Vault) advance(s *shelf) error {
	number := s.waiting()[0]
	if _, lives := v.live[number]; lives {
		if err := v.copy(s, number); err != nil {
			return err
		}
		v.dead++
	}
	if err := s.drop(); err != nil {
		return err
	}
	v.dead--
	return nil
}

func (v *Vault) copy(s *shelf, number uint64) error {
	file, err := s.first()
	if err != nil {
		return err
	}
	defer file.Close()
	fd, err := sys.Number(file)
	if err != nil {
		return err
	}
	return v.place(number, fd)
}

// turnOver goes once through a whole shelf, after which nothing dead is on it and
// nothing twice.
func (v *Vault) turnOver(s *shelf) error {
	copied := map[uint64]bool{}
	for range len(s.waiting()) {
		number := s.waiting()[0]
		if copied[number] {
			if err := s.drop(); err != nil {
				return err
			}
			v.dead--
			continue
		}
		copied[number] = true
		if err := v.advance(s); err != nil {
			return err
		}
	}
	return nil
}

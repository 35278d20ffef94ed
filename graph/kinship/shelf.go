package kinship

import (
	"cmp"
	"slices"
	"sync"
)

// shelf holds the code of the images, as far as there is room. What does not fit
// is decoded again when it is needed: comparisons are then done in an order in
// which each image is decoded as often as there are blocks (see pairs), and not
// once for each comparison.
//
// It holds at most room bytes of code, or two images where these alone take more.
type shelf struct {
	f    *family
	room int64

	mu    sync.Mutex
	held  []*code // by image; nil: not here
	bytes []int64 // by image: what its code takes; 0: not known
	taken int64
	desks []*desk // that nobody works at
}

// roomForCode is how much code is held: that of some three million functions.
const roomForCode = 128 << 20

func newShelf(f *family, room int64) *shelf {
	return &shelf{f: f, room: room, held: make([]*code, len(f.images)), bytes: make([]int64, len(f.images))}
}

// read decodes the code of an image; nil when it cannot be read, or when it is
// not that of the marks that were read first.
func (s *shelf) read(image uint32) *code {
	set, err := s.f.images[image].bare()
	if err != nil || len(set.Functions) != int(s.f.base[image+1]-s.f.base[image]) {
		return nil
	}
	return newCode(set)
}

// take gives the code of an image, and keeps it when there is room.
func (s *shelf) take(image uint32) *code {
	s.mu.Lock()
	c := s.held[image]
	s.mu.Unlock()
	if c != nil {
		return c
	}
	if c = s.read(image); c == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := c.bytes()
	s.bytes[image] = n
	if s.held[image] == nil && s.taken+n <= s.room {
		s.held[image] = c
		s.taken += n
	}
	return c
}

// calls gives the code of an image of which only the calls are needed: what does not
// fit on the shelf is decoded without the rest.
func (s *shelf) calls(image uint32) *code {
	s.mu.Lock()
	fits := s.held[image] != nil || s.taken+s.size(image) <= s.room
	s.mu.Unlock()
	if fits {
		return s.take(image)
	}
	set, err := s.f.images[image].calls()
	if err != nil || len(set.Functions) != int(s.f.base[image+1]-s.f.base[image]) {
		return nil
	}
	return newCode(set)
}

// guessed is what the code of a function takes, about, where it was not looked at.
const guessed = 48

// size is what the code of an image takes, or about that.
func (s *shelf) size(image uint32) int64 {
	if n := s.bytes[image]; n > 0 {
		return n
	}
	return guessed * int64(s.f.base[image+1]-s.f.base[image])
}

// each shows the code of all images on all processors; what cannot be read is left out.
func (s *shelf) each(do func(d *desk, image int, c *code)) {
	each(len(s.f.images), func(i int) {
		if c := s.take(uint32(i)); c != nil {
			d := s.desk()
			do(d, i, c)
			s.leave(d)
		}
	})
}

// pairs shows the code of two images for each task, on all processors; a task of
// which one cannot be read is left out. The order is that of the images: these are
// cut into blocks of which two fit, and the tasks of two blocks are done together.
func (s *shelf) pairs(tasks []imagePair, do func(d *desk, task int, a, b *code)) {
	for _, t := range s.turns(tasks) {
		s.hold(tasks, t)
		each(len(t), func(i int) {
			p := tasks[t[i]]
			a, b := s.held[p.a], s.held[p.b]
			if a == nil || b == nil {
				return
			}
			d := s.desk()
			do(d, t[i], a, b)
			s.leave(d)
		})
	}
}

// turns cuts tasks into those that are done together, in order.
func (s *shelf) turns(tasks []imagePair) [][]int {
	block := s.blocks(tasks)
	order := make([]int, len(tasks))
	for i := range order {
		order[i] = i
	}
	between := func(p imagePair) imagePair {
		return imagePair{min(block[p.a], block[p.b]), max(block[p.a], block[p.b])}
	}
	slices.SortStableFunc(order, func(x, y int) int {
		if c := comparePairs(between(tasks[x]), between(tasks[y])); c != 0 {
			return c
		}
		a, b := tasks[x], tasks[y]
		return cmp.Or(cmp.Compare(a.b, b.b), cmp.Compare(a.a, b.a)) // the second side stays on its desk
	})
	var out [][]int
	for at := 0; at < len(order); {
		end := at + 1
		for end < len(order) && between(tasks[order[end]]) == between(tasks[order[at]]) {
			end++
		}
		out = append(out, order[at:end])
		at = end
	}
	return out
}

// blocks numbers the blocks of the images that tasks name: one when all fit.
func (s *shelf) blocks(tasks []imagePair) []uint32 {
	needed := s.needed(tasks, nil)
	total := int64(0)
	for i, n := range needed {
		if n {
			total += s.size(uint32(i))
		}
	}
	out := make([]uint32, len(needed))
	if total <= s.room {
		return out
	}
	block, filled := uint32(0), int64(0)
	for i, n := range needed {
		if !n {
			continue
		}
		if n := s.size(uint32(i)); filled > 0 && filled+n > s.room/2 {
			block, filled = block+1, 0
		}
		filled += s.size(uint32(i))
		out[i] = block
	}
	return out
}

// needed says which images some tasks name; all when which is nil.
func (s *shelf) needed(tasks []imagePair, which []int) []bool {
	out := make([]bool, len(s.held))
	if which == nil {
		for _, p := range tasks {
			out[p.a], out[p.b] = true, true
		}
	}
	for _, i := range which {
		out[tasks[i].a], out[tasks[i].b] = true, true
	}
	return out
}

// hold decodes what the tasks of a turn need, and puts away the rest when there is
// no room for both.
func (s *shelf) hold(tasks []imagePair, turn []int) {
	needed := s.needed(tasks, turn)
	var missing []uint32
	more := int64(0)
	for i, n := range needed {
		if n && s.held[i] == nil {
			missing = append(missing, uint32(i))
			more += s.size(uint32(i))
		}
	}
	if s.taken+more > s.room {
		s.desks = nil // that remember what they worked at
		for i, c := range s.held {
			if c != nil && !needed[i] {
				s.taken -= c.bytes()
				s.held[i] = nil
			}
		}
	}
	each(len(missing), func(n int) { s.held[missing[n]] = s.read(missing[n]) })
	for _, i := range missing {
		if c := s.held[i]; c != nil {
			s.bytes[i] = c.bytes()
			s.taken += s.bytes[i]
		}
	}
}

// desk gives a place to work at.
func (s *shelf) desk() *desk {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.desks); n > 0 {
		d := s.desks[n-1]
		s.desks = s.desks[:n-1]
		return d
	}
	return &desk{}
}

func (s *shelf) leave(d *desk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desks = append(s.desks, d)
}

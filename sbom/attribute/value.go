package attribute

import "slices"

// valueKind is what is known of a value besides what it is made of.
type valueKind uint8

const (
	valueAny    valueKind = iota // nothing
	valueNumber                  // it is the number or address n
	valueWord                    // it is the word that the image holds at n
	valueFrame                   // it is an address in the function's own frame, n from where its stack was at entry
)

// noObject is the object that stores to are of no interest: buffers of the
// garbage collector.
const noObject = -1

// value is what a register or a word of the frame may hold.
type value struct {
	kind  valueKind
	loose bool // n is where something begins; how far behind it the value points is not known
	n     int64
	made  uint64 // bits of the literals and parameters that it is made of
	of    int32  // the object that it points to: 1 + the step of the call that gave it; 0: not known
}

// join is what holds of both values.
func (v value) join(w value) value {
	if v == w {
		return v
	}
	out := value{made: v.made | w.made}
	switch {
	case v.kind == w.kind && v.n == w.n:
		out.kind, out.n, out.loose = v.kind, v.n, v.loose || w.loose
	case v.kind == valueFrame && w.kind == valueFrame && (!v.loose || w.n > v.n): // a pointer that goes on, by steps
		out.kind, out.n, out.loose = v.kind, min(v.n, w.n), true
	}
	if v.of == w.of {
		out.of = v.of
	}
	return out
}

// world is what is known in front of one step.
type world struct {
	regs  [64]value
	words cells // of the frame, in steps of 8
	areas cells // what memory of the frame is made of, from an offset on
}

// cells are values by their offset in the frame, rising. They are few, and copied
// often.
type cells []cell

type cell struct {
	off int64
	value
}

// maxWords is how much of one frame is followed.
const maxWords = 1024

func (c cells) find(off int64) (int, bool) {
	low, high := 0, len(c)
	for low < high {
		mid := (low + high) / 2
		if c[mid].off < off {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(c) && c[low].off == off
}

func (c cells) get(off int64) (value, bool) {
	if i, ok := c.find(off); ok {
		return c[i].value, true
	}
	return value{}, false
}

func (c *cells) set(off int64, v value) {
	i, ok := c.find(off)
	switch {
	case ok:
		(*c)[i].value = v
	case len(*c) < maxWords:
		*c = slices.Insert(*c, i, cell{off, v})
	}
}

// meet takes in other cells, and reports whether that says more. What only one
// side has stays as it is.
func (c *cells) meet(other cells) bool {
	more, i := false, 0
	for _, x := range other {
		for i < len(*c) && (*c)[i].off < x.off {
			i++
		}
		switch {
		case i == len(*c) || (*c)[i].off > x.off:
			if len(*c) < maxWords {
				*c, more = slices.Insert(*c, i, x), true
			}
		default:
			if v := (*c)[i].join(x.value); v != (*c)[i].value {
				(*c)[i].value, more = v, true
			}
		}
	}
	return more
}

func (w *world) clone() *world {
	out := &world{}
	out.take(w)
	return out
}

func (w *world) take(from *world) {
	w.regs = from.regs
	w.words = append(w.words[:0], from.words...)
	w.areas = append(w.areas[:0], from.areas...)
}

// meet takes in another way to the same step, and reports whether that says more.
func (w *world) meet(other *world) bool {
	more := false
	for i := range w.regs {
		if w.regs[i] == other.regs[i] {
			continue
		}
		if v := w.regs[i].join(other.regs[i]); v != w.regs[i] {
			w.regs[i], more = v, true
		}
	}
	words := w.words.meet(other.words)
	areas := w.areas.meet(other.areas)
	return more || words || areas
}

// put stores a value in the frame. Part of a word adds to what is there.
func (w *world) put(off int64, v value, size uint8) {
	at := off &^ 7
	switch {
	case size == 8 && at == off:
		w.words.set(at, v)
	case size == 16:
		half := value{made: v.made, of: v.of}
		w.words.set(at, half)
		w.words.set(at+8, half)
	default:
		old, _ := w.words.get(at)
		w.words.set(at, value{made: old.made | v.made})
	}
}

// bases are the offsets in a frame to which code makes addresses: where what has
// an address of its own begins. Sorted.
type bases []int64

func (b *bases) add(off int64) {
	if i, ok := slices.BinarySearch(*b, off); !ok && len(*b) < maxWords {
		*b = slices.Insert(*b, i, off)
	}
}

// next is the first base behind an offset, or a far one.
func (b bases) next(off int64) int64 {
	i, ok := slices.BinarySearch(b, off)
	if ok {
		i++
	}
	if i < len(b) {
		return b[i]
	}
	return 1 << 62
}

// blank forgets the words behind an offset in which nothing was stored but zeros:
// what fills the memory there fills them too.
func (w *world) blank(off int64, b bases) {
	end := b.next(off)
	i, ok := w.words.find(off&^7 + 8)
	if !ok {
		return
	}
	first, kept := i, i
	for at := w.words[i].off; i < len(w.words) && w.words[i].off == at && at < end && i-first < maxRegion; i, at = i+1, at+8 {
		if x := w.words[i]; x.made != 0 || x.of != 0 || x.kind > valueNumber {
			w.words[kept], kept = x, kept+1
		}
	}
	w.words = append(w.words[:kept], w.words[i:]...)
}

// maxRegion is how many words of a frame one address may lead to.
const maxRegion = 256

// region lists the words of the frame that belong to what begins at an offset, as
// far as one can see: up to the next base, and to a word that nothing was stored in.
func (w *world) region(off int64, b bases, each func(value)) {
	end := b.next(off)
	i, ok := w.words.find(off &^ 7)
	if !ok {
		return
	}
	for n, at := 0, off&^7; i < len(w.words) && w.words[i].off == at && at < end && n < maxRegion; i, n, at = i+1, n+1, at+8 {
		each(w.words[i].value)
	}
}

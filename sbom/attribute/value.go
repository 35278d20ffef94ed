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
	if v.kind == w.kind && v.n == w.n {
		out.kind, out.n, out.loose = v.kind, v.n, v.loose || w.loose
	}
	if v.of == w.of {
		out.of = v.of
	}
	return out
}

// world is what is known in front of one step.
type world struct {
	regs  [64]value
	words map[int64]value  // of the frame, by offset, in steps of 8
	areas map[int64]uint64 // what memory of the frame is made of, from an offset on
}

// maxWords is how much of one frame is followed.
const maxWords = 1024

func newWorld() *world { return &world{words: map[int64]value{}, areas: map[int64]uint64{}} }

func (w *world) clone() *world {
	out := newWorld()
	out.take(w)
	return out
}

func (w *world) take(from *world) {
	w.regs = from.regs
	clear(w.words)
	clear(w.areas)
	for k, v := range from.words {
		w.words[k] = v
	}
	for k, v := range from.areas {
		w.areas[k] = v
	}
}

// meet takes in another way to the same step, and reports whether that says more.
func (w *world) meet(other *world) bool {
	more := false
	for i := range w.regs {
		if v := w.regs[i].join(other.regs[i]); v != w.regs[i] {
			w.regs[i], more = v, true
		}
	}
	for k, v := range other.words {
		old, ok := w.words[k]
		if ok {
			v = old.join(v)
		}
		if !ok && len(w.words) < maxWords || ok && v != old {
			w.words[k], more = v, true
		}
	}
	for k, v := range other.areas {
		if old, ok := w.areas[k]; v&^old != 0 && (ok || len(w.areas) < maxWords) {
			w.areas[k], more = old|v, true
		}
	}
	return more
}

// put stores a value in the frame. Part of a word adds to what is there.
func (w *world) put(off int64, v value, size uint8) {
	at := off &^ 7
	switch {
	case size == 8 && at == off:
		w.set(at, v)
	case size == 16:
		half := value{made: v.made, of: v.of}
		w.set(at, half)
		w.set(at+8, half)
	default:
		old := w.words[at]
		w.set(at, value{made: old.made | v.made})
	}
}

func (w *world) set(at int64, v value) {
	if _, ok := w.words[at]; ok || len(w.words) < maxWords {
		w.words[at] = v
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
	for at, n := off&^7+8, 0; at < end && n < maxRegion; at, n = at+8, n+1 {
		v, ok := w.words[at]
		if !ok {
			return
		}
		if v.made == 0 && v.of == 0 && v.kind <= valueNumber {
			delete(w.words, at)
		}
	}
}

// maxRegion is how many words of a frame one address may lead to.
const maxRegion = 256

// region lists the words of the frame that belong to what begins at an offset, as
// far as one can see: up to the next base, and to a word that nothing was stored in.
func (w *world) region(off int64, b bases, each func(value)) {
	end := b.next(off)
	for at, n := off&^7, 0; at < end && n < maxRegion; at, n = at+8, n+1 {
		v, ok := w.words[at]
		if !ok {
			break
		}
		each(v)
	}
}

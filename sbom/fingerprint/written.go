package fingerprint

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// Written is bytes that instructions of one function put together in memory,
// piece by piece: a text that stands in no one place of the file, such as a
// short string object or a literal that its author took apart.
type Written struct {
	Function uint32 // index into Set.Functions
	Address  uint64 // of the first instruction that writes a part of it
	Size     uint64 // from there to behind the last one
	Bytes    []byte
}

// Sized is a literal that a function uses with its length: compilers of languages
// that keep both together (Go, Rust, Swift) lay literals end to end, so that
// nothing else says where one ends.
type Sized struct {
	Function uint32 // index into Set.Functions
	Address  uint64 // of the literal
	Length   uint64
	Stored   bool // both were written side by side to memory; else they are arguments of one call
}

// Bounds of what is followed in one function, and of what counts.
const (
	minWritten   = 6    // bytes of the shortest text
	maxWritten   = 1024 // bytes that belong together
	maxPieces    = 4096 // writes of one function
	maxWrittenIn = 1 << 16
	maxSized     = 4096 // bytes of a literal with its length
	maxSizedIn   = 1 << 20
	recentStores = 16 // in which the other half of a text is looked for
)

// writer follows what one function writes. A base is a register with all that it
// held since it was changed last: what is written relative to another base
// belongs together with nothing here.
type writer struct {
	code   *Code
	out    []Written
	sized  []Sized
	recent [recentStores]halfText
	latest int
	index  uint32
	pieces []written
	now    []written // room for flush
	total  int       // pieces of the function so far

	slots    map[baseAt]baseAt // words of the frame in which a base was put aside: which one, and an offset from it
	fresh    uint32            // bases that were only seen there
	barriers map[uint64]bool   // helpers of Go's garbage collector, which leave all registers but one
}

// baseAt is a base with an offset.
type baseAt struct {
	base uint32
	off  int64
}

// noRegister is the register of a base that was never seen in one.
const noRegister = 31

// reload is the base that a word of the frame holds: compilers that do not optimise
// put every value aside and load it again for each use.
func (w *writer) reload(at baseAt) baseAt {
	p, ok := w.slots[at]
	if !ok {
		w.fresh++
		p = baseAt{noRegister | w.fresh<<5, 0}
		w.slots[at] = p
	}
	return p
}

// halfText is the address or the length of a text, as a function stores it.
type halfText struct {
	base    uint32
	off     int64
	value   uint64
	address bool
	used    bool
}

// half notes a store of 8 bytes that may be a half of a text.
func (w *writer) half(base uint32, off int64, value uint64, address bool) {
	if !address && (value < 2 || value > maxSized) {
		return
	}
	other := off + 8
	if !address {
		other = off - 8
	}
	for i := range w.recent {
		if h := &w.recent[i]; h.used && h.base == base && h.off == other && h.address != address {
			if address {
				w.text(value, h.value, true)
			} else {
				w.text(h.value, value, true)
			}
			h.used = false
			return
		}
	}
	w.recent[w.latest] = halfText{base, off, value, address, true}
	w.latest = (w.latest + 1) % recentStores
}

// text notes a literal with its length.
func (w *writer) text(address, length uint64, stored bool) {
	if length >= 2 && length <= maxSized && len(w.sized) < maxSizedIn {
		w.sized = append(w.sized, Sized{w.index, address, length, stored})
	}
}

type written struct {
	base  uint32 // register, and how often it was changed before
	off   int64
	at    uint64 // address of the instruction
	size  uint8
	value [16]byte
}

// Texts finds what functions of an image write piece by piece, and the literals
// that they use with a length. Branches are not followed: the instructions are
// taken in their order. What is written twice at one place begins a new text. It
// reads the code once more.
func Texts(c *Code, s *Set) ([]Written, []Sized) {
	w := &writer{code: c, slots: map[baseAt]baseAt{}, barriers: map[uint64]bool{}}
	for i := range s.Functions {
		if strings.HasPrefix(s.Functions[i].Name, "runtime.gcWriteBarrier") {
			w.barriers[s.Functions[i].Address] = true
		}
	}
	var run func(code []byte, base uint64)
	switch c.Arch {
	case "arm64", "arm64e", "arm64_32":
		a := &armWriter{writer: w}
		run = a.run
	case "x86_64", "x86_64h":
		x := &x86Writer{writer: w}
		run = x.run
	default:
		return nil, nil
	}
	p := &pass{code: c}
	for i := range s.Functions {
		f := &s.Functions[i]
		code := p.bytesAt(f.Address)
		code = code[:min(len(code), int(f.Size))]
		w.index, w.total, w.recent = uint32(i), 0, [recentStores]halfText{}
		clear(w.slots)
		run(code, f.Address)
		w.flush(func(*written) bool { return true })
	}
	return w.out, w.sized
}

// write notes a piece.
func (w *writer) write(base uint32, off int64, at uint64, value []byte) {
	if w.total++; w.total > maxPieces || off < -1<<31 || off > 1<<31 {
		return
	}
	n := written{base: base, off: off, at: at, size: uint8(min(len(value), 16))}
	copy(n.value[:], value)
	end := off + int64(n.size)
	for i := len(w.pieces) - 1; i >= 0; i-- {
		if o := &w.pieces[i]; o.base == base && o.off < end && off < o.off+int64(o.size) {
			w.flush(func(x *written) bool { return x.base == base })
			break
		}
	}
	w.pieces = append(w.pieces, n)
}

// flush hands out what belongs together among the pieces that done names, and
// forgets them.
func (w *writer) flush(done func(*written) bool) {
	if len(w.pieces) == 0 {
		return
	}
	now := w.now[:0]
	rest := w.pieces[:0]
	for i := range w.pieces {
		if x := w.pieces[i]; done(&x) {
			now = append(now, x)
		} else {
			rest = append(rest, x)
		}
	}
	w.pieces, w.now = rest, now
	slices.SortStableFunc(now, func(a, b written) int {
		if a.base != b.base {
			return compare(uint64(a.base), uint64(b.base))
		}
		return compare(uint64(a.off)+1<<63, uint64(b.off)+1<<63)
	})
	for i := 0; i < len(now); {
		j := i + 1
		for j < len(now) && now[j].base == now[i].base && now[j].off == now[j-1].off+int64(now[j-1].size) && now[j].off-now[i].off < maxWritten {
			j++
		}
		w.emit(now[i:j])
		i = j
	}
}

func (w *writer) emit(l []written) {
	if len(w.out) >= maxWrittenIn {
		return
	}
	if n := l[len(l)-1].off - l[0].off + int64(l[len(l)-1].size); n < minWritten {
		return
	}
	o := Written{Function: w.index, Address: l[0].at}
	last := l[0].at
	for i := range l {
		o.Bytes = append(o.Bytes, l[i].value[:l[i].size]...)
		o.Address, last = min(o.Address, l[i].at), max(last, l[i].at)
	}
	if o.Bytes = bytes.TrimRight(o.Bytes, "\x00"); len(o.Bytes) < minWritten || !various(o.Bytes) {
		return
	}
	o.Size = last - o.Address + 4
	w.out = append(w.out, o)
}

// various reports whether bytes may be a text in some form: enough different
// ones, and few zeros.
func various(b []byte) bool {
	var seen [4]uint64
	zeros, different := 0, 0
	for _, c := range b {
		if c == 0 {
			zeros++
		} else if bit := uint64(1) << (c & 63); seen[c>>6]&bit == 0 {
			seen[c>>6] |= bit
			different++
		}
	}
	return different >= 4 && 2*zeros < len(b)
}

func little(v uint64) [16]byte {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], v)
	return b
}

package fingerprint

import (
	"math"
	"slices"
)

// pass is the state of one pass.
type pass struct {
	code    *Code
	x86     bool
	half    bool     // pointers have 4 bytes
	starts  []uint64 // of the functions, rising
	sizes   []uint64 // in bytes, up to the next function at most
	near    []piece  // where functions begin, see indexFunctions
	first   uint64   // address of the first piece
	step    uint     // log2 of the bytes of a step
	between bool     // some function begins between the steps, or shares one
	astray  bool     // near was left out
	entries []entry  // what a call of each function looks at
	section int      // where bytesAt found the last address
	data    []Range  // what is left of the data in code, from the function on

	contents  contents
	targets   targets
	addressed []uint32 // by function: 1 + the last function that took its address
	set       *Set
	uses      []uint32 // indices in contents, of all functions so far
	calls     []Call
	seen      []seen  // references, in the order of the code
	shorts    []short // those that seen has as shortText
	decoded   []byte  // their texts
	methods   []implemented
	objects   []uint32          // by Code.Objects: 1 + index in Set.Objects; 0: not looked at yet
	named     map[string]uint32 // by name: 1 + index in Set.Objects
	tabler    *tabler           // nil: no table of data is known

	// of the function at hand
	index uint32
	sum   uint64 // of what it refers to, in any order
	state uint64 // of the shape
	count uint64 // of the tokens
	end   uint64 // offset behind its last instruction that is no padding
}

// entry is what a call of a function looks at.
type entry struct {
	called uint32 // 1 + the last function that called it
	island bool   // it is a branch island
}

// seen is a reference while the pass is at work.
type seen struct {
	function uint32
	place    uint32 // index in targets.places, or shortPlace + index in shorts
}

// shortPlace marks the short strings among the references. An image has fewer
// references than that: each takes an instruction, and a file has 4 GiB at most.
const shortPlace = 1 << 31

// short is a short string that code puts together.
type short struct {
	at         uint64 // address of the instruction that completes it
	start, end int    // in pass.decoded
}

// Pass reads the code of one image once, from front to back, and gives its
// functions with marks, features and calls, and what ties them to places of the
// slice, in the order of the code. Code of an architecture that has no pass gives
// an empty Set: that is a gap, which the caller states. The caller also fills
// Set.Image.
//
// Boundaries are claims: those outside of every section are left out, one that
// reaches into the next function ends there, and of several at one address the
// first with a name counts.
func Pass(c *Code) (*Set, []Reference) {
	p := &pass{code: c, set: &Set{Arch: c.Arch}, half: c.Arch == "arm64_32"}
	switch c.Arch {
	case "arm64", "arm64e", "arm64_32":
	case "x86_64", "x86_64h":
		p.x86 = true
	default:
		return p.set, nil
	}
	if c.Resolve == nil || !inOrder(c) {
		p.code = tidied(c)
	}
	p.bound()
	if len(p.set.Functions) == 0 {
		return p.set, nil
	}
	p.prepare()
	if p.x86 {
		p.passX86()
	} else {
		p.passARM()
	}
	p.assemble()
	p.tables()
	return p.set, p.references()
}

// inOrder reports whether the lists are sorted as Code promises.
func inOrder(c *Code) bool {
	return slices.IsSortedFunc(c.Sections, bySection) && slices.IsSortedFunc(c.Functions, byAddress) && slices.IsSortedFunc(c.Data, byRange)
}

// tidied is Code with sorted lists and a Resolve, for a caller that broke its promise.
func tidied(c *Code) *Code {
	t := *c
	t.Sections, t.Functions, t.Data = slices.Clone(c.Sections), slices.Clone(c.Functions), slices.Clone(c.Data)
	slices.SortStableFunc(t.Sections, bySection)
	slices.SortStableFunc(t.Functions, byAddress)
	slices.SortStableFunc(t.Data, byRange)
	if t.Resolve == nil {
		t.Resolve = func(uint64) Target { return Target{} }
	}
	return &t
}

func bySection(a, b Section) int { return compare(a.Address, b.Address) }

func byAddress(a, b Boundary) int { return compare(a.Address, b.Address) }

func byRange(a, b Range) int { return compare(a.Address, b.Address) }

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// bound turns the boundaries into functions that do not overlap.
func (p *pass) bound() {
	all := p.code.Functions
	p.set.Functions = make([]Function, 0, len(all))
	p.starts, p.sizes, p.entries = make([]uint64, 0, len(all)), make([]uint64, 0, len(all)), make([]entry, 0, len(all))
	for i := 0; i < len(all); {
		b := all[i]
		for i++; i < len(all) && all[i].Address == b.Address; i++ {
			if b.Name == "" {
				b.Name, b.From = all[i].Name, all[i].From
			}
			if b.Object == 0 {
				b.Object = all[i].Object
			}
			b.Size = max(b.Size, all[i].Size)
		}
		code := p.bytesAt(b.Address)
		size := min(uint64(len(code)), math.MaxUint32)
		if i < len(all) {
			size = min(size, all[i].Address-b.Address)
		}
		if b.Size != 0 {
			size = min(size, b.Size)
		}
		if size == 0 {
			continue
		}
		island := false
		if size <= maxIsland { // longer ones are not worth touching now
			_, island = p.island(b.Address, code)
		}
		p.starts, p.sizes, p.entries = append(p.starts, b.Address), append(p.sizes, size), append(p.entries, entry{island: island})
		p.set.Functions = append(p.set.Functions, Function{Address: b.Address, Name: b.Name, From: b.From, Object: p.object(b.Object)})
	}
}

// prepare makes what the functions share.
func (p *pass) prepare() {
	n := len(p.set.Functions)
	p.addressed = make([]uint32, n)
	p.contents.often = frequent()
	total := 0
	for i := range p.sizes {
		total += int(p.sizes[i])
	}
	p.contents.grow(total / 1024)
	p.contents.list = make([]content, 0, total/768)
	p.contents.text.Grow(total / 32)
	p.targets.grow(total / 192)
	p.targets.list = make([]target, 0, total/384)
	p.targets.places = make([]placed, 0, total/384)
	p.calls = make([]Call, 0, total/64)
	p.uses = make([]uint32, 0, total/96)
	p.seen = make([]seen, 0, total/96)
	p.indexFunctions()
	p.data = p.code.Data
	p.classes()
	p.startTables()
}

// begin starts function i and gives its code.
func (p *pass) begin(i int) []byte {
	p.index, p.sum, p.state, p.count, p.end = uint32(i), 0, mixEnd, 0, 0
	for len(p.methods) > 0 && p.methods[0].function == p.index {
		p.use(p.methods[0].feature)
		p.methods = p.methods[1:]
	}
	return p.bytesAt(p.starts[i])[:p.sizes[i]]
}

// close takes over what was found in the function.
func (p *pass) close() {
	f := &p.set.Functions[p.index]
	f.Size, f.Instructions = uint32(p.end), uint32(p.count)
	f.Shape = Mark(finish(p.state, p.count))
	f.Full = Mark(finish(mix(uint64(f.Shape), p.sum), 1))
	f.uses, f.calls = uint32(len(p.uses)), uint32(len(p.calls))
}

// runs calls run for each part of a function's code that is no data, in order:
// from and to are offsets into the code. Zeros at the end are padding. Data that
// reach behind the function are left for the next one.
func (p *pass) runs(code []byte, run func(code []byte, from, to uint64)) {
	start, size := p.starts[p.index], uint64(len(code))
	from, to := uint64(0), trimmed(code)
	if !p.x86 {
		to = min((to+3)&^3, size&^3)
	}
	for len(p.data) > 0 && from < to {
		first, behind := p.dataIn(start, size)
		if first >= size {
			break
		}
		if t := p.tabler; t != nil && (len(t.mixed) == 0 || t.mixed[len(t.mixed)-1] != p.index) {
			t.mixed = append(t.mixed, p.index)
		}
		if !p.x86 {
			first, behind = first&^3, (behind+3)&^3
		}
		if first > from {
			run(code, from, min(first, to))
		}
		from = max(from, behind)
		if behind >= size {
			break
		}
		p.data = p.data[1:]
	}
	if from < to {
		run(code, from, to)
	}
}

// trimmed is the length of code without zeros at the end.
func trimmed(code []byte) uint64 {
	n := len(code)
	for n > 0 && code[n-1] == 0 {
		n--
	}
	return uint64(n)
}

// dataIn is the first range of data as offsets into the function, cut to it.
func (p *pass) dataIn(start, size uint64) (first, behind uint64) {
	d := p.data[0]
	if d.Address >= start {
		first = min(d.Address-start, size)
		return first, first + min(d.Size, size-first)
	}
	if gone := start - d.Address; d.Size > gone {
		return 0, min(d.Size-gone, size)
	}
	return 0, 0
}

// references lists what the functions refer to, in the order of the code.
func (p *pass) references() []Reference {
	out := make([]Reference, len(p.seen))
	for i, r := range p.seen {
		if r.place >= shortPlace {
			s := &p.shorts[r.place-shortPlace]
			out[i] = Reference{
				Function: r.function, Kind: TargetString, Slot: s.at, Offset: -1, Length: int64(s.end - s.start),
				Decoded: p.decoded[s.start:s.end:s.end],
			}
			continue
		}
		t, to := &p.targets.places[r.place], &out[i]
		to.Function, to.Kind, to.Slot, to.Offset, to.Length = r.function, t.kind, t.address, t.offset, t.length // not as one value: no pointer is written
	}
	return out
}

// assemble orders the features, and gives each function its own.
func (p *pass) assemble() {
	s := p.set
	s.Uses, s.Calls = slices.Clone(p.uses), slices.Clone(p.calls) // the room that they were given is not kept
	p.uses, p.calls = nil, nil
	var ranks []uint32
	s.Features, ranks = p.contents.features()
	for i, id := range s.Uses {
		s.Uses[i] = ranks[id]
	}
	start := uint32(0)
	for i := range s.Functions {
		slices.Sort(s.Uses[start:s.Functions[i].uses])
		start = s.Functions[i].uses
	}
	p.roots()
}

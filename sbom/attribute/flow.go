package attribute

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Bits of what a value is made of: the parameters of the function first.
const (
	parameters = 8
	maxFollows = 64 - parameters
)

// flow follows values through one function.
type flow struct {
	*follower
	function int
	steps    []fingerprint.Step
	starts   []int // of blocks, in steps; sorted
	before   []*world
	dirty    []bool
	bases    bases
	wide     map[int64]bool // bases of what functions of the image filled: more than one thing, perhaps

	led map[uint64]bool // addresses that a branch inside leads to

	exact   map[uint64]uint64 // by address that code names: bits of the literals
	tables  []tableWord       // sorted by address
	pieces  []pieceOf         // instructions that write texts piece by piece
	results map[int]uint64    // by function: bit of the literals that it returns

	now     *world
	objects map[int32]uint64 // by object: what it holds
	step    int
	stored  []int64 // offsets in the frame that were stored to since the last call

	uses  [64]useSet
	seen  uint64             // bits that came up
	given uint64             // bits that the function returns
	into  [parameters]uint64 // what is stored through each parameter
}

// tableWord is a word of a table that names a literal.
type tableWord struct {
	address uint64
	bit     uint64
}

// pieceOf are instructions that write a text piece by piece.
type pieceOf struct {
	from, to uint64
	bit      uint64
}

// note says that what a value is made of has a use.
func (f *flow) note(made uint64, use useSet) {
	for i := 0; made != 0; i, made = i+1, made>>1 {
		if made&1 == 1 {
			f.uses[i] |= use
		}
	}
}

// run follows all ways through the function until nothing more comes up. It
// reports whether that was reached within the bounds.
func (f *flow) run() bool {
	f.divide()
	if len(f.starts) == 0 {
		return false
	}
	entry := &world{}
	for i, r := range f.arguments {
		if i < parameters {
			entry.regs[r].made = 1 << i
		}
	}
	stack := 31
	if f.x86 {
		stack = 4
	}
	entry.regs[stack] = value{kind: valueFrame}
	f.before[0], f.dirty[0] = entry, true
	f.now = &world{}
	for again := true; again; {
		again = false
		for b := range f.starts {
			if !f.dirty[b] {
				continue
			}
			again = true
			f.dirty[b] = false
			end := len(f.steps)
			if b+1 < len(f.starts) {
				end = f.starts[b+1]
			}
			if f.left -= end - f.starts[b] + 8 + len(f.before[b].words)/4; f.left < 0 {
				return false
			}
			f.block(b, end)
		}
	}
	return true
}

// divide finds the blocks: runs of steps that are only entered at their front.
func (f *flow) divide() {
	if len(f.steps) == 0 {
		return
	}
	f.starts = append(f.starts, 0)
	for i := range f.steps {
		s := &f.steps[i]
		switch s.Do {
		case fingerprint.StepJump, fingerprint.StepBranch:
			if f.inside(s.Value) {
				f.starts = append(f.starts, f.stepAt(s.Value))
				f.led[s.Value] = true
			}
		case fingerprint.StepJumpWord, fingerprint.StepJumpFrom, fingerprint.StepReturn, fingerprint.StepStop:
		default:
			continue
		}
		f.starts = append(f.starts, i+1)
	}
	slices.Sort(f.starts)
	f.starts = slices.Compact(f.starts)
	f.starts = slices.DeleteFunc(f.starts, func(i int) bool { return i >= len(f.steps) })
	f.before, f.dirty = make([]*world, len(f.starts)), make([]bool, len(f.starts))
}

// inside reports whether an address is of this function's own code.
func (f *flow) inside(address uint64) bool {
	n := &f.set.Functions[f.function]
	return address >= n.Address && address-n.Address < uint64(n.Size)
}

// blockAt is the block that begins at an address, or one more than there are.
func (f *flow) blockAt(address uint64) int {
	if b, ok := slices.BinarySearch(f.starts, f.stepAt(address)); ok {
		return b
	}
	return len(f.starts)
}

// enter says that the block at a step may be entered with what is known now.
func (f *flow) enter(step int) {
	b, ok := slices.BinarySearch(f.starts, step)
	if !ok {
		return
	}
	if f.before[b] == nil {
		f.before[b], f.dirty[b] = f.now.clone(), true
	} else if f.before[b].meet(f.now) {
		f.dirty[b] = true
	}
}

// stepAt is the first step at an address or behind it.
func (f *flow) stepAt(address uint64) int {
	i, _ := slices.BinarySearchFunc(f.steps, address, func(s fingerprint.Step, a uint64) int { return cmp.Compare(s.At, a) })
	return i
}

// block follows one block.
func (f *flow) block(b, end int) {
	f.now.take(f.before[b])
	f.stored = f.stored[:0]
	for i := f.starts[b]; i < end; i++ {
		f.step = i
		s := &f.steps[i]
		switch s.Do {
		case fingerprint.StepCall, fingerprint.StepCallWord, fingerprint.StepCallFrom:
			if !f.call(s) {
				return
			}
		case fingerprint.StepJump:
			if f.inside(s.Value) {
				f.enter(f.stepAt(s.Value))
			} else {
				f.lastCall(s)
			}
			return
		case fingerprint.StepBranch:
			if f.inside(s.Value) {
				f.enter(f.stepAt(s.Value))
			}
		case fingerprint.StepJumpWord:
			f.lastCall(s)
			return
		case fingerprint.StepJumpFrom:
			f.jumpFrom(s)
			return
		case fingerprint.StepReturn:
			f.leave()
			return
		case fingerprint.StepStop:
			return
		default:
			f.plain(s)
		}
	}
	f.enter(end)
}

// jumpFrom is a call at the end of the function where the callee is known; else
// a table of jumps, to any block that nothing else leads to.
func (f *flow) jumpFrom(s *fingerprint.Step) {
	if v := f.reg(s.From); v.kind == valueWord && !v.loose {
		f.lastCall(s)
		return
	}
	if !f.jumpsAway() {
		f.leaveUnknown()
	}
}

// jumpsAway enters the blocks that no branch and no block in front leads to.
func (f *flow) jumpsAway() bool {
	found := false
	for b, start := range f.starts {
		if start == 0 || !f.orphan(start) {
			continue
		}
		found = true
		f.enter(f.starts[b])
	}
	return found
}

// orphan reports whether a block stands behind a step that never goes on to it,
// and no branch leads to it.
func (f *flow) orphan(start int) bool {
	switch f.steps[start-1].Do {
	case fingerprint.StepJump, fingerprint.StepJumpWord, fingerprint.StepJumpFrom, fingerprint.StepReturn, fingerprint.StepStop:
	default:
		return false
	}
	return !f.led[f.steps[start].At]
}

// lastCall is a call that returns in place of the function.
func (f *flow) lastCall(s *fingerprint.Step) {
	if f.call(s) {
		f.leave()
	}
}

// leaveUnknown is a jump to nobody knows where, with all arguments.
func (f *flow) leaveUnknown() {
	for _, r := range f.arguments {
		f.note(f.holds(f.now.regs[r]), useUnknown)
	}
}

// leave is the end of a way.
func (f *flow) leave() {
	n := 2
	if f.golang {
		n = len(f.arguments)
	}
	regs := f.arguments[:min(n, len(f.arguments))]
	if f.x86 && !f.golang {
		regs = []uint8{0, 2}
	}
	for _, r := range regs {
		f.given |= f.holds(f.now.regs[r])
	}
}

func (f *flow) reg(r uint8) value {
	if r >= fingerprint.StepRegisters {
		return value{}
	}
	return f.now.regs[r]
}

func (f *flow) setReg(r uint8, v value) {
	if r < fingerprint.StepRegisters {
		f.now.regs[r] = v
	}
}

// holds is all that a value is made of and leads to.
func (f *flow) holds(v value) uint64 {
	made := v.made
	if v.of > 0 {
		made |= f.objects[v.of]
	}
	if v.kind == valueFrame {
		made |= f.area(v.n)
		f.now.region(v.n, f.bases, func(w value) {
			made |= w.made
			if w.of > 0 {
				made |= f.objects[w.of]
			}
			if w.kind == valueFrame { // one step further: an array that a header points to
				made |= f.area(w.n)
				f.now.region(w.n, f.bases, func(x value) { made |= x.made })
			}
		})
	}
	return made
}

// maxWide is how many bytes behind its base something that was filled may go on.
const maxWide = 4096

// area is what memory of the frame that was filled by others is made of at an
// offset: by the last base in front of it. A structure goes on behind the bases of
// its members.
func (f *flow) area(off int64) uint64 {
	if len(f.now.areas) == 0 {
		return 0
	}
	i, ok := slices.BinarySearch(f.bases, off)
	if !ok {
		i--
	}
	self, _ := f.now.areas.get(off)
	made := self.made
	for nearest := true; i >= 0 && off-f.bases[i] < maxWide; i, nearest = i-1, false {
		if here, ok := f.now.areas.get(f.bases[i]); ok {
			if nearest || f.wide[f.bases[i]] {
				made |= here.made
			}
			break
		}
	}
	return made
}

// named is what an address of the image brings: the literal that it names, or
// those that a table there names.
func (f *flow) named(address uint64) uint64 {
	bits := f.exact[address] | f.inTable(address)
	f.seen |= bits
	return bits
}

func (f *flow) inTable(address uint64) uint64 {
	if len(f.tables) == 0 {
		return 0
	}
	bits := uint64(0)
	i, _ := slices.BinarySearchFunc(f.tables, address, func(t tableWord, a uint64) int { return cmp.Compare(t.address, a) })
	for ; i < len(f.tables) && f.tables[i].address-address < maxTable; i++ {
		bits |= f.tables[i].bit
	}
	return bits
}

// number is the value of an address or number.
func (f *flow) number(n uint64, loose bool) value {
	return value{kind: valueNumber, n: int64(n), loose: loose, made: f.named(n)}
}

package attribute

import "github.com/kinbom/kinbom/sbom/fingerprint"

// takes is the set of registers that a function reads before it writes them, as far
// as its own code says: those of its arguments. Go's functions read all of them where
// they make room on the stack. A call ends the way: what the callee takes is not seen.
func (f *follower) takes(function int) uint64 {
	if m, ok := f.taken[function]; ok {
		return m
	}
	w := &flow{follower: f, function: function, led: map[uint64]bool{}}
	w.steps = fingerprint.Steps(f.code, &f.set.Functions[function], nil)
	w.divide()
	f.left -= len(w.steps)
	all := ^uint64(0)
	if len(w.starts) > 0 {
		all = w.readFirst()
	}
	f.taken[function] = all
	return all
}

// readFirst goes all ways from the front of the function up to calls. What a way
// has written counts only as far as all ways to a block have.
func (f *flow) readFirst() uint64 {
	read, seen := uint64(0), make([]bool, len(f.starts))
	written := make([]uint64, len(f.starts))
	queue := []int{0}
	seen[0] = true
	enter := func(b int, now uint64) {
		if b >= len(f.starts) || seen[b] && written[b]&^now == 0 {
			return
		}
		if seen[b] {
			now &= written[b]
		}
		seen[b], written[b] = true, now
		queue = append(queue, b)
	}
	for len(queue) > 0 && f.left > 0 {
		b := queue[0]
		queue = queue[1:]
		end := len(f.steps)
		if b+1 < len(f.starts) {
			end = f.starts[b+1]
		}
		f.left -= end - f.starts[b]
		now, open := written[b], true
		for i := f.starts[b]; i < end && open; i++ {
			s := &f.steps[i]
			for _, r := range []uint8{s.From, s.Base, s.Index} {
				if r < fingerprint.StepRegisters && s.Do != fingerprint.StepReturn && now>>r&1 == 0 {
					read |= 1 << r
				}
			}
			if s.To < fingerprint.StepRegisters {
				now |= 1 << s.To
			}
			switch s.Do {
			case fingerprint.StepJump, fingerprint.StepBranch:
				if f.inside(s.Value) {
					enter(f.blockAt(s.Value), now)
				}
				open = s.Do == fingerprint.StepBranch
			case fingerprint.StepCall, fingerprint.StepCallWord, fingerprint.StepCallFrom, fingerprint.StepJumpWord, fingerprint.StepJumpFrom,
				fingerprint.StepReturn, fingerprint.StepStop:
				open = false
			}
		}
		if open {
			enter(b+1, now)
		}
	}
	return read
}

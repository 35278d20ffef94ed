package attribute

import "github.com/kinbom/kinbom/sbom/fingerprint"

// plain takes a step that neither calls nor jumps.
func (f *flow) plain(s *fingerprint.Step) {
	switch s.Do {
	case fingerprint.StepForget:
		f.setReg(s.To, value{})
	case fingerprint.StepMove:
		v := f.reg(s.From)
		f.based(s, v)
		f.setReg(s.To, v)
	case fingerprint.StepNumber:
		f.setReg(s.To, f.number(s.Value, false))
	case fingerprint.StepAdd:
		v := f.sum(f.reg(s.From), s.Value)
		f.based(s, v)
		f.setReg(s.To, v)
	case fingerprint.StepMix:
		f.setReg(s.To, f.mix(f.reg(s.From), f.reg(s.Base), f.reg(s.Index)))
	case fingerprint.StepLoad:
		v := f.load(f.address(s), s.Size)
		if s.From != fingerprint.NoRegister {
			v = v.join(f.reg(s.From))
		}
		f.setReg(s.To, v)
	case fingerprint.StepStore:
		f.store(f.address(s), f.reg(s.From), s.Size)
	case fingerprint.StepCopy:
		f.fill(f.reg(s.To), f.holds(f.reg(s.From)), false)
	}
}

// based notes that an address in the frame was made, from the registers that hold
// the frame and for something else than them. What lies below the stack is nothing
// yet: its address is made to see whether there is room.
func (f *flow) based(s *fingerprint.Step, v value) {
	own := func(r uint8) bool { return r == 31 || r == 29 }
	if f.x86 {
		own = func(r uint8) bool { return r == 4 || r == 5 }
	}
	below := (s.From == 31 || s.From == 4 && f.x86) && int64(s.Value) < 0
	if v.kind == valueFrame && own(s.From) && !own(s.To) && !below {
		f.bases.add(v.n)
	}
}

// sum is a value some bytes further.
func (f *flow) sum(v value, by uint64) value {
	switch v.kind {
	case valueNumber:
		n := f.number(uint64(v.n)+by, v.loose)
		if v.loose {
			n.made |= v.made
		}
		return n
	case valueFrame:
		v.n += int64(by)
	case valueWord:
		if by != 0 {
			if to, ok := f.wordAt(uint64(v.n)); ok && !v.loose {
				n := f.number(to+by, false)
				n.made |= v.made
				return n
			}
			v.kind, v.n = valueAny, 0
		}
	}
	return v
}

// mix is a value that is made of others: an address and how far behind it, or a
// choice.
func (f *flow) mix(list ...value) value {
	var out value
	for _, v := range list {
		out.made |= v.made
		if v.of != 0 && out.of == 0 {
			out.of = v.of
		}
		if (v.kind == valueFrame || v.kind == valueNumber && uint64(v.n) >= f.low && out.kind != valueFrame) && out.kind != v.kind {
			out.kind, out.n, out.loose = v.kind, v.n, true
		}
	}
	return out
}

// address is the address that a load or store names.
func (f *flow) address(s *fingerprint.Step) value {
	base := f.reg(s.Base)
	switch {
	case s.Base == fingerprint.NoRegister && s.Index == fingerprint.NoRegister:
		return value{kind: valueNumber, n: int64(s.Value)}
	case s.Base == fingerprint.NoRegister:
		return f.mix(f.reg(s.Index))
	case base.kind == valueNumber && !base.loose: // what it may name by itself does not count
		base.n += int64(s.Value)
		base.made = f.exact[uint64(base.n)]
	case base.kind == valueNumber:
		base.n += int64(s.Value)
	default:
		base = f.sum(base, s.Value)
	}
	if s.Index != fingerprint.NoRegister {
		index := f.reg(s.Index)
		if base.kind == valueAny && index.kind == valueFrame {
			base, index = index, base
		}
		if base.kind == valueNumber && !base.loose {
			base.made |= f.named(uint64(base.n))
		}
		base.made |= index.made
		base.loose = true
	}
	return base
}

// load is what lies at an address.
func (f *flow) load(at value, size uint8) value {
	switch at.kind {
	case valueFrame:
		if at.loose {
			return value{made: at.made | f.holds(at)}
		}
		v, ok := f.now.words.get(at.n &^ 7)
		if size == 16 {
			w, _ := f.now.words.get(at.n&^7 + 8)
			v = value{made: v.made | w.made}
		}
		if !ok {
			v.made |= f.area(at.n)
		}
		if size < 8 || at.n&7 != 0 {
			v = value{made: v.made}
		}
		return v
	case valueNumber:
		out := value{made: at.made}
		if at.loose {
			out.made |= f.named(uint64(at.n))
			return out
		}
		out.made |= f.exact[uint64(at.n)]
		f.seen |= f.exact[uint64(at.n)]
		if size == 8 {
			out.kind, out.n = valueWord, at.n
			if to, ok := f.wordAt(uint64(at.n)); ok {
				out.made |= f.named(to)
			}
		}
		if size == 16 {
			out.made |= f.exact[uint64(at.n)+8]
			f.seen |= f.exact[uint64(at.n)+8]
			for by := uint64(0); by < 16; by += 8 {
				if to, ok := f.wordAt(uint64(at.n) + by); ok {
					out.made |= f.named(to)
				}
			}
		}
		return out
	case valueWord:
		out := value{made: at.made}
		if to, ok := f.wordAt(uint64(at.n)); ok {
			out = f.load(value{kind: valueNumber, n: int64(to), loose: at.loose}, size)
			out.made |= at.made
		}
		return out
	}
	made := at.made
	if at.of > 0 {
		made |= f.objects[at.of]
	}
	return value{made: made, of: max(at.of, 0)}
}

// store puts a value where an address leads.
func (f *flow) store(at, v value, size uint8) {
	if v.made == 0 && v.of == 0 && v.kind != valueFrame {
		v.made = f.piece()
	}
	switch at.kind {
	case valueFrame:
		if at.loose {
			f.spread(at.n, f.holds(v))
			return
		}
		f.now.put(at.n, v, size)
		f.stored = append(f.stored, at.n)
		return
	case valueNumber, valueWord: // a variable of the image
		f.note(f.holds(v), useUnknown)
		return
	}
	f.fillObject(at, f.holds(v))
}

// piece is the text that the instruction at hand writes a piece of.
func (f *flow) piece() uint64 {
	bits := uint64(0)
	for _, w := range f.pieces {
		if at := f.steps[f.step].At; at >= w.from && at < w.to {
			bits |= w.bit
		}
	}
	f.seen |= bits
	return bits
}

// fillObject says that something goes to where a value points that is of no frame.
func (f *flow) fillObject(at value, made uint64) {
	switch made &^= at.made; {
	case made == 0 || at.of == noObject:
	case at.of > 0:
		f.addTo(at.of, made)
	case at.made&(1<<parameters-1) != 0:
		for i := range parameters {
			if at.made>>i&1 == 1 {
				f.into[i] |= made
			}
		}
	default:
		f.note(made, useUnknown)
	}
}

// addTo says that an object holds more. What was followed with less is followed again.
func (f *flow) addTo(object int32, made uint64) {
	if made&^f.objects[object] == 0 {
		return
	}
	f.objects[object] |= made
	for b := range f.before {
		f.dirty[b] = f.dirty[b] || f.before[b] != nil
	}
}

// fill says that memory behind a value is made of something; anew: what was there is gone.
func (f *flow) fill(at value, made uint64, anew bool) {
	if at.kind != valueFrame {
		if at.kind == valueAny {
			f.fillObject(at, made)
		} else {
			f.note(made&^at.made, useUnknown)
		}
		return
	}
	word := value{made: made}
	if !anew || at.loose {
		old, _ := f.now.words.get(at.n &^ 7)
		word.made |= old.made
		area, _ := f.now.areas.get(at.n)
		made |= area.made
	}
	f.now.blank(at.n, f.bases)
	f.now.words.set(at.n&^7, word)
	f.now.areas.set(at.n, value{made: made})
	f.bases.add(at.n)
}

// spread says that something goes to memory of the frame from an offset on, nobody
// knows how far behind it.
func (f *flow) spread(off int64, made uint64) {
	old, _ := f.now.areas.get(off)
	f.now.areas.set(off, value{made: old.made | made})
	f.bases.add(off)
}

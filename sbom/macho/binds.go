package macho

import (
	"bytes"
	"fmt"

	"github.com/kinbom/kinbom/sbom"
)

// Bind opcodes (mach-o/loader.h, BIND_OPCODE_*).
const (
	bindDone         = 0x00
	bindOrdinal      = 0x10
	bindOrdinalLEB   = 0x20
	bindSpecial      = 0x30
	bindSymbol       = 0x40
	bindType         = 0x50
	bindAddend       = 0x60
	bindSegment      = 0x70
	bindAdd          = 0x80
	bindDo           = 0x90
	bindDoAdd        = 0xa0
	bindDoScaled     = 0xb0
	bindDoTimes      = 0xc0
	bindThreaded     = 0xd0
	bindWeakImport   = 0x01
	bindSubTableSize = 0
	bindSubApply     = 1
)

// binder interprets one stream of bind opcodes.
type binder struct {
	s      *slice
	b      []byte
	at     uint64 // of b in the slice
	p      int
	lazy   bool
	weak   bool // the stream of coalesced names
	budget *int
	cur    imported
	seen   bool // cur was handed out since its name or ordinal changed
	seg    int
	off    uint64 // in the segment
	emit   func(imported)
	place  func(off uint64, m imported) // nil, or told of every pointer: its offset in the slice
}

// readBinds walks the three classic streams and hands out every bound name at
// least once.
func (s *slice) readBinds(emit func(imported)) {
	budget := s.o.MaxBinds
	s.bound = map[uint64][]byte{}
	for _, t := range []struct {
		span
		what       string
		lazy, weak bool
	}{{s.t.binds, "bind opcodes", false, false}, {s.t.lazy, "lazy bind opcodes", true, false}, {s.t.weak, "weak bind opcodes", false, true}} {
		d := binder{s: s, b: s.table(t.span, t.what), at: t.off, lazy: t.lazy, weak: t.weak, budget: &budget, seg: -1, emit: emit}
		if d.weak {
			d.cur.ordinal = OrdinalWeak
		}
		if err := d.run(); err != nil {
			s.gap(sbom.GapUnreadable, s.clamp(t.off+uint64(d.p)), "%s: %v", t.what, err)
		}
	}
}

func (d *binder) run() error {
	for d.p < len(d.b) {
		op, imm := d.b[d.p]&0xf0, int(d.b[d.p]&0x0f)
		d.p++
		if op == bindDone {
			if !d.lazy {
				return nil
			}
			continue // in the lazy stream it only ends one entry
		}
		if err := d.step(op, imm); err != nil {
			return err
		}
	}
	return nil
}

func (d *binder) step(op byte, imm int) error {
	switch op {
	case bindOrdinal:
		d.setOrdinal(imm)
	case bindOrdinalLEB:
		v, err := d.number()
		if err != nil {
			return err
		}
		d.setOrdinal(int(min(v, 1<<20)))
	case bindSpecial:
		d.setOrdinal(map[int]int{0: OrdinalSelf, 0xf: OrdinalMain, 0xe: OrdinalFlat, 0xd: OrdinalWeak}[imm])
	case bindSymbol:
		return d.symbol(imm)
	case bindType:
	case bindAddend:
		_, n := sleb(d.b[d.p:])
		if n == 0 {
			return fmt.Errorf("number does not end")
		}
		d.p += n
	case bindSegment:
		v, err := d.number()
		d.seg, d.off = imm, v
		return err
	case bindAdd:
		v, err := d.number()
		d.off += v
		return err
	case bindDo, bindDoAdd, bindDoScaled, bindDoTimes:
		return d.bind(op, imm)
	case bindThreaded:
		return d.threaded(imm)
	default:
		return fmt.Errorf("unknown opcode %#x", op)
	}
	return nil
}

func (d *binder) number() (uint64, error) {
	v, n := uleb(d.b[d.p:])
	if n == 0 {
		return 0, fmt.Errorf("number does not end")
	}
	d.p += n
	return v, nil
}

func (d *binder) setOrdinal(n int) {
	if n != d.cur.ordinal {
		d.cur.ordinal, d.seen = n, false
	}
}

func (d *binder) symbol(imm int) error {
	rest := d.b[d.p:]
	i := bytes.IndexByte(rest[:min(len(rest), maxName)], 0)
	if i < 0 {
		return fmt.Errorf("name does not end")
	}
	d.cur.name, d.cur.at, d.cur.weak, d.seen = rest[:i:i], d.at+uint64(d.p), imm&bindWeakImport != 0, false
	d.p += i + 1
	return nil
}

// bind performs one binding, or a counted row of them.
func (d *binder) bind(op byte, imm int) error {
	size := d.s.ptrSize()
	count, step := uint64(1), size
	switch op {
	case bindDoAdd:
		v, err := d.number()
		if err != nil {
			return err
		}
		step += v
	case bindDoScaled:
		step += uint64(imm) * size
	case bindDoTimes:
		n, err := d.number()
		if err != nil {
			return err
		}
		skip, err := d.number()
		if err != nil {
			return err
		}
		count, step = n, size+skip
	}
	if d.seg < 0 || d.seg >= len(d.s.segs) {
		return d.homeless()
	}
	g := &d.s.segs[d.seg]
	for range count {
		if *d.budget--; *d.budget < 0 {
			return fmt.Errorf("more than %d bindings", d.s.o.MaxBinds)
		}
		if d.off >= g.size {
			return fmt.Errorf("binding at %#x leaves segment %s", d.off, g.name)
		}
		d.done(g)
		d.off += step
	}
	return nil
}

// homeless meets a binding before any segment. In the threaded form it only
// adds the name to the table that the chained pointers count in.
func (d *binder) homeless() error {
	if !d.s.fix.threaded {
		if d.weak {
			return nil
		}
		return fmt.Errorf("binding without a segment")
	}
	if len(d.s.fix.imports) < d.s.o.MaxImports {
		d.s.fix.imports = append(d.s.fix.imports, d.cur)
	}
	if d.cur.name != nil && !d.seen {
		d.seen = true
		d.emit(d.cur)
	}
	return nil
}

// done hands the name out, once, and keeps it for pointers that metadata is read through.
func (d *binder) done(g *segment) {
	if d.cur.name == nil {
		return
	}
	if d.place != nil {
		if d.off < g.bytes {
			d.place(g.off+d.off, d.cur)
		}
		return
	}
	if !d.seen {
		d.seen = true
		d.emit(d.cur)
	}
	if d.off < g.bytes && bytes.HasPrefix(d.cur.name, classPrefix) && len(d.s.bound) < d.s.o.MaxObjects {
		d.s.bound[g.off+d.off] = d.cur.name
	}
}

// threaded is the form of early arm64e images: the opcodes list the names, and
// the pointers themselves are chained.
func (d *binder) threaded(sub int) error {
	switch sub {
	case bindSubTableSize:
		_, err := d.number()
		d.s.fix.threaded = true
		d.seg = -1
		return err
	case bindSubApply:
		return nil
	}
	return fmt.Errorf("unknown threaded opcode %d", sub)
}

package fingerprint

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// slowly takes the instructions one by one, and follows every immediate.
func (a *arm) slowly(code []byte, from, to uint64) {
	if from != a.passed {
		a.begins = from
		a.joins.passTo(from)
	}
	for at := from; at < to; {
		a.texts = true
		if a.joins.next == at {
			a.join(at)
			continue
		}
		if token := a.special(armClasses[binary.LittleEndian.Uint32(code[at:])>>21], binary.LittleEndian.Uint32(code[at:]), at); token != 0 {
			a.state = mix(a.state, token)
			a.count++
		}
		at += 4
	}
	a.passed = to
	a.ends(code, from, to)
}

// slowARM is passARM without its short cuts.
func (p *pass) slowARM() {
	a := &arm{pass: p, joins: joins{first: 1}}
	for i := range p.set.Functions {
		a.code = p.begin(i)
		a.base, a.begins, a.passed = p.starts[i], 0, 0
		a.known, a.page, a.pending, a.big = 0, 0, 0, 0
		a.joins.reset()
		p.runs(a.code, a.slowly)
		a.flush(a.pending)
		p.close()
		a.joins.first += uint32(len(a.code)/4) + 1
	}
}

// someCode is code of few registers, so that one overwrites what another left, with
// branches, addresses, large numbers and the halves of short strings.
func someCode(r *rand.Rand, n int) []byte {
	var code []byte
	for at := range n {
		rd, rn := uint32(r.IntN(4)), uint32(r.IntN(4))
		shift, imm := uint32(r.IntN(4)), uint32(r.IntN(1<<16))
		ahead := uint32(r.IntN(12)) - 1
		w := [...]uint32{
			0xd2800000 | imm<<5 | rd,                              // movz
			0xd2800000 | 'a'<<5 | rd,                              // movz of a text
			0xf2800000 | shift<<21 | imm<<5 | rd,                  // movk
			0xf2e00000 | 0xe100<<5 | rd,                           // movk: the end of a text
			0xd2e00000 | (0xe000+imm&0x700)<<5 | rd,               // movz: the same
			0x12800000 | shift&1<<21 | imm<<5 | rd,                // movn
			0x52a00000 | rd,                                       // movz of zero, shifted
			adrp(rd, 0x10000+uint64(at)*4, 0x20000),               //
			addLow(rd, rn, uint64(imm)&0xff0),                     //
			ldrLow(rd, rn, uint64(imm)&0xff0),                     //
			0xaa0003e0 | rn<<16 | rd,                              // mov
			0xa9400000 | rd | 2<<10 | rn<<5,                       // ldp
			0xb4000000 | ahead&0x7ffff<<5 | rd,                    // cbz
			0x36000000 | ahead&0x3fff<<5 | rd,                     // tbz
			0x14000000 | ahead&0x3ffffff,                          // b
			0xd65f03c0,                                            // ret
			0x9e660000 | rd,                                       // fmov
			0xd503201f,                                            // nop
			bl(0x10000+uint64(at)*4, 0x10000+uint64(r.IntN(n))*4), //
			0,
		}[r.IntN(20)]
		if w>>26 == 0b100101 && r.IntN(3) > 0 { // calls forget most
			w = 0xb9000000 | rd | rn<<5
		}
		code = binary.LittleEndian.AppendUint32(code, w)
	}
	return code
}

// TestShortCuts compares the pass with one that takes each instruction by itself.
func TestShortCuts(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	texts, numbers := 0, 0
	for range 3000 {
		code := someCode(r, 20+r.IntN(200))
		c := &Code{Arch: "arm64", Sections: []Section{{0x10000, code}}, Functions: []Boundary{{Address: 0x10000}, {Address: 0x10000 + uint64(len(code)/8)*4}},
			Resolve: func(a uint64) Target {
				switch {
				case a-0x10000 < uint64(len(code)):
					return Target{Kind: TargetCode}
				case a&0x10 != 0:
					return Target{Kind: TargetImport, Slot: true, Text: []byte{'i', byte(a >> 4)}, Offset: -1}
				}
				return literal(string([]byte{byte(a >> 4), byte(a >> 12)}))
			}}
		if r.IntN(2) == 0 {
			at := uint64(r.IntN(len(code)/4)) * 4
			c.Data = []Range{{0x10000 + at, uint64(r.IntN(6)) * 4}}
		}
		fast, refs := Pass(c)
		p := &pass{code: c, set: &Set{Arch: c.Arch}}
		p.bound()
		p.prepare()
		p.slowARM()
		p.assemble()
		if diff := cmp.Diff(p.set, fast, cmp.AllowUnexported(Function{})); diff != "" {
			t.Fatalf("functions (-one by one +fast):\n%s\n%x\n%v", diff, code, c.Data)
		}
		if diff := cmp.Diff(p.references(), refs); diff != "" {
			t.Fatalf("references (-one by one +fast):\n%s", diff)
		}
		for _, f := range fast.Features {
			if f.Kind == FeatureConstant {
				numbers++
			}
		}
		for _, ref := range refs {
			if ref.Decoded != nil {
				texts++
			}
		}
	}
	if texts < 100 || numbers < 100 {
		t.Errorf("only %d short strings and %d numbers were compared", texts, numbers)
	}
}

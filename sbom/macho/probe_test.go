package macho

import (
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// probe reads the code of a slice, checks it, and asks for many addresses: all
// that lie near something, and extreme ones. It returns how many were asked for.
func probe(t *testing.T, file []byte, s *Slice) int {
	t.Helper()
	c := s.Code()
	if c == nil {
		return 0
	}
	checkCode(t, c)
	asked := 0
	ask := func(addr uint64) {
		asked++
		r := c.Resolve(addr)
		if r.Kind >= fingerprint.TargetEnd || r.Offset < -1 || r.Offset > s.Image.Size {
			t.Fatalf("%#x is %+v", addr, r)
		}
		if len(r.Text) > maxName || (r.Kind <= fingerprint.TargetCode && r.Text != nil) {
			t.Fatalf("%#x: kind %d with %d bytes", addr, r.Kind, len(r.Text))
		}
	}
	for _, d := range s.src.sects {
		size := min(d.size, 4096)
		for p := uint64(0); p < size+16; p += 4 {
			ask(d.addr + p)
		}
		ask(d.addr - 1)
		ask(d.addr + d.size - 1)
		ask(d.addr + uint64(len(d.data)) - 1)
	}
	for _, a := range []uint64{0, 1, 1 << 31, 1 << 32, 1 << 63, 1<<64 - 1} {
		ask(a)
	}
	return asked
}

package fingerprint

import "testing"

// TestExactly looks for each address near functions, those between the steps too.
func TestExactly(t *testing.T) {
	for name, starts := range map[string][]uint64{
		"at steps":      {4096, 4100, 4224, 4352, 8192},
		"between steps": {4098, 4100, 4223, 8192},
		"far apart":     {4096, 1 << 40},
		"one":           {4096},
		"side by side":  {4096, 4097, 4098, 4099, 4100, 4105, 4111, 4112, 4113, 4600, 8192},
		"dense":         dense(4096, 600),
	} {
		for _, x86 := range []bool{false, true} {
			p := &pass{x86: x86, starts: starts, sizes: make([]uint64, len(starts))}
			for i := range p.sizes {
				p.sizes[i] = 1024
			}
			p.indexFunctions()
			at := map[uint64]uint32{}
			for i, s := range starts {
				at[s] = uint32(i)
			}
			for address := uint64(4000); address < 8400; address++ {
				want, begins := at[address]
				if got, ok := p.exactly(address); ok != begins || ok && got != want {
					t.Errorf("%s, x86 %v: %d gives %d %v, want %d %v", name, x86, address, got, ok, want, begins)
				}
			}
			if last := len(starts) - 1; last > 0 {
				if got, ok := p.exactly(starts[last]); !ok || got != uint32(last) {
					t.Errorf("%s, x86 %v: the last function was not found: %d %v", name, x86, got, ok)
				}
			}
		}
	}
}

// dense are functions of one byte.
func dense(from uint64, n int) []uint64 {
	starts := make([]uint64, n)
	for i := range starts {
		starts[i] = from + uint64(i)
	}
	return starts
}

package fingerprint

import "testing"

// The index finds the tables that a walk over the list finds, whether they lie
// near or at both ends of all addresses, and after some were cut.
func TestTableIndex(t *testing.T) {
	const top = ^uint64(0)
	for name, list := range map[string][]Table{
		"near": {{0x1000, 0x1008, 0x1010, 1}, {0x1010, 0x1018, 0x1028, 2}, {0x1040, 0x1040, 0x1040, 3}, {0x1040, 0x1048, 0x1060, 4}, {0x2000, 0x2010, 0x9000, 5}},
		"far":  {{0x1000, 0x1008, 0x1010, 1}, {0x1018, 0x1018, 0x1020, 2}, {1 << 40, 1 << 40, 1<<40 + 8, 3}, {top - 16, top - 16, top - 8, 4}, {top - 8, top - 8, top, 5}},
	} {
		x := &tabler{pass: &pass{}, list: list, slots: []Pointer{{0x800, 0x1000}}}
		x.order()
		x.index.fill(x)
		check := func(when string) {
			for _, e := range list {
				for _, a := range []uint64{e.Address - 1, e.Address, e.Body, e.End - 1, e.End, e.End + 1} {
					want := -1
					for i, e := range x.list {
						if a >= e.Address && a < e.End {
							want = i
						}
					}
					if got := x.holds(a); got != want {
						t.Errorf("%s, %s: %#x is in table %d, want %d", name, when, a, got, want)
					}
					if want >= 0 && !x.inPage(a&^(maxPageOffset-1)) {
						t.Errorf("%s: the page of %#x is of no interest", name, a)
					}
				}
			}
		}
		check("whole")
		x.cut(x.list[len(x.list)-1].End - 1)
		check("cut")
		if x.inPage(1<<50) != (name == "far") {
			t.Errorf("%s: a page where nothing lies: %v; only where they are too many to note, all count", name, x.inPage(1<<50))
		}
		if !x.inPage(0) {
			t.Errorf("%s: the page of a slot is of no interest", name)
		}
	}
}

// A function with data in it is looked at whole: what the list of data hides from
// the pass still shows that a table is in use.
func TestTablesInMixedCode(t *testing.T) {
	const base, data = 0x4000, 0x9000
	code := words(adrp(8, base, data), addLow(0, 8, data+0x10), 0xd65f03c0, 0xd65f03c0)
	c := &Code{Arch: "arm64", Sections: []Section{{base, code}}, Functions: []Boundary{{Address: base}, {Address: base + 12}}, Data: []Range{{base, 8}},
		Resolve: func(uint64) Target { return Target{} },
		Tables:  &Tables{List: []Table{{data, data + 0x10, data + 0x20, 1}, {data + 0x20, data + 0x30, data + 0x40, 2}}, Pointers: []Pointer{{data + 0x10, base}}}}
	s, _ := Pass(c)
	if got := s.TablesOf(0); len(got) != 1 || got[0] != 1 {
		t.Errorf("the function refers to %v, want the first table", got)
	}
	if got := s.TablesOf(1); len(got) != 0 {
		t.Errorf("the next function refers to %v", got)
	}
}

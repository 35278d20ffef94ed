package capability

import (
	"slices"
	"strconv"

	"github.com/kinbom/kinbom/sbom"
)

// SmallNumber is the bound below which numbers are no features of functions:
// programs are full of them. They are looked for only beside a name that gives
// them a meaning, such as the option of a call.
const SmallNumber = 1 << 16

// Beside says which small numbers rules look for, sorted, and which facts of a
// unit, imports and selectors, stand in such a rule and so give them a meaning.
func (s *Set) Beside(u *sbom.Unit) (numbers []uint64, named []bool) {
	rules := make([]bool, len(s.rules))
	for i := range s.patterns {
		p := &s.patterns[i]
		if v, err := strconv.ParseUint(string(p.text), 10, 64); p.kinds == kindNumber && err == nil && v < SmallNumber {
			numbers = append(numbers, v)
			for _, r := range s.signals[p.signal].rules {
				rules[r] = true
			}
		}
	}
	named = make([]bool, len(u.Facts))
	if len(numbers) == 0 {
		return nil, named
	}
	m := s.newMatches(u.Facts)
	for i := range u.Facts {
		before := len(m.hits)
		m.fact(i)
		for _, h := range m.hits[before:] {
			if slices.ContainsFunc(s.signals[s.patterns[h.pattern].signal].rules, func(r int32) bool { return rules[r] }) {
				named[i] = true
			}
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), named
}

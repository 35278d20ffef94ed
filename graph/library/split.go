package library

import (
	"github.com/kinbom/kinbom/graph/kinship"
)

// long is how many instructions make one function say something by itself.
const long = 32

// split parts a lineage that looks like background from what in it is not: from
// members that are a program's own by name, and from stretches of members that
// only lie beside a known library and have text that it has not. background or
// own is nil where nothing is left; own code that is too little to say anything
// is left out. d is what describes the lineage.
func (s *static) split(l *kinship.Lineage, d *described, b *backdrop) (background, own *kinship.Lineage) {
	is := make([]bool, len(l.Members))
	foreign := b.foreign(&d.tally)
	longest, n := uint32(0), 0
	for i := range l.Members {
		if is[i] = foreign[i] || l.Background >= 0 && d.of[i].own; !is[i] {
			continue
		}
		n++
		longest = max(longest, d.lengths[i])
	}
	if n == 0 {
		return l, nil
	}
	var mine, theirs []kinship.Member
	for i, m := range l.Members {
		if is[i] {
			mine = append(mine, m)
		} else {
			theirs = append(theirs, m)
		}
	}
	if len(theirs) > 0 {
		background = part(l, theirs, l.Background)
	}
	if float64(n) >= kinship.Measured().Functions || longest >= long {
		own = part(l, mine, -1)
	}
	return background, own
}

// foreignFunctions is how many functions with text of their own, side by side
// with none of the known library between them, are another library.
const foreignFunctions = 5

// foreign marks the members of stretches that are not of the library that most
// of the lineage is known to be.
func (b *backdrop) foreign(t *tally) []bool {
	out := make([]bool, len(t.of))
	if b.known == nil {
		return out
	}
	n, known, _ := t.most()
	if known == 0 {
		n = b.known.byText(t.features)
	}
	if n < 0 || n >= namedFirst {
		return out
	}
	has := map[uint64]bool{}
	for _, h := range b.known.Entries[n].Features {
		has[h] = true
	}
	first, last, count := 0, -1, 0
	end := func() {
		if count >= foreignFunctions {
			for i := first; i <= last; i++ {
				out[i] = true
			}
		}
		last, count = -1, 0
	}
	for i := range t.of {
		c := &t.of[i]
		hits := 0
		for _, h := range c.text {
			if has[h] {
				hits++
			}
		}
		switch {
		case c.library > 0, hits > 0 && 2*hits >= len(c.text):
			end()
		case len(c.text) > 0:
			if last < 0 {
				first = i
			}
			last = i
			count++
		}
	}
	end()
	return out
}

// part is a lineage of some members of another, with its copies counted anew.
func part(l *kinship.Lineage, members []kinship.Member, background int) *kinship.Lineage {
	out := &kinship.Lineage{Members: members, Background: background}
	units, exact := map[uint32]int{}, map[uint32]int{}
	for i := range members {
		last := -1
		for _, u := range members[i].Units {
			if int(u.Image) == last {
				continue
			}
			last = int(u.Image)
			units[u.Image]++
			if u.How == kinship.Exact {
				exact[u.Image]++
			}
		}
	}
	for _, c := range l.Copies {
		if units[c.Image] > 0 {
			c.Units, c.Exact, c.Text = units[c.Image], exact[c.Image], 0
			out.Copies = append(out.Copies, c)
		}
	}
	return out
}

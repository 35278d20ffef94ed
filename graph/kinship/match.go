package kinship

import (
	"math"
	"slices"
)

// matcher pairs the functions of two sides, surest first: what is equal, what
// refers to the same rare things, what lies between the same neighbours, what
// the same functions call.
type matcher struct {
	*desk
	a, b *side
	t    *Thresholds
	n    int // pairs so far
}

// maxMatchRounds bounds the rounds; each builds on what the last one paired.
const maxMatchRounds = 6

// match compares functions of two images. anchors are pairs that are known to be
// equal. It is symmetric but for ties, which are broken by the order of the
// functions. The result stands on the desk: the partners of the first side, and how
// each was found, until the next comparison. The cost is that of the functions, not
// of the images that they lie in.
func (d *desk) match(a, b *code, fa, fb []uint32, anchors [][2]uint32, t *Thresholds) *matcher {
	m := &matcher{desk: d, a: &d.sides[0], b: &d.sides[1], t: t}
	m.begin()
	m.a.sit(a, fa)
	m.b.sit(b, fb)
	m.how = room(m.how, len(a.functions))
	m.shared, m.called = room(m.shared, len(b.functions)), room(m.called, len(b.functions))
	for _, p := range anchors {
		m.pair(p[0], p[1], Exact)
	}
	m.weights.reset(max(len(a.functions), len(b.functions)))
	m.weigh()
	m.b.users.collect(m.b)
	for range maxMatchRounds {
		before := m.n
		m.byText()
		m.byPlace()
		m.byCalls()
		if m.n == before {
			break
		}
	}
	m.doubt()
	return m
}

// room is a list of at least n; what it has stays.
func room[T any](l []T, n int) []T {
	if n > len(l) {
		return append(l, make([]T, n-len(l))...)
	}
	return l
}

func none(n int) []int32 {
	l := make([]int32, n)
	for i := range l {
		l[i] = -1
	}
	return l
}

func (m *matcher) pair(a, b uint32, how How) {
	if m.a.partner[a] >= 0 || m.b.partner[b] >= 0 {
		return
	}
	m.a.partner[a], m.b.partner[b], m.how[a] = int32(b), int32(a), how
	m.n++
}

func (m *matcher) part(a uint32) {
	m.b.partner[m.a.partner[a]] = -1
	m.a.partner[a] = -1
	m.n--
}

// best is the best partner that was found for a function, and the second best score.
type best struct {
	with          int32
	score, second float64
}

func (b *best) see(with int32, score float64) {
	switch {
	case score > b.score:
		b.with, b.score, b.second = with, score, b.score
	case score > b.second:
		b.second = score
	}
}

func (b *best) clear(t *Thresholds) bool {
	return b.with >= 0 && b.score >= t.Jaccard && b.score > t.Margin*b.second
}

// byText pairs functions that refer to the same rare things and to little else.
// Both must be the other's best partner by a clear distance.
func (m *matcher) byText() {
	m.nextRound()
	var touched []uint32
	for _, f := range m.a.funcs {
		if m.a.partner[f] >= 0 {
			continue
		}
		touched = touched[:0]
		for _, u := range m.a.featuresOf(f) {
			if m.a.other[u] < 0 {
				continue
			}
			users := m.b.usersOf(m.a.other[u])
			if float64(len(users)) > m.t.Rare {
				continue
			}
			for _, g := range users {
				if m.b.partner[g] >= 0 {
					continue
				}
				if m.shared[g] == 0 {
					touched = append(touched, g)
				}
				m.shared[g] += m.a.weight[u]
			}
		}
		for _, g := range touched {
			s := m.shared[g]
			m.shared[g] = 0
			if s < m.t.Weight || !m.fits(f, g) {
				continue
			}
			score := s / (m.weight(m.a, f) + m.weight(m.b, g) - s)
			m.bestOf(m.a, f).see(int32(g), score)
			m.bestOf(m.b, g).see(int32(f), score)
		}
	}
	for _, f := range m.a.funcs {
		b := m.bestOf(m.a, f)
		if !b.clear(m.t) {
			continue
		}
		if back := m.bestOf(m.b, uint32(b.with)); back.with == int32(f) && back.clear(m.t) {
			m.pair(f, uint32(b.with), ByText)
		}
	}
}

// slack is how many instructions two short functions may differ by whatever
// their ratio.
const slack = 6

// fits reports whether two functions can be the same by their size.
func (m *matcher) fits(a, b uint32) bool {
	x, y := float64(m.a.functions[a].instructions), float64(m.b.functions[b].instructions)
	return max(x, y) <= m.t.Size*min(x, y) || math.Abs(x-y) <= slack
}

// jaccard is how much of what two functions refer to is common, weighted; -1
// when one of them refers to nothing that says anything.
func (m *matcher) jaccard(a, b uint32) float64 {
	x, y := m.weight(m.a, a), m.weight(m.b, b)
	if x < 4 || y < 4 {
		return -1
	}
	shared := 0.0
	la, lb := m.a.featuresOf(a), m.b.featuresOf(b)
	for i, j := 0, 0; i < len(la) && j < len(lb); {
		switch other := m.a.other[la[i]]; {
		case other < int32(lb[j]): // or none
			i++
		case other > int32(lb[j]):
			j++
		default:
			shared += m.a.weight[la[i]]
			i++
			j++
		}
	}
	return shared / (x + y - shared)
}

// may reports whether nothing speaks against two functions being the same.
func (m *matcher) may(a, b uint32) bool {
	return m.fits(a, b) && m.jaccard(a, b) != 0
}

// maxAligned is the most functions between two neighbours that are aligned one
// by one when their numbers differ.
const maxAligned = 48

// byPlace pairs functions between two pairs that follow each other on both
// sides: compilers and linkers keep the order of the source in an object.
func (m *matcher) byPlace() {
	lastA, lastB := -1, -1
	var inA, inB []uint32
	for _, f := range m.a.funcs {
		g := m.a.partner[f]
		if g < 0 {
			inA = append(inA, f)
			continue
		}
		if lastA >= 0 && int(g) > lastB && len(inA) > 0 {
			if inB = m.between(lastB, int(g), inB[:0]); inB != nil {
				m.align(inA, inB)
			}
		}
		lastA, lastB, inA = int(f), int(g), inA[:0]
	}
}

// between lists the functions of b between two of them; nil when one of them
// has a partner already.
func (m *matcher) between(from, to int, out []uint32) []uint32 {
	for g := from + 1; g < to; g++ {
		if m.b.partner[g] >= 0 {
			return nil
		}
		if m.b.in[g] {
			out = append(out, uint32(g))
		}
		if len(out) > 4*maxAligned {
			return nil
		}
	}
	return out
}

// align pairs two rows of functions in order: one by one when they are as many,
// else so that what is paired is most alike.
func (m *matcher) align(a, b []uint32) {
	if len(a) == len(b) {
		ok := 0
		for i := range a {
			if m.may(a[i], b[i]) {
				ok++
			}
		}
		if 4*ok >= 3*len(a) { // else something was moved
			for i := range a {
				if m.may(a[i], b[i]) {
					m.pair(a[i], b[i], ByPlace)
				}
			}
			return
		}
	}
	if len(a) > maxAligned || len(b) > maxAligned {
		return
	}
	m.alignBest(a, b)
}

// leastAlike is what a pair must reach to be worth more than leaving both alone.
const leastAlike = .55

// alignBest is the usual alignment by dynamic programming: pairs in order, the
// sum of their likeness beyond leastAlike is greatest.
func (m *matcher) alignBest(a, b []uint32) {
	w := len(b) + 1
	sum := make([]float64, (len(a)+1)*w)
	like := make([]float64, len(a)*len(b))
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			s := m.alike(a[i], b[j]) - leastAlike
			like[i*len(b)+j] = s
			sum[i*w+j] = max(sum[(i+1)*w+j], sum[i*w+j+1], s+sum[(i+1)*w+j+1])
		}
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		s := like[i*len(b)+j]
		switch sum[i*w+j] {
		case s + sum[(i+1)*w+j+1]:
			if s > 0 {
				m.pair(a[i], b[j], ByPlace)
			}
			i++
			j++
		case sum[(i+1)*w+j]:
			i++
		default:
			j++
		}
	}
}

// alike says how alike two functions are, 0..1: by size, by what they refer to
// and by whom they call.
func (m *matcher) alike(a, b uint32) float64 {
	if !m.fits(a, b) {
		return 0
	}
	x, y := float64(m.a.functions[a].instructions), float64(m.b.functions[b].instructions)
	size := (min(x, y) + slack) / (max(x, y) + slack)
	score, parts := size, 1.0
	if j := m.jaccard(a, b); j == 0 {
		return 0
	} else if j > 0 {
		score += 2 * j
		parts += 2
	}
	if agree, of := m.agreement(a, b); of > 0 {
		score += 2 * float64(agree) / float64(of)
		parts += 2
	}
	return score / parts
}

// agreement counts the callees of a that have a partner, and how many of those
// partners b calls.
func (m *matcher) agreement(a, b uint32) (agree, of int) {
	la := m.a.calleesOf(a)
	if len(la) == 0 {
		return 0, 0
	}
	if m.calls++; m.calls == 0 {
		clear(m.called)
		m.calls = 1
	}
	for _, d := range m.b.calleesOf(b) {
		m.called[d] = m.calls
	}
	for _, c := range la {
		p := m.a.partner[c]
		if p < 0 {
			continue
		}
		of++
		if m.called[p] == m.calls {
			agree++
		}
	}
	return agree, of
}

// maxCallees is the most callees without a partner that are paired in order.
const maxCallees = 6

// byCalls pairs what two partners call and what has no partner yet, in the
// order of the calls.
func (m *matcher) byCalls() {
	var la, lb []uint32
	for _, f := range m.a.funcs {
		g := m.a.partner[f]
		if g < 0 {
			continue
		}
		la = m.a.callees(la[:0], f)
		lb = m.b.callees(lb[:0], uint32(g))
		if len(la) != len(lb) || len(la) == 0 || len(la) > maxCallees {
			continue
		}
		for i := range la {
			if m.may(la[i], lb[i]) {
				m.pair(la[i], lb[i], ByCalls)
			}
		}
	}
}

// callees lists what a function of a side calls and what has no partner yet, each
// once, in the order of the calls: no more than one too many, which a function
// that calls thousands would take long to list.
func (s *side) callees(out []uint32, f uint32) []uint32 {
	for _, c := range s.calleesOf(f) {
		if s.in[c] && s.partner[c] < 0 && !slices.Contains(out, c) {
			if out = append(out, c); len(out) > maxCallees {
				break
			}
		}
	}
	return out
}

// doubt parts pairs that rest on place or calls alone and whose callees say
// otherwise: both call functions that have partners, and never each other's.
func (m *matcher) doubt() {
	for _, f := range m.a.funcs {
		g := m.a.partner[f]
		if g < 0 || m.how[f] != ByPlace && m.how[f] != ByCalls {
			continue
		}
		if agree, of := m.agreement(f, uint32(g)); of >= 2 && agree == 0 {
			m.part(f)
		}
	}
}

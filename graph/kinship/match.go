package kinship

import (
	"cmp"
	"math"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// side is one image in a comparison, with the functions that take part.
type side struct {
	set   *fingerprint.Set
	funcs []uint32 // that take part, sorted
	in    []bool   // by function: takes part
}

func newSide(s *fingerprint.Set, funcs []uint32) *side {
	d := &side{set: s, funcs: funcs, in: make([]bool, len(s.Functions))}
	for _, f := range funcs {
		d.in[f] = true
	}
	return d
}

// pairing is functions of two images that are taken for the same.
type pairing struct {
	a, b []int32 // by function: its partner on the other side, or -1
	how  []How   // by function of a
	n    int
}

// matcher pairs the functions of two sides, surest first: what is equal, what
// refers to the same rare things, what lies between the same neighbours, what
// the same functions call.
type matcher struct {
	a, b *side
	t    *Thresholds
	pairing

	fa, fb *weights
	users  [][]uint32 // by common feature: functions of b that take part and use it; nil: too many
	common []int32    // by feature of a: number of the common feature, or -1

	called []uint32 // by function of b: number of the last look at calls that met it
	calls  uint32   // looks at calls so far
}

// weights is how much each feature of an image says, in bits.
type weights struct {
	feature []float64 // by feature
	total   []float64 // by function
}

// maxMatchRounds bounds the rounds; each builds on what the last one paired.
const maxMatchRounds = 6

// match compares two sides. anchors are pairs that are known to be equal. It is
// symmetric but for ties, which are broken by the order of the functions.
func match(a, b *side, anchors [][2]uint32, t *Thresholds) *pairing {
	m := &matcher{a: a, b: b, t: t}
	m.pairing = pairing{a: none(len(a.set.Functions)), b: none(len(b.set.Functions)), how: make([]How, len(a.set.Functions))}
	for _, p := range anchors {
		m.pair(p[0], p[1], Exact)
	}
	m.weigh()
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
	return &m.pairing
}

func none(n int) []int32 {
	l := make([]int32, n)
	for i := range l {
		l[i] = -1
	}
	return l
}

func (m *matcher) pair(a, b uint32, how How) {
	if m.pairing.a[a] >= 0 || m.pairing.b[b] >= 0 {
		return
	}
	m.pairing.a[a], m.pairing.b[b], m.how[a] = int32(b), int32(a), how
	m.n++
}

func (m *matcher) part(a uint32) {
	m.pairing.b[m.pairing.a[a]] = -1
	m.pairing.a[a], m.how[a] = -1, 0
	m.n--
}

// weigh gives every feature its weight: the fewer functions of the image use it,
// the more it says. A feature that both images have weighs what it weighs in
// the image that uses it more.
func (m *matcher) weigh() {
	sa, sb := m.a.set, m.b.set
	n := float64(max(len(sa.Functions), len(sb.Functions)))
	ca, cb := usesOf(sa), usesOf(sb)
	m.fa, m.fb = &weights{feature: make([]float64, len(ca))}, &weights{feature: make([]float64, len(cb))}
	bits := func(uses uint32) float64 { return math.Log2(1 + n/float64(max(uses, 1))) }
	for i, c := range ca {
		m.fa.feature[i] = bits(c)
	}
	for i, c := range cb {
		m.fb.feature[i] = bits(c)
	}
	m.common = none(len(ca))
	commonB := none(len(cb))
	k := int32(0)
	for i, j := 0, 0; i < len(ca) && j < len(cb); {
		switch c := compareFeatures(&sa.Features[i], &sb.Features[j]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			w := bits(max(ca[i], cb[j]))
			m.fa.feature[i], m.fb.feature[j] = w, w
			m.common[i], commonB[j] = k, k
			k++
			i++
			j++
		}
	}
	m.users = make([][]uint32, k)
	for _, f := range m.b.funcs {
		for _, u := range sb.FeaturesOf(int(f)) {
			if c := commonB[u]; c >= 0 {
				m.users[c] = append(m.users[c], f)
			}
		}
	}
	m.fa.sum(sa)
	m.fb.sum(sb)
}

func compareFeatures(a, b *fingerprint.Feature) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Hash, b.Hash))
}

// usesOf counts the functions that use each feature.
func usesOf(s *fingerprint.Set) []uint32 {
	out := make([]uint32, len(s.Features))
	for _, u := range s.Uses {
		out[u]++
	}
	return out
}

func (w *weights) sum(s *fingerprint.Set) {
	w.total = make([]float64, len(s.Functions))
	for i := range s.Functions {
		for _, u := range s.FeaturesOf(i) {
			w.total[i] += w.feature[u]
		}
	}
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
	to, from := make([]best, len(m.pairing.a)), make([]best, len(m.pairing.b))
	for i := range to {
		to[i].with = -1
	}
	for i := range from {
		from[i].with = -1
	}
	shared := make([]float64, len(m.pairing.b))
	var touched []uint32
	for _, f := range m.a.funcs {
		if m.pairing.a[f] >= 0 {
			continue
		}
		touched = touched[:0]
		for _, u := range m.a.set.FeaturesOf(int(f)) {
			c := m.common[u]
			if c < 0 || float64(len(m.users[c])) > m.t.Rare {
				continue
			}
			for _, g := range m.users[c] {
				if m.pairing.b[g] >= 0 {
					continue
				}
				if shared[g] == 0 {
					touched = append(touched, g)
				}
				shared[g] += m.fa.feature[u]
			}
		}
		for _, g := range touched {
			s := shared[g]
			shared[g] = 0
			if s < m.t.Weight || !m.fits(f, g) {
				continue
			}
			score := s / (m.fa.total[f] + m.fb.total[g] - s)
			to[f].see(int32(g), score)
			from[g].see(int32(f), score)
		}
	}
	for _, f := range m.a.funcs {
		if b := &to[f]; b.clear(m.t) && from[b.with].with == int32(f) && from[b.with].clear(m.t) {
			m.pair(f, uint32(b.with), ByText)
		}
	}
}

// slack is how many instructions two short functions may differ by whatever
// their ratio.
const slack = 6

// fits reports whether two functions can be the same by their size.
func (m *matcher) fits(a, b uint32) bool {
	x, y := float64(m.a.set.Functions[a].Instructions), float64(m.b.set.Functions[b].Instructions)
	return max(x, y) <= m.t.Size*min(x, y) || math.Abs(x-y) <= slack
}

// jaccard is how much of what two functions refer to is common, weighted; -1
// when one of them refers to nothing that says anything.
func (m *matcher) jaccard(a, b uint32) float64 {
	x, y := m.fa.total[a], m.fb.total[b]
	if x < 4 || y < 4 {
		return -1
	}
	shared := 0.0
	la, lb := m.a.set.FeaturesOf(int(a)), m.b.set.FeaturesOf(int(b))
	for i, j := 0, 0; i < len(la) && j < len(lb); {
		switch c := compareFeatures(&m.a.set.Features[la[i]], &m.b.set.Features[lb[j]]); {
		case c < 0:
			i++
		case c > 0:
			j++
		default:
			shared += m.fa.feature[la[i]]
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
		g := m.pairing.a[f]
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
		if m.pairing.b[g] >= 0 {
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
	x, y := float64(m.a.set.Functions[a].Instructions), float64(m.b.set.Functions[b].Instructions)
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
	la := m.a.set.CallsOf(int(a))
	if len(la) == 0 {
		return 0, 0
	}
	if m.called == nil {
		m.called = make([]uint32, len(m.pairing.b))
	}
	m.calls++
	for _, d := range m.b.set.CallsOf(int(b)) {
		m.called[d.Callee] = m.calls
	}
	for _, c := range la {
		p := m.pairing.a[c.Callee]
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
		g := m.pairing.a[f]
		if g < 0 {
			continue
		}
		la = callees(la[:0], m.a, f, m.pairing.a)
		lb = callees(lb[:0], m.b, uint32(g), m.pairing.b)
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
func callees(out []uint32, d *side, f uint32, partner []int32) []uint32 {
	for _, c := range d.set.CallsOf(int(f)) {
		if d.in[c.Callee] && partner[c.Callee] < 0 && !slices.Contains(out, c.Callee) {
			if out = append(out, c.Callee); len(out) > maxCallees {
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
		g := m.pairing.a[f]
		if g < 0 || m.how[f] != ByPlace && m.how[f] != ByCalls {
			continue
		}
		if agree, of := m.agreement(f, uint32(g)); of >= 2 && agree == 0 {
			m.part(f)
		}
	}
}

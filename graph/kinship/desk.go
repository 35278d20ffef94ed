package kinship

import (
	"math"
	"slices"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// desk is what one comparison writes on. It is used again for the next, so that
// comparing a few functions of large images costs what those functions cost: what
// is kept by function or by feature is cleaned for those alone that took part, and
// a side that stays is not prepared again.
type desk struct {
	sides   [2]side
	how     []How     // by function of the first side that has a partner
	shared  []float64 // by function of the second side; zero between uses
	called  []uint32  // by function of the second side: number of the last look at calls that met it
	calls   uint32    // looks at calls so far
	weights weights
	now     uint32 // number of this comparison, and of its round: see begin
	round   uint32

	counts []uint32 // by feature; zero between uses: see tally
	met    []uint32
	loners []uint32 // of one image: see family.loner
	loner  uint32   // that image + 1
}

// side is one image in a comparison, with the functions that take part.
type side struct {
	*code
	funcs   []uint32 // that take part, sorted
	in      []bool   // by function: takes part
	partner []int32  // by function: its partner on the other side, or -1

	used  []uint32 // features that they use, sorted
	stamp []uint32 // by feature: the seat that used it last
	rank  []uint32 // by feature of used: its place in it
	seat  uint32   // how often functions were put on this side
	users users    // of the second side

	other   []int32   // by feature of used: its number on the other side, or -1; of the first side
	weight  []float64 // by feature, in bits
	weighed []uint32  // by feature: the comparison that weight is of
	total   []float64 // by function: what its features weigh
	summed  []uint32  // by function: the comparison that total is of
	best    []best    // by function
	seen    []uint32  // by function: the round that best is of
}

// begin takes away what the last comparison left, and numbers the next one.
func (d *desk) begin() {
	a, b := &d.sides[0], &d.sides[1]
	for _, f := range a.funcs {
		if g := a.partner[f]; g >= 0 {
			a.partner[f], b.partner[g] = -1, -1
		}
	}
	if d.now == 1<<32-1 {
		for i := range d.sides {
			clear(d.sides[i].weighed)
			clear(d.sides[i].summed)
		}
		d.now = 0
	}
	d.now++
}

// nextRound numbers the next round of pairing by text.
func (d *desk) nextRound() {
	if d.round == 1<<32-1 {
		clear(d.sides[0].seen)
		clear(d.sides[1].seen)
		d.round = 0
	}
	d.round++
}

// sit puts functions of an image on a side, if they are not there already.
func (s *side) sit(c *code, funcs []uint32) {
	if s.code == c && slices.Equal(s.funcs, funcs) {
		return
	}
	for _, f := range s.funcs {
		s.in[f] = false
	}
	s.code, s.funcs = c, append(s.funcs[:0], funcs...)
	if n := len(c.functions); n > len(s.in) {
		s.in, s.partner = make([]bool, n), none(n)
		s.total, s.summed, s.best, s.seen = make([]float64, n), make([]uint32, n), make([]best, n), make([]uint32, n)
	}
	if n := len(c.features); n > len(s.stamp) {
		s.stamp, s.rank = make([]uint32, n), make([]uint32, n)
		s.other, s.weight, s.weighed = make([]int32, n), make([]float64, n), make([]uint32, n)
		s.seat = 0
	}
	if s.seat == 1<<32-1 {
		clear(s.stamp)
		s.seat = 0
	}
	s.seat++
	s.used, s.users.ends = s.used[:0], s.users.ends[:0]
	for _, f := range s.funcs {
		s.in[f] = true
		for _, u := range c.featuresOf(f) {
			if s.stamp[u] != s.seat {
				s.stamp[u] = s.seat
				s.used = append(s.used, u)
			}
		}
	}
	s.sortUsed()
	for i, u := range s.used {
		s.rank[u] = uint32(i)
	}
}

// sortUsed sorts the features that are used: few by comparing, many by looking at all.
func (s *side) sortUsed() {
	if len(s.used) < len(s.features)/8 {
		slices.Sort(s.used)
		return
	}
	s.used = s.used[:0]
	for u := range s.features {
		if s.stamp[u] == s.seat {
			s.used = append(s.used, uint32(u))
		}
	}
}

// weigh gives every feature that the first side uses its weight: the fewer
// functions of the image use it, the more it says. A feature that both images have
// weighs what it weighs in the image that uses it more.
func (d *desk) weigh() {
	s, o := &d.sides[0], &d.sides[1]
	at := 0
	for _, u := range s.used {
		f := &s.features[u]
		s.weighed[u] = d.now
		if at = seek(o.features, at, f); at == len(o.features) || compareFeatures(&o.features[at], f) != 0 {
			s.other[u], s.weight[u] = -1, d.weights.of(f.users)
			continue
		}
		w := d.weights.of(max(f.users, o.features[at].users))
		s.other[u], s.weight[u] = int32(at), w
		o.weight[at], o.weighed[at] = w, d.now
	}
	if len(s.used) > len(o.used)/8 { // most of them will be asked for: in order that is less work
		at := 0
		for _, u := range o.used {
			if o.weighed[u] != d.now {
				at = d.weighOther(u, at)
			}
		}
	}
}

// weighOther weighs a feature of the second side; the first side's features are
// looked at from a place on.
func (d *desk) weighOther(u uint32, from int) (at int) {
	s, o := &d.sides[0], &d.sides[1]
	f := &o.features[u]
	at = seek(s.features, from, f)
	most := f.users
	if at < len(s.features) && compareFeatures(&s.features[at], f) == 0 {
		most = max(most, s.features[at].users)
	}
	o.weight[u], o.weighed[u] = d.weights.of(most), d.now
	return at
}

// weight is what all features of a function of a side weigh.
func (d *desk) weight(s *side, f uint32) float64 {
	if s.summed[f] == d.now {
		return s.total[f]
	}
	total := 0.0
	for _, u := range s.featuresOf(f) {
		if s.weighed[u] != d.now { // of the second side
			d.weighOther(u, 0)
		}
		total += s.weight[u]
	}
	s.total[f], s.summed[f] = total, d.now
	return total
}

// bestOf is the best partner that was found for a function in this round.
func (d *desk) bestOf(s *side, f uint32) *best {
	if s.seen[f] != d.round {
		s.seen[f], s.best[f] = d.round, best{with: -1}
	}
	return &s.best[f]
}

// seek is the place of a feature in a sorted list from a place on, or the place
// where it would be. It looks at the logarithm of the distance.
func seek(l []feature, at int, f *feature) int {
	step := 1
	low := at
	for at < len(l) && compareFeatures(&l[at], f) < 0 {
		low = at + 1
		at += step
		step *= 2
	}
	high := min(at, len(l))
	for low < high {
		if mid := (low + high) / 2; compareFeatures(&l[mid], f) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

func compareFeatures(a, b *feature) int {
	switch {
	case a.kind != b.kind:
		return int(a.kind) - int(b.kind)
	case a.hash < b.hash:
		return -1
	case a.hash > b.hash:
		return 1
	}
	return 0
}

// weights are how much a feature says, in bits, that so many functions of n use.
type weights struct {
	n     float64
	table [64]float64 // of few users; 0: not asked for yet
}

func (b *weights) reset(n int) {
	if float64(n) != b.n {
		*b = weights{n: float64(n)}
	}
}

func (b *weights) of(users uint32) float64 {
	users = max(users, 1)
	if users >= uint32(len(b.table)) {
		return math.Log2(1 + b.n/float64(users))
	}
	if b.table[users] == 0 {
		b.table[users] = math.Log2(1 + b.n/float64(users))
	}
	return b.table[users]
}

// users are the functions of a side that take part, by the features that they use.
type users struct {
	ends  []uint32 // by place in the side's used; empty: not collected yet
	funcs []uint32
}

func (x *users) collect(s *side) {
	if len(x.ends) > 0 {
		return
	}
	x.ends = slices.Grow(x.ends, len(s.used)+1)[:len(s.used)+1]
	clear(x.ends)
	total := uint32(0)
	for _, f := range s.funcs {
		for _, u := range s.featuresOf(f) {
			x.ends[s.rank[u]+1]++
			total++
		}
	}
	for i := 1; i < len(x.ends); i++ {
		x.ends[i] += x.ends[i-1]
	}
	x.funcs = slices.Grow(x.funcs[:0], int(total))[:total]
	for _, f := range s.funcs { // now an end is where the next one is put
		for _, u := range s.featuresOf(f) {
			x.funcs[x.ends[s.rank[u]]] = f
			x.ends[s.rank[u]]++
		}
	}
}

// usersOf lists the functions of a side that use a feature and take part, in order.
func (s *side) usersOf(u int32) []uint32 {
	if s.stamp[u] != s.seat {
		return nil
	}
	from, r := uint32(0), s.rank[u]
	if r > 0 {
		from = s.users.ends[r-1]
	}
	return s.users.funcs[from:s.users.ends[r]]
}

// tally calls do for each feature that some functions of an image use, with how
// many of them do. The order says nothing.
func (d *desk) tally(c *code, funcs []uint32, do func(feature, n uint32)) {
	if n := len(c.features); n > len(d.counts) {
		d.counts = make([]uint32, n)
	}
	d.met = d.met[:0]
	for _, f := range funcs {
		for _, u := range c.featuresOf(f) {
			if d.counts[u] == 0 {
				d.met = append(d.met, u)
			}
			d.counts[u]++
		}
	}
	for _, u := range d.met {
		n := d.counts[u]
		d.counts[u] = 0
		do(u, n)
	}
}

// literals counts the literals that a function refers to.
func (c *code) literals(f uint32) int {
	n := 0
	for _, u := range c.featuresOf(f) {
		if c.features[u].kind == fingerprint.FeatureString {
			n++
		}
	}
	return n
}

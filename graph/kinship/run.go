package kinship

import (
	"slices"

	"github.com/kinbom/kinbom/graph/forest"
)

// pair is two numbers, the smaller one first, in one word that sorts.
type pair uint64

func newPair(a, b uint32) pair {
	if a > b {
		a, b = b, a
	}
	return pair(a)<<32 | pair(b)
}

func (p pair) split() (a, b uint32) { return uint32(p >> 32), uint32(p) }

// counted calls do for each different pair of a list, with how often it is
// there, in order. It sorts the list.
func counted(l []pair, do func(p pair, n int)) {
	slices.Sort(l)
	for at := 0; at < len(l); {
		end := at + 1
		for end < len(l) && l[end] == l[at] {
			end++
		}
		do(l[at], end-at)
		at = end
	}
}

// runs joins twins that the same products carry and that are neighbours. The
// result is the run of each twin: runs are numbered by their first twin.
func (f *family) runs() []uint32 {
	near := make([][]pair, len(f.images))
	each(len(f.images), func(i int) { near[i] = f.neighbours(i) })
	all := slices.Concat(near...)
	t := forest.New[uint32](len(f.twins))
	counted(all, func(p pair, n int) {
		a, b := p.split()
		if float64(n) >= f.t.Adjacent*float64(min(f.twins[a].images, f.twins[b].images)) {
			t.Join(a, b)
		}
	})
	return t.Number()
}

// neighbours lists pairs of twins that lie side by side in an image, each once,
// when the same products carry both.
func (f *family) neighbours(image int) []pair {
	var out []pair
	units := f.twin[f.base[image]:f.base[image+1]]
	last, gap := uint32(0), 0
	for _, w := range units {
		if w == 0 {
			gap++
			continue
		}
		if last > 0 && w != last && gap <= int(f.t.Gap) && f.alike(last-1, w-1) {
			out = append(out, newPair(last-1, w-1))
		}
		last, gap = w, 0
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// alike reports whether two twins may be of one run: the same products carry
// them, and they are of the same background library or of none.
func (f *family) alike(a, b uint32) bool {
	return f.twins[a].set == f.twins[b].set && f.twins[a].background == f.twins[b].background
}

// adjoin joins runs that are neighbours in most images that have both, when the
// same products carry them: some twin of the run, if not each.
func (f *family) adjoin(run []uint32) (joined []uint32, changed bool) {
	carriers := f.carriersOf(run)
	back, images := f.backgrounds(run), f.imagesOf(run)
	near := make([][]pair, len(f.images))
	each(len(f.images), func(i int) {
		l := f.pieces(i, run)
		for n := 1; n < len(l); n++ {
			a, b := l[n-1].run, l[n].run
			if a != b && back[a] == back[b] && l[n].first-l[n-1].end <= uint32(f.t.Gap) && slices.Equal(carriers[a], carriers[b]) {
				near[i] = append(near[i], newPair(a, b))
			}
		}
		slices.Sort(near[i])
		near[i] = slices.Compact(near[i])
	})
	t := forest.New[uint32](len(carriers))
	counted(slices.Concat(near...), func(p pair, n int) {
		a, b := p.split()
		if float64(n) >= f.t.Adjacent*float64(min(images[a], images[b])) && t.Join(a, b) {
			changed = true
		}
	})
	if !changed {
		return run, false
	}
	return follow(run, t), true
}

// carriersOf is, for each run, the products that carry some twin of it. They are
// only read: runs of one set share it.
func (f *family) carriersOf(run []uint32) []products {
	out := make([]products, runsOf(run))
	own := make([]bool, len(out)) // has a set of its own
	for w, r := range run {
		p := f.sets.of(f.twins[w].set)
		switch {
		case out[r] == nil:
			out[r] = p
		case p.within(out[r]):
		case !own[r]:
			out[r], own[r] = slices.Clone(out[r]), true
			fallthrough
		default:
			for i, bits := range p {
				out[r][i] |= bits
			}
		}
	}
	return out
}

// piece is a stretch of an image that is of one run.
type piece struct {
	run        uint32
	first, end uint32 // functions [first, end) of the image
}

// pieces cuts an image into stretches of runs; of gives the run of a twin.
// Stretches of one run with less than the gap between them are one.
func (f *family) pieces(image int, of []uint32) []piece {
	var out []piece
	units := f.twin[f.base[image]:f.base[image+1]]
	for i, w := range units {
		if w == 0 {
			continue
		}
		r := of[w-1]
		if n := len(out); n > 0 && out[n-1].run == r && uint32(i)-out[n-1].end <= uint32(f.t.Gap) {
			out[n-1].end = uint32(i) + 1
			continue
		}
		out = append(out, piece{r, uint32(i), uint32(i) + 1})
	}
	return out
}

package query

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/kinship"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// ladder is the order of the rungs that tie images, strongest first. A copied
// cdhash is none: it is no sameness.
var ladder = [...]library.Rung{library.RungBytes, library.RungCDHash, library.RungUnsigned, library.RungUUID, library.RungText, library.RungName}

func rank(rung string) int {
	if i := slices.Index(ladder[:], library.Rung(rung)); i >= 0 {
		return i
	}
	return len(ladder)
}

// ties lists, for each image of x, the strongest tie to an image of y.
func (f *Family) ties(x, y *sided) []ImageTie {
	out := []ImageTie{}
	for _, d := range x.order {
		best, rung := sbom.Digest(""), ""
		if _, ok := y.images[d]; ok {
			best, rung = d, string(library.RungBytes)
		}
		consider := func(other sbom.Digest, r string) {
			if _, ok := y.images[other]; ok && other != d && rank(r) < len(ladder) && (best == "" || rank(r) < rank(rung) || rank(r) == rank(rung) && best != d && y.before(other, best)) {
				best, rung = other, r
			}
		}
		node := graph.ImageNode(d)
		for _, e := range append(slices.Clone(f.graph.Out(node)), f.graph.In(node)...) {
			if e.Kind != graph.EdgeSameAs {
				continue
			}
			other := e.To
			if other == node {
				other = e.From
			}
			if o, ok := graph.ImageOf(other); ok {
				consider(o, e.Method)
			}
		}
		if best != "" {
			out = append(out, ImageTie{A: d, B: best, PathA: x.images[d], PathB: y.images[best], Arch: f.arch(d), Rung: rung})
		}
	}
	return out
}

func (s *sided) before(a, b sbom.Digest) bool {
	return cmp.Or(strings.Compare(s.images[a], s.images[b]), strings.Compare(string(a), string(b))) < 0
}

func (f *Family) arch(d sbom.Digest) string { return f.graph.Carriers(d)[0].Image.Arch }

// shares counts files, images and functions, in both directions.
func (f *Family) shares(p *pairing, x, y *sided, ties []ImageTie) (ab, ba Share, err error) {
	ab, ba = filesOf(x, y), filesOf(y, x)
	for _, t := range ties {
		if t.A != t.B {
			ab.TiedImages++
		}
	}
	for _, t := range f.ties(y, x) {
		if t.A != t.B {
			ba.TiedImages++
		}
	}
	if err := p.count(x, y, &ab); err != nil {
		return ab, ba, err
	}
	return ab, ba, p.count(y, x, &ba)
}

func filesOf(x, y *sided) Share {
	s := Share{Files: len(x.files), Images: len(x.images)}
	for d := range x.files {
		if y.files[d] {
			s.SameFiles++
		}
	}
	for d := range x.images {
		if _, ok := y.images[d]; ok {
			s.SameImages++
		}
	}
	return s
}

// pairing is which functions of the two sides are kin.
type pairing struct {
	f      *Family
	t      kinship.Thresholds
	kin    map[library.Unit][]sbom.Digest // functions that are paired with one of the other side -> its images, sorted
	marked map[*sided]map[functionKey]bool
	ground []*library.Library // static ones that are background
}

// functionKey is what two equal functions have in common.
type functionKey struct {
	full         fingerprint.Mark
	instructions uint32
}

// paired compares the two sides as if each were one product.
func (f *Family) paired(x, y *sided) *pairing {
	p := &pairing{f: f, t: kinship.Measured(), kin: map[library.Unit][]sbom.Digest{}, marked: map[*sided]map[functionKey]bool{}}
	for i := range f.libraries {
		if l := &f.libraries[i]; l.Background {
			p.ground = append(p.ground, l)
		}
	}
	var images []kinship.Image
	for _, c := range f.code(every) {
		m := kinship.Image{Digest: c.Image.Digest, Arch: c.Image.Arch}
		_, inX := x.images[m.Digest]
		_, inY := y.images[m.Digest]
		if !inX && !inY || inX && inY || f.unread[m.Digest] != "" {
			continue // what both have as a whole needs no pairing
		}
		m.Products = []uint32{0}
		if inY {
			m.Products = []uint32{1}
		}
		m.Set = func() (*fingerprint.Set, error) { return f.set(m.Digest) }
		m.Marks = func() ([]fingerprint.Function, error) { return f.functions(m.Digest) }
		images = append(images, m)
	}
	r := kinship.Find(images, kinship.Options{Thresholds: p.t})
	both := make([][]partner, len(images)) // functions that both sides have, by image
	for i := range r.Lineages {
		for _, m := range r.Lineages[i].Members {
			note(images, &m, both)
		}
	}
	for i, list := range both {
		l, err := f.functions(images[i].Digest)
		for _, n := range list {
			if err == nil && int(n.function) < len(l) {
				u := library.Unit{Image: images[i].Digest, Address: l[n.function].Address}
				p.kin[u] = append(p.kin[u], n.images...)
			}
		}
	}
	p.marked[x], p.marked[y] = p.marks(x.order), p.marks(y.order)
	return p
}

// partner is a function of an image that images of the other side have too.
type partner struct {
	function uint32
	images   []sbom.Digest
}

// note lists the units of a member that both sides have.
func note(images []kinship.Image, m *kinship.Member, both [][]partner) {
	var sides [2][]sbom.Digest
	for _, u := range m.Units {
		n := images[u.Image].Products[0]
		sides[n] = append(sides[n], images[u.Image].Digest)
	}
	for _, u := range m.Units {
		if other := sides[1-images[u.Image].Products[0]]; len(other) > 0 {
			both[u.Image] = append(both[u.Image], partner{u.Function, other})
		}
	}
}

// functions are the marks of an image alone.
func (f *Family) functions(d sbom.Digest) ([]fingerprint.Function, error) {
	if f.options.Marks == nil {
		return nil, library.ErrNoMarks
	}
	b, err := f.options.Marks(d)
	if err != nil {
		return nil, err
	}
	file, err := fingerprint.Open(b)
	if err != nil {
		return nil, err
	}
	return file.Marks()
}

// counts reports whether a function is long enough to tell anything.
func (p *pairing) counts(arch string, fn *fingerprint.Function) bool {
	least := p.t.LeastARM
	if strings.HasPrefix(arch, "x86_64") {
		least = p.t.LeastX86
	}
	return float64(fn.Instructions) >= least
}

// marks are what the functions of images are.
func (p *pairing) marks(images []sbom.Digest) map[functionKey]bool {
	out := map[functionKey]bool{}
	for _, d := range images {
		if p.f.unread[d] != "" {
			continue
		}
		l, err := p.f.functions(d)
		if err != nil {
			continue // it is among those that were not compared
		}
		for i := range l {
			if p.counts(p.f.arch(d), &l[i]) {
				out[functionKey{l[i].Full, l[i].Instructions}] = true
			}
		}
	}
	return out
}

// count counts the functions of x, and which of them y has.
func (p *pairing) count(x, y *sided, s *Share) error {
	for _, d := range x.order {
		if p.f.unread[d] != "" {
			continue
		}
		l, err := p.f.functions(d)
		if err != nil {
			return err
		}
		for i := range l {
			if !p.counts(p.f.arch(d), &l[i]) {
				continue
			}
			s.Functions++
			switch {
			case p.marked[y][functionKey{l[i].Full, l[i].Instructions}]:
				s.Exact++
			case len(p.kin[library.Unit{Image: d, Address: l[i].Address}]) > 0:
				s.Kin++
			default:
				continue
			}
			if p.background(d, l[i].Address) {
				s.Background++
			}
		}
	}
	return nil
}

// background reports whether a function is of a library that is background.
func (p *pairing) background(d sbom.Digest, address uint64) bool {
	return slices.ContainsFunc(p.ground, func(l *library.Library) bool {
		if l.Kind == library.KindDynamic {
			return slices.Contains(l.Images, d)
		}
		return l.Has(d, address)
	})
}

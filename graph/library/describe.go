package library

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/kinship"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// described is what the functions of a lineage say about it.
type described struct {
	marks   []string // of the rarest members, sorted
	units   []Unit   // sorted by image, then address
	members []MemberOf
	markAt  map[kinship.Unit]fingerprint.Mark
	lengths []uint32 // by member: instructions of its first unit
	naming
	tally
}

// MemberOf is one function of a static library, as its fullest copy has it.
type MemberOf struct {
	Mark   fingerprint.Mark
	Name   string // "" when no copy has one
	Copies int    // images that hold it
	Image  sbom.Digest
	At     uint64 // address in that image
	Size   uint32 // bytes there
}

// maxIDMarks is how many marks make the id of a static library.
const maxIDMarks = 16

// describing is a lineage while its images are read.
type describing struct {
	*described
	l       *kinship.Lineage
	fullest uint32
	at      map[uint32][]memberUnit // by image
}

func newDescribing(l *kinship.Lineage) *describing {
	d := &describing{l: l, at: map[uint32][]memberUnit{}, described: &described{members: make([]MemberOf, len(l.Members)), markAt: map[kinship.Unit]fingerprint.Mark{},
		lengths: make([]uint32, len(l.Members)), naming: newNaming(), tally: tally{of: make([]counts, len(l.Members))}}}
	full := l.Copies[0]
	for _, c := range l.Copies {
		if c.Units > full.Units {
			full = c
		}
	}
	d.fullest = full.Image
	for i := range l.Members {
		last := ^uint32(0)
		for _, u := range l.Members[i].Units {
			d.at[u.Image] = append(d.at[u.Image], memberUnit{i, u.Function, u})
			if u.Image != last {
				d.members[i].Copies++
			}
			last = u.Image
		}
	}
	return d
}

// describe reads the functions of all members of some lineages. Each image is
// decoded once for all of them.
func (s *static) describe(lineages []*kinship.Lineage, b *backdrop) []*described {
	all, out := make([]*describing, len(lineages)), make([]*described, len(lineages))
	in := make([][]int, len(s.images)) // by image: lineages that it has a copy of
	for i, l := range lineages {
		all[i] = newDescribing(l)
		for _, c := range l.Copies {
			in[c.Image] = append(in[c.Image], i)
		}
	}
	for image, list := range in {
		if len(list) == 0 {
			continue
		}
		set, err := s.images[image].Set()
		if err != nil {
			continue
		}
		for _, i := range list {
			s.read(all[i], b, uint32(image), set)
		}
	}
	for i, d := range all {
		d.done()
		slices.SortFunc(d.units, func(a, b Unit) int {
			return cmp.Or(strings.Compare(string(a.Image), string(b.Image)), cmp.Compare(a.Address, b.Address))
		})
		d.marks = rarest(d.members)
		out[i] = d.described
	}
	return out
}

// read takes in what one image says of a lineage.
func (s *static) read(d *describing, b *backdrop, image uint32, set *fingerprint.Set) {
	for _, u := range d.at[image] {
		if int(u.function) >= len(set.Functions) {
			continue
		}
		f := &set.Functions[u.function]
		d.units = append(d.units, Unit{s.digest[image], f.Address})
		d.markAt[u.unit] = f.Full
		if u.unit == d.l.Members[u.member].Units[0] {
			d.lengths[u.member] = f.Instructions
		}
		d.add(b, u.member, int(image), set, int(u.function), image == d.fullest)
		m := &d.members[u.member]
		if m.Image == "" || image == d.fullest {
			m.Mark, m.Image, m.At, m.Size = f.Full, s.digest[image], f.Address, f.Size
		}
		if f.Name != "" && (m.Name == "" || f.Name < m.Name) {
			m.Name = f.Name
		}
	}
	d.learn(set, d.at[image], s.digest[image])
	d.member(s.nouns[s.digest[image]], len(d.at[image]))
}

// batchUnits is how many units are described at a time: what each of them takes
// then is a multiple of what a library keeps.
const batchUnits = 1 << 20

// batches cuts lineages into stretches [first, end) of about batchUnits units.
func batches(l []kinship.Lineage) [][2]int {
	var out [][2]int
	first, units := 0, 0
	for i := range l {
		for _, c := range l[i].Copies {
			units += c.Units
		}
		if units >= batchUnits || i+1 == len(l) {
			out = append(out, [2]int{first, i + 1})
			first, units = i+1, 0
		}
	}
	return out
}

func some(l []kinship.Lineage, batch [2]int) []*kinship.Lineage {
	var out []*kinship.Lineage
	for i := batch[0]; i < batch[1]; i++ {
		out = append(out, &l[i])
	}
	return out
}

// partOf is a lineage, or what split made of one, with what describes it.
type partOf struct {
	of      int // the lineage
	lineage *kinship.Lineage
	*described
}

// parts describes some lineages and splits them.
func (s *static) parts(l []kinship.Lineage, batch [2]int, b *backdrop) []partOf {
	list := some(l, batch)
	var fresh []*kinship.Lineage
	var out []partOf
	for i, whole := range s.describe(list, b) {
		background, own := s.split(list[i], whole, b)
		for _, p := range []*kinship.Lineage{background, own} {
			switch p {
			case nil:
				continue
			case list[i]:
				out = append(out, partOf{batch[0] + i, p, whole})
			default:
				out = append(out, partOf{batch[0] + i, p, nil})
				fresh = append(fresh, p)
			}
		}
	}
	described := s.describe(fresh, b)
	for i := range out {
		if out[i].described == nil {
			out[i].described, described = described[0], described[1:]
		}
	}
	return out
}

// memberUnit is a function of an image with its member.
type memberUnit struct {
	member   int
	function uint32
	unit     kinship.Unit
}

// rarest lists the marks of the members that the fewest images hold.
func rarest(l []MemberOf) []string {
	l = slices.Clone(l)
	slices.SortFunc(l, func(a, b MemberOf) int { return cmp.Or(cmp.Compare(a.Copies, b.Copies), cmp.Compare(a.Mark, b.Mark)) })
	var out []string
	for _, m := range l[:min(len(l), maxIDMarks)] {
		out = append(out, m.Mark.String())
	}
	slices.Sort(out)
	return out
}

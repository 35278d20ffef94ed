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
	markAt  [][]fingerprint.Mark // by member and its unit; 0: not read
	lengths []uint32             // by member: instructions of its first unit
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
	at      []memberUnit // by image, then member
	ends    []int        // by copy of the lineage: where its part of at ends
}

// memberUnit is a function of an image with its member.
type memberUnit struct {
	member   uint32
	nth      uint32 // of the member's units
	function uint32
}

func newDescribing(l *kinship.Lineage) *describing {
	d := &describing{l: l, described: &described{members: make([]MemberOf, len(l.Members)), markAt: make([][]fingerprint.Mark, len(l.Members)),
		lengths: make([]uint32, len(l.Members)), naming: newNaming(), tally: tally{of: make([]counts, len(l.Members))}}}
	full := l.Copies[0]
	for _, c := range l.Copies {
		if c.Units > full.Units {
			full = c
		}
	}
	d.fullest = full.Image
	d.sort()
	marks := make([]fingerprint.Mark, len(d.at))
	for i := range l.Members {
		units := l.Members[i].Units
		d.markAt[i], marks = marks[:len(units):len(units)], marks[len(units):]
		last := ^uint32(0)
		for _, u := range units {
			if u.Image != last {
				d.members[i].Copies++
			}
			last = u.Image
		}
	}
	d.units = make([]Unit, 0, len(d.at))
	return d
}

// sort puts the units of the members in the order of the lineage's copies.
func (d *describing) sort() {
	place := make(map[uint32]int, len(d.l.Copies))
	for i, c := range d.l.Copies {
		place[c.Image] = i
	}
	start := make([]int, len(d.l.Copies)+1)
	for i := range d.l.Members {
		for _, u := range d.l.Members[i].Units {
			start[place[u.Image]+1]++
		}
	}
	for i := range d.l.Copies {
		start[i+1] += start[i]
	}
	d.at = make([]memberUnit, start[len(d.l.Copies)])
	for i := range d.l.Members {
		for n, u := range d.l.Members[i].Units {
			d.at[start[place[u.Image]]] = memberUnit{uint32(i), uint32(n), u.Function}
			start[place[u.Image]]++
		}
	}
	d.ends = start[:len(d.l.Copies)]
}

// in lists the units of a copy of the lineage.
func (d *describing) in(copy int) []memberUnit {
	from := 0
	if copy > 0 {
		from = d.ends[copy-1]
	}
	return d.at[from:d.ends[copy]]
}

// describe reads the functions of all members of some lineages. Each image is
// decoded once for all of them.
func (s *static) describe(lineages []*kinship.Lineage, b *backdrop) []*described {
	all, out := make([]*describing, len(lineages)), make([]*described, len(lineages))
	type copyOf struct{ lineage, copy int }
	in := make([][]copyOf, len(s.images)) // by image
	for i, l := range lineages {
		all[i] = newDescribing(l)
		for n, c := range l.Copies {
			in[c.Image] = append(in[c.Image], copyOf{i, n})
		}
	}
	for image, list := range in {
		if len(list) == 0 {
			continue
		}
		set, err := s.told(image)
		if err != nil {
			continue
		}
		classes := classesOf(set)
		for _, c := range list {
			d := all[c.lineage]
			s.read(d, b, uint32(image), set, d.in(c.copy), classes)
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

// read takes in what one image says of a lineage. classes are those of the set.
func (s *static) read(d *describing, b *backdrop, image uint32, set *fingerprint.Set, units []memberUnit, classes map[uint32][]int) {
	for _, u := range units {
		if int(u.function) >= len(set.Functions) {
			continue
		}
		f := &set.Functions[u.function]
		d.units = append(d.units, Unit{s.digest[image], f.Address})
		d.markAt[u.member][u.nth] = f.Full
		if u.nth == 0 {
			d.lengths[u.member] = f.Instructions
		}
		d.add(b, int(u.member), int(image), set, int(u.function), image == d.fullest)
		m := &d.members[u.member]
		if m.Image == "" || image == d.fullest {
			m.Mark, m.Image, m.At, m.Size = f.Full, s.digest[image], f.Address, f.Size
		}
		if f.Name != "" && (m.Name == "" || f.Name < m.Name) {
			m.Name = f.Name
		}
	}
	d.learn(set, units, classes, s.digest[image])
	d.member(s.nouns[s.digest[image]], len(units))
}

// batchUnits is how many units are described at a time: what each of them takes
// then is a multiple of what a library keeps.
const batchUnits = 2 << 20

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

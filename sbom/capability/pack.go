package capability

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/kinbom/kinbom/sbom"
)

// packedFormat is what a packed set begins with. It changes with what is packed:
// a reader takes its own version only.
const packedFormat = "kinbom.rules.packed/2\n"

// Pack encodes what matching needs: patterns, conditions, ids and the digest of
// the files. What is for people (texts, references, examples, files) is left out,
// and what is made of the rest (the automaton) is made again. Equal sets give equal
// bytes. The digest of the bytes, handed over beside them, lets a reader tell that
// they are those.
func (s *Set) Pack() ([]byte, sbom.Digest) {
	c := &packer{out: []byte(packedFormat), numbers: map[*expr]uint64{}, lists: map[*signalRef]uint64{}}
	c.set(s)
	return c.out, sbom.DigestOf(c.out)
}

// Unpack gives a set that matches, and names its rules in tags, as the one that
// was packed does. Its lists for people are empty. Bytes of another digest, or of
// another version of the format, are refused.
func Unpack(b []byte, digest sbom.Digest) (*Set, error) {
	if got := sbom.DigestOf(b); got != digest {
		return nil, fmt.Errorf("unpacking rules: the bytes have digest %s, not %s", got.Short(), digest.Short())
	}
	if len(b) < len(packedFormat) || string(b[:len(packedFormat)]) != packedFormat {
		return nil, errors.New("unpacking rules: not of this version of kinbom")
	}
	c := &packer{in: b[len(packedFormat):], reading: true}
	s := &Set{}
	c.set(s)
	if c.bad || len(c.in) > 0 || !c.sound(s) {
		return nil, errors.New("unpacking rules: damaged")
	}
	s.link()
	if err := s.buildAutomaton(); err != nil {
		return nil, fmt.Errorf("unpacking rules: %w", err)
	}
	return s, nil
}

// packer goes over a set and writes what it meets, or fills it with what it reads:
// one description of the format serves both ways.
type packer struct {
	out     []byte
	in      []byte
	reading bool
	bad     bool // what was read is no packed set

	// Conditions and lists of references that several rules share are written
	// once; the number 0 says that a new one follows.
	numbers map[*expr]uint64
	exprs   []*expr
	lists   map[*signalRef]uint64
	refs    [][]signalRef
}

// whole codes a number that is not negative.
func whole[T ~int | ~int32 | ~uint8 | ~uint16 | ~uint64](c *packer, v *T) {
	if !c.reading {
		c.out = binary.AppendUvarint(c.out, uint64(*v))
		return
	}
	x, n := binary.Uvarint(c.in)
	if n <= 0 || uint64(T(x)) != x || T(x) < 0 {
		c.bad, c.in = true, nil
		return
	}
	*v, c.in = T(x), c.in[n:]
}

func flag(c *packer, v *bool) {
	var n uint8
	if *v {
		n = 1
	}
	whole(c, &n)
	*v = n == 1
	c.bad = c.bad || n > 1
}

// text codes a text or bytes. Those that were read lie in the packed bytes.
func text[T ~string | ~[]byte](c *packer, v *T) {
	n := len(*v)
	whole(c, &n)
	switch {
	case !c.reading:
		c.out = append(c.out, *v...)
	case n > len(c.in):
		c.bad, c.in = true, nil
	default:
		*v, c.in = T(c.in[:n:n]), c.in[n:]
	}
}

// list codes a list. An element takes at least one byte, so that a number of
// elements which cannot be there takes no memory.
func list[T any](c *packer, l *[]T, each func(*T)) {
	n := len(*l)
	whole(c, &n)
	if c.reading {
		if n > len(c.in) {
			c.bad, c.in = true, nil
		}
		if *l = nil; c.bad || n == 0 {
			return
		}
		*l = make([]T, n)
	}
	for i := range *l {
		if each(&(*l)[i]); c.bad {
			return
		}
	}
}

func texts[T ~string | ~[]byte](c *packer, l *[]T) { list(c, l, func(v *T) { text(c, v) }) }

func (c *packer) set(s *Set) {
	text(c, &s.digest)
	list(c, &s.signals, func(x *signal) { text(c, &x.name) })
	list(c, &s.patterns, c.pattern)
	list(c, &s.quotations, func(q *quotation) {
		text(c, &q.id)
		whole(c, &q.needs)
		whole(c, &q.within)
		texts(c, &q.markers)
	})
	list(c, &s.engines, func(e **engine) {
		if c.reading {
			*e = &engine{}
		}
		text(c, &(*e).id)
		texts(c, &(*e).own)
		c.expr(&(*e).when)
	})
	list(c, &s.rules, func(r **rule) {
		if c.reading {
			*r = &rule{}
		}
		c.rule(*r)
	})
}

func (c *packer) pattern(p *pattern) {
	text(c, &p.text)
	whole(c, &p.kinds)
	whole(c, &p.mode)
	flag(c, &p.fold)
	flag(c, &p.weak)
	flag(c, &p.multi)
	texts(c, &p.with)
	texts(c, &p.none)
	texts(c, &p.except)
	texts(c, &p.behind)
	whole(c, &p.signal)
}

func (c *packer) rule(r *rule) {
	text(c, &r.ID)
	text(c, &r.Capability)
	texts(c, &r.Scope)
	texts(c, &r.Stores)
	list(c, &r.reads, func(id *int32) { whole(c, id) })
	list(c, &r.grades, func(g *gradeDecl) {
		text(c, &g.grade)
		c.expr(&g.expr)
	})
	for _, e := range []**expr{&r.clears, &r.ownStore, &r.importer, &r.needs} {
		has := *e != nil
		if flag(c, &has); has {
			c.expr(e)
		}
	}
}

// expr codes a condition. Its parts come before it, so that it has no part of itself.
func (c *packer) expr(e **expr) {
	n := c.numbers[*e]
	if whole(c, &n); n > 0 {
		if c.reading && n <= uint64(len(c.exprs)) {
			*e = c.exprs[n-1]
		} else if c.reading {
			c.bad = true
		}
		return
	}
	if c.reading {
		*e = &expr{}
	}
	x := *e
	whole(c, &x.op)
	whole(c, &x.n)
	text(c, &x.name)
	c.shared(&x.refs)
	list(c, &x.kids, func(k **expr) { c.expr(k) })
	c.exprs = append(c.exprs, x)
	if !c.reading {
		c.numbers[x] = uint64(len(c.exprs))
	}
}

// shared codes the references of a name, which the conditions of a rule share.
func (c *packer) shared(l *[]signalRef) {
	var n uint64
	if len(*l) > 0 {
		n = c.lists[&(*l)[0]]
	}
	if whole(c, &n); n > 0 {
		if c.reading && n <= uint64(len(c.refs)) {
			*l = c.refs[n-1]
		} else if c.reading {
			c.bad = true
		}
		return
	}
	list(c, l, func(r *signalRef) {
		store := r.store + 1 // -1: none
		whole(c, &store)
		r.store = store - 1
		whole(c, &r.id)
	})
	c.refs = append(c.refs, *l)
	if !c.reading && len(*l) > 0 {
		c.lists[&(*l)[0]] = uint64(len(c.refs))
	}
}

// sound reports whether every number in a set that was read leads somewhere.
func (c *packer) sound(s *Set) bool {
	for i := range s.patterns {
		if p := &s.patterns[i]; p.signal >= len(s.signals) || len(p.text) == 0 {
			return false
		}
	}
	for _, l := range c.refs {
		for _, r := range l {
			if r.id >= len(s.signals) || r.store >= maxNames {
				return false
			}
		}
	}
	for _, r := range s.rules {
		if len(r.Stores) > maxNames || slices.ContainsFunc(r.reads, func(id int32) bool { return int(id) >= len(s.signals) }) {
			return false
		}
	}
	for _, e := range c.exprs {
		if e.op > opStores || len(e.kids) == 0 && (e.op == opNot || e.op == opStores) {
			return false
		}
	}
	return true
}

// link notes in the signals which patterns they have and which conditions name them.
func (s *Set) link() {
	for i := range s.patterns {
		x := &s.signals[s.patterns[i].signal]
		x.patterns = append(x.patterns, int32(i))
	}
	s.fillSignals()
}

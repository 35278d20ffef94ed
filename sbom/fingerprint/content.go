package fingerprint

import (
	"bytes"
	"cmp"
	_ "embed"
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed frequent.txt
var frequentText string

// frequent lists the imports that are no features, sorted.
func frequent() []string {
	var names []string
	for line := range strings.Lines(frequentText) {
		line, _, _ = strings.Cut(line, "#")
		names = append(names, strings.Fields(line)...)
	}
	slices.Sort(names)
	return names
}

// content is something that code refers to. Each distinct one is kept once.
type content struct {
	hash       uint64
	last       uint32      // 1 + the function that had it last, as part of its full mark
	used       uint32      // 1 + the function that had it last as a feature
	kind       FeatureKind // 0: part of full marks, but no feature
	start, end uint32      // of its text in contents.text
}

// contents interns what the code of one image refers to, by its hash. Two
// contents with one hash are one content.
type contents struct {
	list  []content
	table []uint64        // open addressing: the upper half of the hash, then 1 + index in list; 0: free
	text  strings.Builder // of all features
	often []string        // imports that are no features
}

// maxContentText limits the text of all features of one image, in bytes. What
// comes after it is kept without text.
const maxContentText = 1 << 31

// hidden is the kind in the hash of what is no feature: bytes of constant data.
const hidden = uint64(FeatureKindCount)

// intern gives the index of a content, and adds it when it is new.
func (c *contents) intern(kind FeatureKind, hash uint64, text []byte) uint32 {
	if 4*len(c.list) >= 3*len(c.table) {
		c.grow(2 * len(c.list))
	}
	mask, tag := uint64(len(c.table)-1), hash>>32
	i := hash & mask
	for ; c.table[i] != 0; i = (i + 1) & mask {
		if e := c.table[i]; e>>32 == tag { // else the list need not be touched
			if id := uint32(e) - 1; c.list[id].hash == hash {
				return id
			}
		}
	}
	start := c.text.Len()
	if text = shorten(text); len(text) <= maxContentText-start {
		c.text.Write(text)
	}
	c.list = append(c.list, content{hash: hash, kind: kind, start: uint32(start), end: uint32(c.text.Len())})
	c.table[i] = tag<<32 | uint64(len(c.list))
	return uint32(len(c.list) - 1)
}

// grow makes room for n contents.
func (c *contents) grow(n int) {
	size := 1024
	for 3*size <= 4*n {
		size *= 2
	}
	c.table = make([]uint64, size)
	mask := uint64(size - 1)
	for id := range c.list {
		hash := c.list[id].hash
		i := hash & mask
		for c.table[i] != 0 {
			i = (i + 1) & mask
		}
		c.table[i] = hash>>32<<32 | uint64(id+1)
	}
}

// shorten cuts a text to MaxText bytes, not inside of a character.
func shorten(text []byte) []byte {
	if len(text) <= MaxText {
		return text
	}
	for n := MaxText; n > MaxText-utf8.UTFMax; n-- {
		if utf8.RuneStart(text[n]) {
			return text[:n]
		}
	}
	return text[:MaxText]
}

// feature interns a content that is a feature.
func (c *contents) feature(kind FeatureKind, text []byte) uint32 {
	return c.intern(kind, digest(uint64(kind), text), text)
}

// classPrefixes are how the symbols of Objective-C classes begin, without the
// underscore of the file.
var classPrefixes = [...]string{"OBJC_CLASS_$_", "OBJC_METACLASS_$_"}

// variants are what some systems append to the name of a C function that has
// several versions.
var variants = [...]string{"$INODE64", "$UNIX2003", "$NOCANCEL", "$DARWIN_EXTSN"}

// imported interns an imported name. The symbol of a class is the class.
func (c *contents) imported(name []byte) uint32 {
	for _, p := range classPrefixes {
		if class, ok := bytes.CutPrefix(name, []byte(p)); ok {
			return c.feature(FeatureClass, class)
		}
	}
	for _, v := range variants {
		name = bytes.TrimSuffix(name, []byte(v))
	}
	if _, often := slices.BinarySearchFunc(c.often, name, func(a string, b []byte) int { return cmp.Compare(a, string(b)) }); often {
		return c.intern(0, digest(uint64(FeatureImport), name), nil)
	}
	return c.feature(FeatureImport, name)
}

// features sorts what is a feature. It also gives the rank of each content that
// is one, by its index in the list.
func (c *contents) features() ([]Feature, []uint32) {
	var starts [FeatureKindCount + 1]int // of each kind in the result; 0 stands for what is no feature
	for id := range c.list {
		if kind := c.list[id].kind; kind != 0 {
			starts[kind+1]++
		}
	}
	for kind := 1; kind < len(starts); kind++ {
		starts[kind] += starts[kind-1]
	}
	order := make([]ranked, starts[FeatureKindCount])
	next := starts
	for id := range c.list {
		if f := &c.list[id]; f.kind != 0 {
			order[next[f.kind]] = ranked{f.hash, uint32(id)}
			next[f.kind]++
		}
	}
	text := c.text.String()
	out, ranks := make([]Feature, len(order)), make([]uint32, len(c.list))
	spare := make([]ranked, len(order))
	for kind := FeatureKind(1); kind < FeatureKindCount; kind++ {
		sortRanked(order[starts[kind]:starts[kind+1]], spare)
		for rank := starts[kind]; rank < starts[kind+1]; rank++ {
			f := &c.list[order[rank].id]
			ranks[order[rank].id] = uint32(rank)
			out[rank] = Feature{Kind: kind, Hash: f.hash, Text: text[f.start:f.end]}
		}
	}
	return out, ranks
}

// ranked is a content while the features are sorted.
type ranked struct {
	hash uint64
	id   uint32
}

// sortRanked sorts by hash: first into the buckets of the upper bits, as many as
// there are entries, then within them. Hashes that were made to fall into one
// bucket cost no more than sorting does. spare has as much room as list.
func sortRanked(list, spare []ranked) {
	shift := 64 - max(1, bits.Len(uint(len(list))))
	counts := make([]uint32, 1<<(64-shift)+1)
	for i := range list {
		counts[list[i].hash>>shift+1]++
	}
	for i := 1; i < len(counts); i++ {
		counts[i] += counts[i-1]
	}
	next := counts
	for i := range list {
		at := &next[list[i].hash>>shift]
		spare[*at] = list[i]
		*at++
	}
	copy(list, spare)
	start := 0
	for i := 1; i <= len(list); i++ {
		if i == len(list) || list[i].hash>>shift != list[start].hash>>shift {
			if i-start > 1 {
				slices.SortFunc(list[start:i], func(a, b ranked) int { return cmp.Compare(a.hash, b.hash) })
			}
			start = i
		}
	}
}

package fingerprint

import (
	"bytes"
	"cmp"
	_ "embed"
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
	rank       uint32      // its place in Set.Features, once sorted
}

// contents interns what the code of one image refers to, by its hash. Two
// contents with one hash are one content.
type contents struct {
	list  []content
	table []uint32 // open addressing: 1 + index in list
	text  []byte   // of all features
	often []string // imports that are no features
}

// maxContentText limits the text of all features of one image, in bytes. What
// comes after it is kept without text.
const maxContentText = 1 << 31

// hidden is the kind in the hash of what is no feature: bytes of constant data.
const hidden = uint64(FeatureKindCount)

// intern gives the index of a content, and adds it when it is new.
func (c *contents) intern(kind FeatureKind, hash uint64, text []byte) uint32 {
	if 2*len(c.list) >= len(c.table) {
		c.grow()
	}
	mask := uint64(len(c.table) - 1)
	i := hash & mask
	for ; c.table[i] != 0; i = (i + 1) & mask {
		if id := c.table[i] - 1; c.list[id].hash == hash {
			return id
		}
	}
	start := len(c.text)
	if text = shorten(text); len(text) <= maxContentText-start {
		c.text = append(c.text, text...)
	}
	c.list = append(c.list, content{hash: hash, kind: kind, start: uint32(start), end: uint32(len(c.text))})
	c.table[i] = uint32(len(c.list))
	return uint32(len(c.list) - 1)
}

func (c *contents) grow() {
	c.table = make([]uint32, max(1024, 2*len(c.table)))
	mask := uint64(len(c.table) - 1)
	for id := range c.list {
		i := c.list[id].hash & mask
		for c.table[i] != 0 {
			i = (i + 1) & mask
		}
		c.table[i] = uint32(id + 1)
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

// imported interns an imported name. One leading underscore is the file's and is
// taken off; the symbol of a class is the class.
func (c *contents) imported(name []byte) uint32 {
	name = bytes.TrimPrefix(name, []byte("_"))
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

// features sorts what is a feature, and remembers each one's rank.
func (c *contents) features() []Feature {
	order := make([]uint32, 0, len(c.list))
	for id := range c.list {
		if c.list[id].kind != 0 {
			order = append(order, uint32(id))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(c.list[a].kind, c.list[b].kind), cmp.Compare(c.list[a].hash, c.list[b].hash))
	})
	text := string(c.text)
	out := make([]Feature, len(order))
	for rank, id := range order {
		f := &c.list[id]
		f.rank = uint32(rank)
		out[rank] = Feature{Kind: f.kind, Hash: f.hash, Text: text[f.start:f.end]}
	}
	return out
}

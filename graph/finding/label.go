package finding

import (
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Named is what can be said of a product to tell it from others.
type Named struct {
	ID                  sbom.Digest
	Name, Version, Path string
}

// Named returns what the product is called.
func (p *Product) Named() Named { return Named{p.ID, p.Name, p.Version, p.Path} }

// Verb picks the form of a verb that fits the product: loose libraries are
// several, all else is one.
func (p *Product) Verb(one, many string) string {
	if p.Kind == string(sbom.KindLibraries) {
		return many
	}
	return one
}

// label is a text for the product: its name, then more the higher the level.
func (n Named) label(level int) string {
	s := n.Name
	if level > 0 {
		s = strings.TrimSpace(n.Name + " " + n.Version)
	}
	if level > 1 {
		s += " at " + n.Path
	}
	if level > 2 {
		s += " (id " + n.ID.Short() + ")"
	}
	return s
}

// Levels of a label: what it begins with where nothing collides.
const (
	byName    = 0
	byVersion = 1
	lastLevel = 3
)

// ShortLabels gives each product a text for people, by id: its name. Where two
// would have the same, the version is added to both, then the path, then the
// beginning of the id.
func ShortLabels(list []Named) map[sbom.Digest]string { return labels(list, byName) }

// Labels is as ShortLabels, with the version always there.
func Labels(list []Named) map[sbom.Digest]string { return labels(list, byVersion) }

func labels(list []Named, lowest int) map[sbom.Digest]string {
	level := make([]int, len(list))
	for i := range level {
		level[i] = lowest
	}
	for again := true; again; { // each round raises a level, and levels end
		again = false
		count := map[string]int{}
		for i, n := range list {
			count[n.label(level[i])]++
		}
		for i, n := range list {
			if level[i] < lastLevel && count[n.label(level[i])] > 1 {
				level[i]++
				again = true
			}
		}
	}
	out := make(map[sbom.Digest]string, len(list))
	for i, n := range list {
		out[n.ID] = n.label(level[i])
	}
	return out
}

package library

import (
	"cmp"
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

//go:embed background.txt
var backgroundText string

// name is one line of background.txt.
type name struct {
	kind    string // framework, library, bundle-id, executable
	pattern string // as in path.Match
	what    string // for people
}

// backgroundNames reads the embedded list; a test keeps it readable.
func backgroundNames() []name {
	list, err := parseNames(backgroundText)
	if err != nil {
		panic("library: " + err.Error()) // cannot happen: the text is embedded and tested
	}
	return list
}

// parseNames reads lines "kind pattern = what"; # begins a comment line. The
// error names the line.
func parseNames(text string) ([]name, error) {
	var list []name
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		left, what, ok := strings.Cut(line, " = ")
		kind, pattern, ok2 := strings.Cut(left, " ")
		n := name{kind, strings.TrimSpace(pattern), strings.TrimSpace(what)}
		if !ok || !ok2 || n.pattern == "" || n.what == "" {
			return nil, fmt.Errorf("reading the background list: line %d is not \"kind pattern = what\"", i+1)
		}
		if !slices.Contains([]string{"framework", "library", "bundle-id", "executable"}, kind) {
			return nil, fmt.Errorf("reading the background list: line %d has unknown kind %q", i+1, kind)
		}
		if _, err := path.Match(n.pattern, ""); err != nil {
			return nil, fmt.Errorf("reading the background list: line %d: %w", i+1, err)
		}
		list = append(list, n)
	}
	return list, nil
}

// judge tells background from kinship. Only names are known at this stage, and
// a name is easily given: it never clears code that reads a browser's store (a
// tag at likely or better that names a store, unless its flags say that it is
// part of a browser engine). Models of content come later.
type judge struct {
	known   []name
	readers map[sbom.Digest]string // images that read a browser's store -> first such capability
}

func newJudge(g *graph.Graph) *judge {
	j := &judge{known: backgroundNames(), readers: map[sbom.Digest]string{}}
	for _, p := range g.Products {
		for _, t := range p.Tags {
			if t.Grade.Rank() < sbom.GradeLikely.Rank() || len(t.Stores) == 0 || slices.Contains(t.Flags, sbom.FlagEngine) {
				continue
			}
			if old := j.readers[t.Image]; old == "" || t.Capability < old {
				j.readers[t.Image] = t.Capability
			}
		}
	}
	return j
}

// of says whether a group is background, and why.
func (j *judge) of(list []copied, members []int) (bool, string) {
	reads := ""
	for _, i := range members {
		reads = cmp.Or(reads, j.readers[list[i].digest])
	}
	words := wordsOf(list, members)
	for _, n := range j.known {
		for _, w := range words {
			if ok, _ := path.Match(n.pattern, w.text); !ok || n.kind != w.kind {
				continue
			}
			if reads != "" {
				return false, fmt.Sprintf("named like %s (%s %q), but a name does not clear code with %s", n.what, n.kind, w.text, reads)
			}
			return true, fmt.Sprintf("%s, by its name alone (%s %q)", n.what, n.kind, w.text)
		}
	}
	return false, "not among the runtimes and open-source libraries that are known by name"
}

// word is something that a group is called.
type word struct{ kind, text string }

// wordsOf are the names of a group, sorted, each once.
func wordsOf(list []copied, members []int) []word {
	set := map[word]bool{}
	for _, i := range members {
		for _, c := range list[i].carriers {
			for _, w := range c.Image.Places {
				addWords(set, c, w)
			}
		}
	}
	delete(set, word{"framework", ""})
	delete(set, word{"bundle-id", ""})
	delete(set, word{"library", "."}) // no install name
	var words []word
	for w := range set {
		words = append(words, w)
	}
	slices.SortFunc(words, func(a, b word) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.text, b.text))
	})
	return words
}

func addWords(set map[word]bool, c graph.Carrier, w sbom.Place) {
	m := c.Image
	set[word{"framework", frameworkOf(m.InstallName)}] = true
	set[word{"framework", frameworkOf(w.Path)}] = true
	switch {
	case m.Type != "execute":
		set[word{"library", path.Base(m.InstallName)}] = true
		set[word{"library", path.Base(w.Path)}] = true
	case w.Role != sbom.RoleMain:
		set[word{"executable", path.Base(w.Path)}] = true
	}
	if w.Bundle == "" {
		return // the product itself is never background
	}
	for i := range c.Product.Bundles {
		if c.Product.Bundles[i].Path == w.Bundle {
			set[word{"bundle-id", c.Product.Bundles[i].ID}] = true
		}
	}
}

// frameworkOf is the name of the framework whose own binary a path names: F
// for .../F.framework/F and .../F.framework/Versions/A/F; else "".
func frameworkOf(p string) string {
	parts := strings.Split(p, "/")
	last := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0 && i >= len(parts)-4; i-- {
		if strings.HasSuffix(parts[i], ".framework") {
			if name := strings.TrimSuffix(parts[i], ".framework"); name == last {
				return name
			}
			return ""
		}
	}
	return ""
}

package propagate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

func digest(name string) sbom.Digest { return sbom.DigestOf([]byte(name)) }

// family is a graph written in short lines, each a blank-separated sentence:
//
//	P holds main:main helper:login-item lib   images of product P, with roles
//	P main loads|calls|launches|starts|opens lib   (starts: a launch that is seen)
//	P main leaves lib | P main leaves-calls lib   to another product's lib
//	lib has CAPABILITY GRADE [flag|@store ...]
type family struct {
	t        testing.TB
	products map[string]*sbom.Product
	order    []string
	tags     []sbom.Tag
	names    []string
}

func newFamily(t testing.TB, lines ...string) *family {
	f := &family{t: t, products: map[string]*sbom.Product{}}
	for _, text := range lines {
		for _, line := range strings.Split(text, "\n") {
			if w := strings.Fields(line); len(w) > 0 {
				f.sentence(w)
			}
		}
	}
	return f
}

func (f *family) sentence(w []string) {
	switch {
	case w[1] == "holds":
		f.holds(w[0], w[2:])
	case w[1] == "has":
		g := sbom.Tag{Capability: w[2], Grade: sbom.Grade(w[3]), Image: digest(w[0]), Rule: fmt.Sprint("rule", len(f.tags)), Evidence: []sbom.Evidence{{}}}
		for _, x := range w[4:] {
			if s, ok := strings.CutPrefix(x, "@"); ok {
				g.Stores = append(g.Stores, s)
			} else {
				g.Flags = append(g.Flags, x)
			}
		}
		f.tags = append(f.tags, g)
	default:
		f.link(f.products[w[0]], w[1], w[2], w[3])
	}
}

func (f *family) holds(name string, images []string) {
	p := &sbom.Product{ID: digest("product " + name), Kind: sbom.KindApp, Name: name, Paths: []string{"apps/" + name + ".app"},
		Bundles: []sbom.Bundle{{Kind: sbom.BundleApp, Name: name}, {Path: "Contents/Helpers/H.app", Kind: sbom.BundleApp, Name: "H"}}}
	for _, x := range images {
		n, role, _ := strings.Cut(x, ":")
		m := sbom.Image{Digest: digest(n), Arch: "arm64", Type: "dylib", InstallName: "/opt/" + n,
			Places: []sbom.Place{{Path: "Contents/Frameworks/" + n, File: digest("file " + n), Role: sbom.RoleLibrary}}}
		if role != "" {
			m.Type, m.InstallName = "execute", ""
			m.Places[0] = sbom.Place{Path: "Contents/MacOS/" + n, File: digest("file " + n), Role: sbom.Role(role)}
		}
		if role == string(sbom.RoleHelperApp) {
			m.Places[0].Path, m.Places[0].Bundle = "Contents/Helpers/H.app/Contents/MacOS/"+n, "Contents/Helpers/H.app"
		}
		if role == string(sbom.RoleSymbols) {
			m.Type = "dsym"
		}
		p.Images = append(p.Images, m)
		f.names = append(f.names, n)
	}
	f.products[name] = p
	f.order = append(f.order, name)
}

func (f *family) link(p *sbom.Product, from, verb, to string) {
	l := sbom.Link{Kind: sbom.LinkKind(verb), From: digest(from), To: digest(to), Target: sbom.TargetInside, Name: "/opt/" + to, How: "absolute"}
	switch verb {
	case "starts":
		l.Kind, l.Seen = sbom.LinkLaunches, true
	case "calls":
		l.Symbols = []string{"_" + to}
	case "leaves", "leaves-calls":
		l.Kind, l.To, l.Target = sbom.LinkLoads, "", sbom.TargetOutside
		if verb == "leaves-calls" {
			l.Symbols = []string{"_" + to}
		}
	}
	p.Links = append(p.Links, l)
}

// run builds the graph, finds libraries, and propagates; all is validated.
func (f *family) run(composites ...Composite) (*graph.Graph, *Result) {
	f.t.Helper()
	var list []*sbom.Product
	for _, n := range f.order {
		p := f.products[n]
		p.Tags = nil
		for _, t := range f.tags {
			if slices.ContainsFunc(p.Images, func(m sbom.Image) bool { return m.Digest == t.Image }) {
				p.Tags = append(p.Tags, t)
			}
		}
		p.Normalize()
		list = append(list, p)
	}
	g, err := graph.Build(list)
	if err != nil {
		f.t.Fatal(err)
	}
	libs, _ := library.Find(g, library.Options{})
	if err := g.Validate(); err != nil {
		f.t.Fatalf("invalid graph: %v", err)
	}
	r := Run(g, libs, composites)
	if err := r.Validate(g); err != nil {
		f.t.Fatalf("invalid result: %v", err)
	}
	return g, r
}

// readable puts names in the place of digests.
func (f *family) readable(s string) string {
	for _, n := range f.names {
		s = strings.ReplaceAll(s, string(digest(n)), n)
	}
	for n := range f.products {
		s = strings.ReplaceAll(s, string(digest("product "+n)), n)
	}
	return s
}

// facts writes each Carried in a line: product, capability, grade, strength,
// sends, sources with their strengths.
func (f *family) facts(r *Result) []string {
	var list []string
	for _, c := range r.Carried {
		s := fmt.Sprintf("%s %s %s", f.readable(string(c.Product)), c.Capability, c.Grade)
		for _, x := range []string{string(c.Strength), c.Sends, strings.Join(c.Stores, "+"), strings.Join(c.Flags, "+")} {
			if x != "" {
				s += " " + x
			}
		}
		if !c.InBundle {
			s += " outside"
		}
		var sources []string
		for _, src := range c.Sources {
			image, _, _ := strings.Cut(strings.TrimPrefix(f.readable(src.ID), "image:"), "#")
			if src.Strength != "" {
				image += "=" + string(src.Strength)
			}
			sources = append(sources, image)
		}
		slices.Sort(sources)
		s += " " + strings.Join(sources, " ")
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

// witnesses writes the witnesses of one product and capability, one in a line.
func (f *family) witnesses(r *Result, product, capability string) []string {
	var list []string
	for _, c := range r.Carried {
		if c.Product != digest("product "+product) || c.Capability != capability {
			continue
		}
		for _, w := range c.Witnesses {
			s := string(w.Strength) + ":"
			for _, h := range w.Hops {
				if h.Edge != "" {
					s += " -" + h.Edge + "->"
				}
				s += " " + f.readable(h.Node)
			}
			list = append(list, s)
		}
	}
	return list
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("%s: -want +got\n%s", what, d)
	}
}

package library

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

// Package is a package of a public registry that a library is known to be of. It
// says less than background does: the registry was not asked, and the library may
// still be what two products have in common.
type Package struct {
	PURL string // package URL
	How  string // see the By constants
	Text string // the source path, or the place of the file in the product
}

// Ways in which a library is known to be of a public package.
const (
	ByCratePath   = "crate path"   // functions name files of the crate, as cargo unpacks it from the public registry
	ByPackageList = "package list" // the product's SBOM lists the package, and the code lies in it
)

// crateShare is the share of its functions that must name public crates, or be
// background, to make a static library third-party.
const crateShare = .5

// cratesOf are the public crates whose source paths name a static library. Of one
// that is no background there are none when anything else names it, when some path
// may be the vendor's own, or when most of its functions name nothing: code of the
// vendor's around that of a crate is not the crate.
func cratesOf(names []NameEvidence, t *tally, background bool) []Package {
	public, private := 0, t.own > 0
	for i := range t.of {
		c := &t.of[i]
		private = private || c.private != "" || c.own
		if c.standard || c.library > 0 || len(c.crates) > 0 {
			public++
		}
	}
	if private || !background && float64(public) < crateShare*float64(len(t.of)) {
		return nil
	}
	out, named := []Package{}, map[string]bool{} // by the name that symbols have
	for _, n := range names {
		crate, version, registry, _ := rustSource(n.Text)
		if n.How == NamedCrate && registry && crate != standardRust {
			out = append(out, Package{PURL: "pkg:cargo/" + url.PathEscape(crate) + "@" + url.PathEscape(version), How: ByCratePath, Text: n.Text})
			named[strings.ReplaceAll(crate, "-", "_")] = true
		}
	}
	for _, n := range names {
		if !background && (n.How != NamedCrate || !named[strings.ReplaceAll(n.Name, "-", "_")]) {
			return nil
		}
	}
	return sortPackages(out)
}

// addons finds which libraries of whole images lie in a package of npm that the
// SBOM of a carrier lists, and notes it. A scope or name that the bundle ids of
// the family have too may be the vendor's own, and says nothing; nor does code
// that reads a browser's store.
func addons(g *graph.Graph, libs []Library, j *judge) {
	own := vendorWords(g)
	for i := range libs {
		l := &libs[i]
		for _, d := range l.Images {
			if j.readers[d] != "" {
				l.Packages = nil
				break
			}
			for _, c := range g.Carriers(d) {
				for _, at := range c.Image.Places {
					if k := addonOf(c.Product, at.Path); k != nil && !own[scopeOf(k.Name)] {
						l.Packages = append(l.Packages, Package{PURL: k.PURL, How: ByPackageList, Text: at.Path})
					}
				}
			}
		}
		l.Packages = sortPackages(l.Packages)
	}
}

// addonOf is the listed package of npm in whose folder a file lies: the nearest
// folder below node_modules. nil where there is none.
func addonOf(p *sbom.Product, file string) *sbom.Package {
	i := strings.LastIndex("/"+file, "/node_modules/")
	if i < 0 {
		return nil
	}
	parts := strings.Split(file[i+len("node_modules/"):], "/")
	n := 1
	if strings.HasPrefix(parts[0], "@") {
		n = 2
	}
	if len(parts) <= n {
		return nil
	}
	folder := file[:i+len("node_modules/")] + path.Join(parts[:n]...)
	for k := range p.Packages {
		x := &p.Packages[k]
		if x.Type == "npm" && !x.Main && x.PURL != "" && x.Version != "" && path.Dir(x.Place) == folder {
			return x
		}
	}
	return nil
}

// scopeOf is the scope of a package's name without its @, else the name.
func scopeOf(name string) string {
	scope, _, _ := strings.Cut(strings.TrimPrefix(name, "@"), "/")
	return strings.ToLower(scope)
}

// vendorWords are the labels of the bundle ids of all products.
func vendorWords(g *graph.Graph) map[string]bool {
	out := map[string]bool{}
	for _, p := range g.Products {
		for _, w := range strings.Split(strings.ToLower(p.BundleID), ".") {
			out[w] = true
		}
	}
	return out
}

// sortPackages sorts by package URL and keeps one of each.
func sortPackages(l []Package) []Package {
	slices.SortFunc(l, func(a, b Package) int {
		return cmp.Or(strings.Compare(a.PURL, b.PURL), strings.Compare(a.How, b.How), strings.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(l, func(a, b Package) bool { return a.PURL == b.PURL })
}

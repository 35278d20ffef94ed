package cdx

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// noTimestamp and noAuthor stand in a BOM that has none: the minimum elements
// of NTIA ask for both, and a missing one is said, not left out.
const (
	noTimestamp = "none: equal input gives equal bytes, so no clock is read; give one to have it here"
	noAuthor    = "not stated: made by the tool in metadata.tools"
)

// maxNesting is how deep components are nested. A bundle that lies deeper in
// the product hangs off its ancestor at this depth; its path is not changed.
const maxNesting = 24

// writer turns one normalized product into a BOM.
type writer struct {
	p       *sbom.Product
	o       Options
	parent  map[string]string       // bundle path -> path of the bundle that holds its component
	team    map[string]string       // path of a file -> team id claimed by its signature
	below   map[string][]int        // bundle path -> bundles whose component lies there
	images  map[string][]int        // bundle path -> images whose component lies there
	files   map[string][]int        // path of a file -> images in it
	leaves  map[string]leaf         // bom-ref -> what is named but not in the product
	links   map[sbom.Digest][]int   // image -> its links
	tags    map[sbom.Digest][]int   // image -> its tags
	gaps    map[sbom.Digest][]int   // image -> its gaps; "" for those of the product
	holed   map[sbom.Digest]bool    // images that a gap concerns
	uuids   map[string][]string     // macho-uuid -> bom-refs of the code that has it, sorted
	pkgs    map[string][]int        // bundle path -> packages found there
	pkgRefs []string                // bom-ref of each package
	bundles map[string]*sbom.Bundle // by path
}

// leaf is a reference to something that is not part of the product.
type leaf struct {
	ref, kind, name string
}

func newWriter(p *sbom.Product, o Options) *writer {
	w := &writer{p: p, o: o, parent: map[string]string{}, below: map[string][]int{}, team: map[string]string{}, images: map[string][]int{},
		files: map[string][]int{}, leaves: map[string]leaf{}, links: map[sbom.Digest][]int{}, tags: map[sbom.Digest][]int{},
		gaps: map[sbom.Digest][]int{}, holed: map[sbom.Digest]bool{}, uuids: map[string][]string{}, pkgs: map[string][]int{}, bundles: map[string]*sbom.Bundle{}}
	w.indexBundles()
	w.indexImages()
	for i, l := range p.Links {
		w.links[l.From] = append(w.links[l.From], i)
		if l.Target != sbom.TargetInside {
			lf := leafOf(l)
			w.leaves[lf.ref] = lf
		}
	}
	for i, t := range p.Tags {
		w.tags[t.Image] = append(w.tags[t.Image], i)
	}
	w.indexGaps()
	w.indexPackages()
	return w
}

func (w *writer) indexBundles() {
	depth := map[string]int{}
	for i := range w.p.Bundles { // sorted: a holder comes before what it holds
		b := &w.p.Bundles[i]
		if b.Path != "" {
			up := w.holder(b.Path)
			if depth[up] >= maxNesting {
				up = w.parent[up]
			}
			w.parent[b.Path], depth[b.Path] = up, depth[up]+1
			w.below[up] = append(w.below[up], i)
		}
		w.bundles[b.Path] = b
	}
}

// holder is the innermost known bundle that a path lies in, or "". It looks at
// the last 256 folders of the path only.
func (w *writer) holder(path string) string {
	for range 256 {
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return ""
		}
		path = path[:i]
		if w.bundles[path] != nil {
			return path
		}
	}
	return ""
}

// home is the bundle under which a thing of the given bundle path is shown.
func (w *writer) home(bundle string) string {
	if w.bundles[bundle] != nil {
		return bundle
	}
	return w.holder(bundle)
}

func (w *writer) indexImages() {
	for i := range w.p.Images {
		m := &w.p.Images[i]
		if id := m.Identity(sbom.IdentUUID); id != "" && !isSymbols(m) {
			w.uuids[id] = append(w.uuids[id], imageRef(m.Digest)) // images are sorted by digest
		}
		at := w.home(m.Places[0].Bundle)
		w.images[at] = append(w.images[at], i)
		for _, pl := range m.Places {
			if s := w.files[pl.Path]; len(s) == 0 || s[len(s)-1] != i {
				w.files[pl.Path] = append(s, i)
			}
			if m.Signature != nil && m.Signature.Team != "" {
				w.team[pl.Path] = m.Signature.Team
			}
		}
	}
	for _, list := range w.images {
		slices.SortFunc(list, func(a, b int) int {
			x, y := &w.p.Images[a], &w.p.Images[b]
			return cmp.Or(strings.Compare(x.Places[0].Path, y.Places[0].Path), cmp.Compare(x.Places[0].Offset, y.Places[0].Offset),
				strings.Compare(string(x.Digest), string(y.Digest)))
		})
	}
}

func (w *writer) indexGaps() {
	known := map[sbom.Digest]bool{}
	for i := range w.p.Images {
		known[w.p.Images[i].Digest] = true
	}
	for i, g := range w.p.Gaps {
		at := g.Image
		if !known[at] {
			at = ""
		}
		w.gaps[at] = append(w.gaps[at], i)
		if at != "" {
			w.holed[at] = true
		}
		for _, m := range w.files[g.Path] {
			w.holed[w.p.Images[m].Digest] = true
		}
	}
}

func (w *writer) indexPackages() {
	used := map[string]bool{}
	for i := range w.p.Packages {
		k := &w.p.Packages[i]
		at := w.home(k.Bundle)
		w.pkgs[at] = append(w.pkgs[at], i)
		base := k.PURL
		if base == "" {
			base = k.Name + "@" + k.Version
		}
		ref := "package:" + quote(base)
		for used[ref] {
			ref = "package:" + quote(base) + "#" + sbom.DigestOfList([]string{ref, k.Place}).Short()
		}
		used[ref] = true
		w.pkgRefs = append(w.pkgRefs, ref)
	}
}

func (w *writer) productRef() string { return "product:" + string(w.p.ID) }

func (w *writer) bundleRef(path string) string {
	if path == "" {
		return w.productRef()
	}
	return "bundle:" + string(w.p.ID) + "/" + quote(path)
}

func imageRef(d sbom.Digest) string { return "image:" + string(d) }

// leafOf names the component that a link leads to when it leaves the product.
func leafOf(l sbom.Link) leaf {
	kind := kindMissing
	switch l.Target {
	case sbom.TargetSystem:
		kind = kindSystem
	case sbom.TargetOutside:
		kind = kindOutside
	}
	return leaf{ref: kind + ":" + quote(l.Name), kind: kind, name: l.Name}
}

func linkRef(l sbom.Link) string {
	if l.Target == sbom.TargetInside {
		return imageRef(l.To)
	}
	return leafOf(l).ref
}

// document is the whole BOM.
func (w *writer) document() *cyclonedx.BOM {
	bom := cyclonedx.NewBOM()
	if w.o.Version == Version16 {
		bom.SpecVersion = cyclonedx.SpecVersion1_6
		bom.JSONSchema = "http://cyclonedx.org/schema/bom-1.6.schema.json"
		bom.XMLNS = "http://cyclonedx.org/schema/bom/1.6"
	}
	root := w.product()
	bom.Metadata = w.metadata(&root)
	list := w.children("")
	for _, ref := range slices.Sorted(maps.Keys(w.leaves)) {
		list = append(list, w.leafComponent(w.leaves[ref]))
	}
	bom.Components = listPointer(list)
	bom.Dependencies = listPointer(w.dependencies())
	bom.Compositions = listPointer(w.compositions())
	id, err := serial(bom)
	if err != nil {
		panic("cdx: " + err.Error()) // cannot happen: we made the BOM, and a hash does not fail
	}
	bom.SerialNumber = id
	return bom
}

func (w *writer) metadata(root *cyclonedx.Component) *cyclonedx.Metadata {
	tool := cyclonedx.Component{Type: cyclonedx.ComponentTypeApplication, Name: plain(w.o.Tool), Version: versionField(w.o.ToolVersion)}
	m := &cyclonedx.Metadata{
		Lifecycles: &[]cyclonedx.Lifecycle{{Phase: cyclonedx.LifecyclePhasePostBuild}},
		Tools:      &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{tool}},
		Component:  root,
		Supplier:   root.Supplier,
	}
	var l propList
	l.add(propSchema, schemaBOM)
	l.text(propRules, string(w.o.Rules))
	l.record(propInputs, len(w.o.Inputs), mapped(w.o.Inputs, func(i sbom.Input) inputRecord { return inputRecord(i) }))
	if w.o.Timestamp.IsZero() {
		l.add(propTimestamp, noTimestamp)
	} else {
		m.Timestamp = w.o.Timestamp.Format(time.RFC3339)
	}
	if w.o.Author == "" {
		l.add(propAuthor, noAuthor)
	} else {
		m.Authors = &[]cyclonedx.OrganizationalContact{{Name: plain(w.o.Author)}}
	}
	m.Properties = l.pointer()
	return m
}

// children are the components below the bundle with this path ("": the product).
func (w *writer) children(path string) []cyclonedx.Component {
	var out []cyclonedx.Component
	for _, i := range w.below[path] {
		b := &w.p.Bundles[i]
		c := w.bundle(b)
		c.Components = listPointer(w.children(b.Path))
		out = append(out, c)
	}
	for _, i := range w.images[path] {
		out = append(out, w.image(&w.p.Images[i]))
	}
	for _, i := range w.pkgs[path] {
		out = append(out, w.pkg(&w.p.Packages[i], w.pkgRefs[i]))
	}
	return out
}

func listPointer[T any](l []T) *[]T {
	if len(l) == 0 {
		return nil
	}
	return &l
}

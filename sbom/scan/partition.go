package scan

import (
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/bundle"
)

// draft is a product before its files were read.
type draft struct {
	kind  sbom.ProductKind
	root  string  // path in the input; "" for loose libraries at the top
	name  string  // label until a property list says better
	files []*file // sorted by path
	tree  *tree
	set   *bundle.Set
	held  []string        // apps of their own among its files, by path in the product; sorted
	inner []*draft        // those that were split off directly from it
	split map[string]bool // their roots, and of those that were split off from them

	facts    bundle.Facts
	lost     sbom.Coverage               // files of it that have no entry
	infoAt   map[string]infoAt           // where facts.Info comes from
	listed   map[string][]listed         // by bundle: what its property lists say that a rule looks at
	beside   map[sbom.Digest][]sbom.Fact // by image: what units of bundles have of it
	inside   map[sbom.Digest][]listFact  // by image: what the property list inside it says that a rule looks at
	binaries map[*file]*reading
	nibFiles []*file // that were read, or could not be

	nibAnswers map[sbom.Digest]*nibAnswer
	scripts    map[*file]*scripted
	packages   []sbom.Package
	sighted    []sighting // runtimes
	gaps       []sbom.Gap // paths relative to the product

	ties       []moduleTie              // modules of scripts between which data goes
	moduleTags map[moduleKey][]sbom.Tag // of modules of scripts, by themselves and with those that they ask for
	reached    map[*file]scriptStep     // scripts that an entry leads to; only where there are tags
	graph      *scriptGraph
}

// rel is a file's path in its product.
func (d *draft) rel(f *file) string { return d.relPath(f.norm) }

func (d *draft) relPath(p string) string {
	if d.root == "" {
		return p
	}
	if d.kind == sbom.KindExecutable {
		return path.Base(p)
	}
	return strings.TrimPrefix(p, d.root+"/")
}

// partition gives every file to one product, or to none. Outermost apps come
// first, and the apps split off from them; then executables outside any bundle;
// the loose libraries and bundles of one input are one product.
func (s *scanner) partition(trees []*tree, out *sbom.Scan) []*draft {
	var all []*draft
	for _, t := range trees {
		drafts := s.partitionTree(t, out)
		h := holdersOf(drafts)
		h.share(t.lost, out)
		for _, g := range t.gaps {
			held := h.of(g.Path)
			for _, d := range drafts {
				if d != held && g.Kind.Missing() && d.below(g.Path) { // a part of it may be in what was cut off
					g := g
					g.Path, g.Why, g.Count = "", "what it came from could not be read whole: "+g.Why, 1
					d.gaps = append(d.gaps, g)
				}
			}
			if held != nil {
				g.Path = held.relPath(g.Path)
				held.gaps = append(held.gaps, g)
				continue
			}
			out.Gaps = append(out.Gaps, g)
		}
		all = append(all, drafts...)
	}
	for _, d := range all {
		names := make([]string, len(d.files))
		for i, f := range d.files {
			names[i] = d.rel(f)
		}
		d.set = bundle.New(d.kind, names)
	}
	return all
}

// below reports whether the product lies in the archive or folder at a path of
// the input; "" is the input itself.
func (d *draft) below(p string) bool {
	if d.kind != sbom.KindLibraries {
		return p == "" || strings.HasPrefix(d.root, p+"/")
	}
	return slices.ContainsFunc(d.files, func(f *file) bool { return p == "" || strings.HasPrefix(f.norm, p+"/") })
}

func (s *scanner) partitionTree(t *tree, out *sbom.Scan) []*draft {
	apps := map[string]*draft{}
	loose := &draft{kind: sbom.KindLibraries, name: "loose libraries of " + path.Base(t.input.Path), tree: t}
	var drafts []*draft
	var rest []*file
	holdsCode := map[string]bool{} // loose bundles with code in them
	kinds := map[string]int{}      // see outside
	for _, f := range t.files {
		switch root := outermostApp(f.norm); {
		case root != "":
			d := apps[root]
			if d == nil {
				d = &draft{kind: sbom.KindApp, root: root, name: stem(root), tree: t}
				apps[root] = d
				drafts = append(drafts, d)
			}
			d.files = append(d.files, f)
		default:
			rest = append(rest, f)
			if f.kind == kindMachO && fileType(f.disk) == typeDSYM {
				f.kind = kindSymbols
			}
			if b := outermostBundle(f.norm); b != "" && f.kind == kindMachO {
				holdsCode[b] = true
			}
		}
	}
	for _, d := range drafts {
		drafts = append(drafts, s.splitApp(d)...)
	}
	drafts = slices.DeleteFunc(drafts, func(d *draft) bool {
		if isApp(d) {
			return false
		}
		rest = append(rest, d.files...) // a folder that is an app by name only
		return true
	})
	slices.SortFunc(rest, func(a, b *file) int { return strings.Compare(a.norm, b.norm) })
	for _, f := range rest {
		b := outermostBundle(f.norm)
		switch {
		case b != "" && holdsCode[b], b == "" && f.kind == kindMachO && !s.executable(f):
			loose.files = append(loose.files, f)
		case b == "" && f.kind == kindMachO:
			drafts = append(drafts, &draft{kind: sbom.KindExecutable, root: f.norm, name: path.Base(f.norm), files: []*file{f}, tree: t})
		default:
			outside(f, out, kinds)
		}
	}
	if len(loose.files) > 0 {
		drafts = append(drafts, loose)
	}
	return drafts
}

// isApp tells an app from a folder that only has an app's name: it has a
// property list where apps have one, or code.
func isApp(d *draft) bool {
	for _, f := range d.files {
		r := d.rel(f)
		if f.kind == kindMachO || r == "Contents/Info.plist" || r == "Info.plist" {
			return true
		}
	}
	return false
}

// executable reports whether a Mach-O file is a main program, from its header.
func (s *scanner) executable(f *file) bool { return fileType(f.disk) == typeExecute }

// outermostApp is the path of the outermost .app folder that holds the file.
func outermostApp(p string) string { return outermost(p, sbom.BundleApp) }

func outermostBundle(p string) string { return outermost(p, "") }

// outermost is the path of the outermost bundle folder of a kind ("" for any).
func outermost(p string, kind sbom.BundleKind) string {
	for i := 0; i < len(p); i++ {
		if p[i] != '/' {
			continue
		}
		k := bundle.KindOf(path.Base(p[:i]))
		if k != "" && (kind == "" || k == kind) {
			return p[:i]
		}
	}
	return ""
}

func stem(p string) string {
	b := path.Base(p)
	return strings.TrimSuffix(b, path.Ext(b))
}

// outside counts a file that belongs to no product. Members of one archive
// (see file.in) that are not looked at share a gap for each kind; kinds knows where it is.
func outside(f *file, out *sbom.Scan, kinds map[string]int) {
	out.Outside.Add(f.lost)
	switch {
	case f.trouble != nil:
		out.Outside.AddUnreadable(f.trouble.Why, 1)
		out.Gaps = append(out.Gaps, *f.trouble)
	case f.opened != "":
		out.Outside.AddAnalysed(1)
	case f.ignored:
		out.Outside.AddSkipped(whyIgnored, 1)
	case f.special:
		out.Outside.AddSkipped(whySpecial, 1)
	case f.kind == kindSymbols:
		out.Outside.AddSkipped("dSYM: symbols of another binary, no code", 1)
	default:
		out.Outside.AddSkipped("belongs to no product", 1)
		if f.kind == "" {
			return
		}
		if f.in != nil {
			key := f.kind + "\x00" + f.in.norm
			if i, ok := kinds[key]; ok {
				out.Gaps[i].Count++
				return
			}
			kinds[key] = len(out.Gaps)
		}
		out.Gaps = append(out.Gaps, sbom.Gap{Kind: sbom.GapNotLookedAt, Path: f.norm, Offset: -1, Count: 1,
			Why: f.kind + " outside any product is not looked at"})
	}
}

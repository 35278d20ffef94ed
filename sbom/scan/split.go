package scan

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/bundle"
)

// splitApp finds the apps of their own that an app holds (bundle.Payload). When
// the scan splits, each becomes a draft of its own with its files, and the app
// keeps the rest; else they stay, and the app gets a note.
func (s *scanner) splitApp(d *draft) []*draft {
	home := d.homes()
	seen := map[string]bool{}
	for _, h := range home {
		seen[h] = true
	}
	delete(seen, "")
	d.held = slices.Sorted(maps.Keys(seen))
	if !s.Split || len(d.held) == 0 {
		return nil
	}
	at := map[string]*draft{"": d}
	d.split = map[string]bool{}
	var out []*draft
	for _, h := range d.held { // sorted: a holder comes before what it holds
		in := &draft{kind: sbom.KindApp, root: d.root + "/" + h, name: stem(h), tree: d.tree, split: d.split}
		at[h], d.split[in.root] = in, true
		out = append(out, in)
		up := path.Dir(h)
		for at[up] == nil {
			if up = path.Dir(up); up == "." {
				up = ""
			}
		}
		at[up].inner = append(at[up].inner, in)
	}
	files := d.files
	d.files = nil
	for i, f := range files {
		at[home[i]].files = append(at[home[i]].files, f)
	}
	return out
}

// homes says for each file of an app which app of its own it lies in, by path in
// the product; "" is the product itself.
func (d *draft) homes() []string {
	real := map[string]bool{} // folders that are apps by more than their name
	for _, f := range d.files {
		rel := d.rel(f)
		innermost := true
		for q := parentApp(rel); q != ""; q = parentApp(q) {
			in := rel[len(q)+1:]
			if innermost && f.kind == kindMachO || in == "Contents/Info.plist" || in == "Info.plist" {
				real[q] = true
			}
			innermost = false
		}
	}
	homes := make([]string, len(d.files))
	for i, f := range d.files {
		rel, home := d.rel(f), ""
		for at := range len(rel) {
			if rel[at] != '/' || !real[rel[:at]] {
				continue
			}
			if bundle.Payload(strings.TrimPrefix(strings.TrimPrefix(rel[:at], home), "/")) {
				home = rel[:at]
			}
		}
		homes[i] = home
	}
	return homes
}

// parentApp is the innermost .app folder around a path, or "".
func parentApp(p string) string {
	for p = path.Dir(p); p != "." && p != "/"; p = path.Dir(p) {
		if bundle.KindOf(p) == sbom.BundleApp {
			return p
		}
	}
	return ""
}

// away reports whether a path of the input below the app's root lies in an app
// that was split off from it.
func (d *draft) away(p string) bool {
	for p = path.Dir(p); len(p) > len(d.root); p = path.Dir(p) {
		if d.split[p] {
			return true
		}
	}
	return false
}

// note adds what is known of the apps that the product holds or held.
func (d *draft) note(p *sbom.Product) {
	if d.split == nil {
		for _, h := range d.held {
			p.Notes = append(p.Notes, sbom.Note{Kind: sbom.NoteHoldsApp, Path: h})
		}
	}
	for _, in := range d.inner {
		p.Notes = append(p.Notes, sbom.Note{Kind: sbom.NoteSplitOff, Path: d.relPath(in.root), Digest: in.id()})
	}
}

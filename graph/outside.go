package graph

import (
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// family finds the image that a reference which leaves its product leads to.
// A reference is looked for where its own product does not answer to it:
//
//   - by place: an image whose place, written with the path of its product,
//     ends in the path of the reference, on component boundaries. A path into
//     an app is looked for from the app's folder on, since an app can be
//     installed anywhere. A reference of one component only ("/libx.dylib")
//     says too little and is not looked for by place;
//   - else by install name: an image that asks to be loaded under exactly this
//     absolute path. Launches are not looked for by install name.
//
// Of several images that answer, each gets an edge. Names are compared byte by
// byte. Only images of the same architecture answer, and only those that can
// be loaded (or, for launches, started). An @rpath reference is tried with the
// absolute rpaths of the image that makes it; rpaths of its loaders and
// @executable_path into another product are not tried.
type family struct {
	places  []placed                 // sorted by key
	install map[string][]*sbom.Image // by absolute install name
}

type placed struct {
	key   string // path with its components in reverse order, "/" after each
	image *sbom.Image
}

// hit is an image that a reference leads to.
type hit struct {
	image  sbom.Digest
	how    string
	inside bool // the product that makes the reference holds it
}

// How a reference that leaves its product was resolved.
const (
	HowPlace   = "path in the family"         // by place
	HowInstall = "install name in the family" // by install name
)

func newFamily(products []*sbom.Product) *family {
	f := &family{install: map[string][]*sbom.Image{}}
	for _, p := range products {
		for i := range p.Images {
			m := &p.Images[i]
			if isSymbols(m) {
				continue
			}
			for _, w := range m.Places {
				for _, root := range p.Paths {
					f.places = append(f.places, placed{reversed(path.Join(root, w.Path)), m})
				}
			}
			if strings.HasPrefix(m.InstallName, "/") {
				f.install[m.InstallName] = append(f.install[m.InstallName], m)
			}
		}
	}
	slices.SortFunc(f.places, func(a, b placed) int { return strings.Compare(a.key, b.key) })
	return f
}

// reversed writes the components of a path in reverse order, each followed by
// a slash: a suffix of the path on component boundaries is a prefix of it.
func reversed(p string) string {
	parts := strings.Split(strings.Trim(p, "/"), "/")
	slices.Reverse(parts)
	return strings.Join(parts, "/") + "/"
}

// find returns what the reference leads to, sorted by image. images are those
// of the product that makes it: when some of them answer, only they do.
func (f *family) find(images map[sbom.Digest]*sbom.Image, l *sbom.Link) []hit {
	from := images[l.From]
	var found []*sbom.Image
	how := HowPlace
	names := references(from, l.Name)
	for _, name := range names {
		found = append(found, f.byPlace(name)...)
	}
	found = answering(found, l, from.Arch)
	if len(found) == 0 && l.Kind != sbom.LinkLaunches {
		how = HowInstall
		for _, name := range names {
			found = append(found, f.install[name]...)
		}
		found = answering(found, l, from.Arch)
	}
	own := slices.ContainsFunc(found, func(m *sbom.Image) bool { return images[m.Digest] != nil })
	var hits []hit
	for _, m := range found {
		if own == (images[m.Digest] != nil) {
			hits = append(hits, hit{m.Digest, how, own})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return strings.Compare(string(a.image), string(b.image)) })
	return slices.Compact(hits)
}

// references are the absolute paths that a reference of an image stands for.
func references(from *sbom.Image, name string) []string {
	if strings.HasPrefix(name, "/") {
		return []string{name}
	}
	rest, ok := strings.CutPrefix(name, "@rpath/")
	if !ok {
		return nil
	}
	var list []string
	for _, r := range from.Rpaths {
		if strings.HasPrefix(r, "/") {
			list = append(list, path.Join(r, rest))
		}
	}
	return list
}

func (f *family) byPlace(name string) []*sbom.Image {
	name = path.Clean(name)
	if parts := strings.Split(name, "/"); len(parts) > 0 {
		for i, s := range parts {
			if strings.HasSuffix(s, ".app") && i+1 < len(parts) {
				name = strings.Join(parts[i:], "/")
				break
			}
		}
	}
	key := reversed(name)
	if strings.Count(key, "/") < 2 {
		return nil
	}
	i, _ := slices.BinarySearchFunc(f.places, key, func(a placed, key string) int { return strings.Compare(a.key, key) })
	var list []*sbom.Image
	for ; i < len(f.places) && strings.HasPrefix(f.places[i].key, key); i++ {
		list = append(list, f.places[i].image)
	}
	return list
}

// answering keeps the images that a link of this kind can lead to.
func answering(list []*sbom.Image, l *sbom.Link, arch string) []*sbom.Image {
	return slices.DeleteFunc(list, func(m *sbom.Image) bool {
		if m.Digest == l.From || m.Arch != arch {
			return true
		}
		if l.Kind == sbom.LinkLaunches {
			return m.Type != "execute"
		}
		return m.Type == "execute" || m.Type == "object"
	})
}

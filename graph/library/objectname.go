package library

import (
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// object votes for the archive that a function came from, or for its object file
// where that lay in none, as the debug map of an unstripped image says.
func (n *naming) object(set *fingerprint.Set, f *fingerprint.Function, image sbom.Digest) {
	if f.Object > 0 && int(f.Object) <= len(set.Objects) {
		text := set.Objects[f.Object-1]
		n.units++
		n.vote(NamedObject, objectLibrary(text), text, image)
	}
}

// partly reports whether a name is that of a lone object file that no more than
// half of the functions came from: it names a part, not the library.
func (v *NameEvidence) partly(functions int) bool {
	return v.How == NamedObject && !strings.Contains(v.Text, "(") && 2*v.Count <= functions
}

// member votes for the static archive that an object file lies in, once for each
// of its functions.
func (n *naming) member(m *sbom.Image, functions int) {
	if m == nil || m.Type != "object" {
		return
	}
	for _, p := range m.Places {
		archive, object := path.Split(p.Path)
		if archive = path.Base(archive); archive == "." || archive == "/" {
			continue
		}
		text := archive + "(" + object + ")"
		for range functions {
			n.vote(NamedObject, objectLibrary(text), text, m.Digest)
		}
	}
}

// objectLibrary is the library that an object file names: that of its archive
// without ending, else its own stem. Archives of Rust crates are left to the
// crates' own names, and objects that every link has name nothing.
func objectLibrary(text string) string {
	name, _, archived := strings.Cut(text, "(")
	if !archived {
		stem, _, _ := strings.Cut(name, ".")
		if always[strings.ToLower(stem)] {
			return ""
		}
		return stem
	}
	if strings.HasSuffix(name, ".rlib") {
		return ""
	}
	for _, end := range []string{".a", ".lib"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}

// always are stems of object files that say nothing: of link time optimisation,
// of the start of a program, and those that Go's linker writes.
var always = map[string]bool{"": true, "lto": true, "thinlto": true, "main": true, "appdelegate": true, "go": true, "crt1": true, "a": true, "temp": true, "tmp": true}

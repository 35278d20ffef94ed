package scan

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/catalog"
)

// infoAt is where a bundle's Info.plist lies, and its version in it.
type infoAt struct {
	path   string      // in the product
	file   sbom.Digest // of the list
	offset int64       // of the text of CFBundleVersion, or -1
}

// sighting is a runtime that a file of the product shows.
type sighting struct {
	catalog.Sighting
	bundle string // innermost bundle of the file
	place  string
	binary bool
}

// sight notes the runtimes that a file shows.
func (d *draft) sight(place string, all []catalog.Sighting, binary bool) {
	for _, s := range all {
		d.sighted = append(d.sighted, sighting{s, d.set.Innermost(place), place, binary})
	}
}

// runtimes makes packages of the runtimes that the product carries: one for each
// version in a bundle, with all that shows it. Two versions of one runtime in a
// bundle contradict each other.
func (d *draft) runtimes(p *sbom.Product) {
	for _, b := range p.Bundles {
		if b.Kind != sbom.BundleFramework {
			continue
		}
		s, ok := catalog.OfFramework(b.Path, b.ID, b.Build)
		at, listed := d.infoAt[b.Path]
		if !ok {
			continue
		}
		if listed && s.Version != "" && at.offset >= 0 {
			s.Evidence = []sbom.Evidence{{File: at.file, Offset: at.offset, Length: int64(len(s.Version)), Bytes: []byte(s.Version), Signal: "version"}}
		}
		d.sighted = append(d.sighted, sighting{s, b.Path, cmp.Or(at.path, b.Path), false})
	}
	slices.SortStableFunc(d.sighted, func(a, b sighting) int {
		return cmp.Or(strings.Compare(a.bundle, b.bundle), strings.Compare(a.Runtime, b.Runtime), strings.Compare(b.Version, a.Version), // "" last
			order(b.binary, a.binary), strings.Compare(a.place, b.place))
	})
	for l := d.sighted; len(l) > 0; {
		n := 1
		for n < len(l) && l[n].bundle == l[0].bundle {
			n++
		}
		d.framework(p, l[:n])
		l = l[n:]
	}
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// framework adds the packages and the note of what one bundle shows.
func (d *draft) framework(p *sbom.Product, l []sighting) {
	versions := map[string][]string{}
	var all []catalog.Sighting
	for i := 0; i < len(l); {
		s := l[i]
		all = append(all, s.Sighting)
		i++
		for ; i < len(l) && l[i].Runtime == s.Runtime && l[i].Version == s.Version; i++ {
			s.Evidence = append(s.Evidence, l[i].Evidence...)
		}
		known := versions[s.Runtime]
		if s.Version == "" && len(known) > 0 {
			continue // another file of the bundle says more
		}
		if s.Version != "" {
			versions[s.Runtime] = append(known, s.Version)
		}
		k := s.Package(s.place, s.binary)
		k.Bundle = s.bundle
		k.Evidence = unlike(s.Evidence)
		p.Packages = append(p.Packages, k)
		if len(known) == 1 {
			p.Gaps = append(p.Gaps, sbom.Gap{Kind: sbom.GapInconsistent, Path: s.place, Offset: -1, Count: 1,
				Why: fmt.Sprintf("two versions of %s in one bundle: %s and %s", s.Runtime, known[0], s.Version)})
		}
	}
	p.Notes = append(p.Notes, sbom.Note{Kind: sbom.NoteElectron, Path: cmp.Or(l[0].bundle, l[0].place), Text: catalog.Describe(all)})
}

// unlike sorts evidence and drops what is there twice: the same file may lie at
// several places.
func unlike(l []sbom.Evidence) []sbom.Evidence {
	l = slices.Clone(l)
	sbom.SortEvidence(l)
	return slices.CompactFunc(l, func(a, b sbom.Evidence) bool { return a.File == b.File && a.Slice == b.Slice && a.Offset == b.Offset })
}

// integrity compares the headers of asar archives with the digests that the
// property lists of apps give for them (ElectronAsarIntegrity).
func (d *draft) integrity(p *sbom.Product) {
	at := map[string]*file{}
	for _, f := range d.files {
		at[d.rel(f)] = f
	}
	for _, b := range p.Bundles {
		for _, h := range d.facts.Info[b.Path].AsarIntegrity {
			where := path.Join(b.Path, "Contents", h.Path)
			list := d.infoAt[b.Path].path
			f := at[where]
			gap := sbom.Gap{Kind: sbom.GapInconsistent, Path: where, Offset: -1, Count: 1}
			switch {
			case f == nil:
				gap.Kind, gap.Path = sbom.GapUnresolved, list
				gap.Why = fmt.Sprintf("ElectronAsarIntegrity names the archive %.200q, and it is not there", h.Path)
			case f.trouble != nil:
				continue // why it could not be opened is said where it lies
			case f.header == "":
				gap.Why = fmt.Sprintf("ElectronAsarIntegrity of %s names this file, and it is no asar archive", list)
			case !strings.EqualFold(h.Algorithm, "SHA256"):
				gap.Kind, gap.Path = sbom.GapNotLookedAt, list
				gap.Why = fmt.Sprintf("ElectronAsarIntegrity gives a hash of an unknown kind (%.80q) for %.200q", h.Algorithm, h.Path)
			case !strings.EqualFold(h.Hash, string(f.header)):
				gap.Offset = asarHeaderAt
				gap.Why = fmt.Sprintf("the archive's header has the SHA-256 %s, and ElectronAsarIntegrity of %s gives %.80q for it", f.header, list, h.Hash)
			default:
				p.Notes = append(p.Notes, sbom.Note{Kind: sbom.NoteAsarIntegrity, Path: where, Digest: f.header})
				continue
			}
			p.Gaps = append(p.Gaps, gap)
		}
	}
}

// asarHeaderAt is the byte of an asar archive at which the header's JSON begins.
const asarHeaderAt = 16

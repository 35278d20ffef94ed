package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

// privacyManifest is the file name of Apple's privacy manifest.
const privacyManifest = "PrivacyInfo.xcprivacy"

// declared says what was declared about a capability, with one sentence why. A
// composite is as well declared as the worst of the parts that are carried.
func (j *judge) declared(k *propagate.Carried) (declared, why string) {
	p := j.product(k.Product)
	if p == nil {
		return finding.DeclaredUnknown, "declared unknown: the product is not in the graph"
	}
	if d := j.Family.disclosure(p, k.Capability); d != nil {
		return finding.DeclaredYes, "declared yes: " + d.where()
	}
	parts := map[string][]*propagate.Source{}
	for _, s := range j.likely(k) {
		parts[s.Capability] = append(parts[s.Capability], s)
	}
	worst := -1
	for _, c := range slices.Sorted(maps.Keys(parts)) {
		d, w := j.declaredPart(p, c, parts[c])
		order := []string{finding.DeclaredYes, finding.DeclaredUnknown, finding.DeclaredNone, finding.DeclaredContradicted}
		if at := slices.Index(order, d); at > worst {
			worst, declared, why = at, d, w
		}
	}
	if worst < 0 {
		return finding.DeclaredUnknown, "declared unknown: no source at likely or better"
	}
	return declared, "declared " + declared + ": " + why
}

// declaredPart looks at a disclosure first, then at the privacy manifests of
// the product's root and of the bundles that hold the sources. A manifest that
// does not list the data is a contradiction only there; an unreadable one, one
// of another bundle, and a usage text that speaks of the matter leave it open.
func (j *judge) declaredPart(p *sbom.Product, capability string, sources []*propagate.Source) (declared, why string) {
	if d := j.Family.disclosure(p, capability); d != nil {
		return finding.DeclaredYes, d.where()
	}
	types := j.Table.declares[capability]
	if len(types) == 0 {
		return finding.DeclaredUnknown, "no data type of a privacy manifest stands for " + capability
	}
	near, inside := holders(p, sources)
	if !inside {
		return finding.DeclaredUnknown, "its code lies outside the product"
	}
	var without, elsewhere string
	found := false
	for _, b := range p.Bundles {
		switch {
		case b.Privacy == nil:
		case lists(b.Privacy, types) && near[b.Path]:
			return finding.DeclaredYes, fmt.Sprintf("%s of %s lists %s", privacyManifest, bundleName(b), types[0])
		case lists(b.Privacy, types):
			elsewhere = bundleName(b)
		case near[b.Path] && !found:
			without, found = bundleName(b), true
		}
	}
	switch {
	case unreadableManifest(p):
		return finding.DeclaredUnknown, "a " + privacyManifest + " could not be read"
	case elsewhere != "":
		return finding.DeclaredUnknown, fmt.Sprintf("%s lists %s, but the code lies elsewhere", elsewhere, types[0])
	case usageText(p) != "":
		return finding.DeclaredUnknown, fmt.Sprintf("the usage text %s speaks of the browsing history: read it", usageText(p))
	case found:
		return finding.DeclaredContradicted, fmt.Sprintf("%s of %s does not list %s (the list is about data that leaves the device)",
			privacyManifest, without, strings.Join(types, " or "))
	}
	return finding.DeclaredNone, "no " + privacyManifest + " in the product's root or beside the code, as is normal for older products"
}

// holders are the paths of the root bundle and of the bundles that hold the
// sources' images. inside is false when the product holds none of the images.
func holders(p *sbom.Product, sources []*propagate.Source) (near map[string]bool, inside bool) {
	near = map[string]bool{"": true}
	for _, s := range sources {
		for i := range p.Images {
			if p.Images[i].Digest != s.Image {
				continue
			}
			for _, place := range p.Images[i].Places {
				near[place.Bundle], inside = true, true
			}
		}
	}
	return near, inside
}

func lists(p *sbom.Privacy, types []string) bool {
	return slices.ContainsFunc(types, func(t string) bool { return slices.Contains(p.Collected, t) })
}

func bundleName(b sbom.Bundle) string {
	if b.Path == "" {
		return "the product"
	}
	return b.Path
}

func unreadableManifest(p *sbom.Product) bool {
	return slices.ContainsFunc(p.Gaps, func(g sbom.Gap) bool { return path.Base(g.Path) == privacyManifest })
}

// usageText is the key of a usage description that speaks of the browsing
// history, or "". What it says (it may be a denial) is for a person to read.
func usageText(p *sbom.Product) string {
	for _, b := range p.Bundles {
		for _, u := range b.Usage {
			s := strings.ToLower(u.Value)
			for _, words := range []string{"browsing history", "browser history", "search history", "web history"} {
				if strings.Contains(s, words) {
					return u.Key
				}
			}
		}
	}
	return ""
}

func (d *Disclosure) where() string {
	s := "disclosed"
	if d.Date != "" {
		s += " on " + d.Date
	}
	if d.URL != "" {
		return s + " at " + d.URL
	}
	return s + ", as the family file says"
}

func (j *judge) product(id sbom.Digest) *sbom.Product {
	i := slices.IndexFunc(j.Graph.Products, func(p *sbom.Product) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return j.Graph.Products[i]
}

package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

// privacyManifest is the file name of Apple's privacy manifest.
const privacyManifest = "PrivacyInfo.xcprivacy"

// Declaration is what was declared about one capability: the word of the model,
// one sentence why, and the files that say so, with what they say; sorted. No
// file says that nothing was declared.
type Declaration struct {
	Declared string
	Why      string
	By       []string
}

// Component is what was declared about a capability that a bundle of the product
// holds the code of: by its own files or by those of the product's root.
type Component struct {
	Bundle     string // path in the product; "" is its root
	Capability string // never a composite
	Grade      sbom.Grade
	Declaration
}

// declared says what was declared about a capability. A composite is as well
// declared as the worst of the parts that are carried.
func (j *judge) declared(k *propagate.Carried) (worst Declaration, components []Component) {
	p := j.product(k.Product)
	if p == nil {
		return Declaration{Declared: finding.DeclaredUnknown, Why: "the product is not in the graph"}, nil
	}
	parts := map[string][]*propagate.Source{}
	for _, s := range j.likely(k) {
		parts[s.Capability] = append(parts[s.Capability], s)
	}
	if len(parts) == 1 && parts[k.Capability] != nil {
		components = j.components(p, k.Capability, parts[k.Capability])
	}
	if d := j.Family.disclosure(p, k.Capability); d != nil {
		return j.disclosed(d), components
	}
	at := -1
	for _, c := range slices.Sorted(maps.Keys(parts)) {
		d := j.declaredPart(p, c, parts[c])
		order := []string{finding.DeclaredYes, finding.DeclaredUnknown, finding.DeclaredNone, finding.DeclaredContradicted}
		if n := slices.Index(order, d.Declared); n > at {
			at, worst = n, d
		}
	}
	if at < 0 {
		return Declaration{Declared: finding.DeclaredUnknown, Why: "no source at likely or better"}, components
	}
	return worst, components
}

// components says of every bundle that holds a source itself what was declared
// about it, sorted by path. A bundle speaks for itself, and so does the product's
// root for all in it; another bundle does not.
func (j *judge) components(p *sbom.Product, capability string, sources []*propagate.Source) []Component {
	grades := map[string]sbom.Grade{}
	for _, s := range sources {
		for i := range p.Images {
			if p.Images[i].Digest != s.Image {
				continue
			}
			for _, place := range p.Images[i].Places {
				if s.Grade.Rank() > grades[place.Bundle].Rank() {
					grades[place.Bundle] = s.Grade
				}
			}
		}
	}
	var out []Component
	for _, b := range slices.Sorted(maps.Keys(grades)) {
		out = append(out, Component{b, capability, grades[b], j.declaredBy(p, capability, map[string]bool{"": true, b: true})})
	}
	return out
}

// declaredPart is what was declared about sources of one capability.
func (j *judge) declaredPart(p *sbom.Product, capability string, sources []*propagate.Source) Declaration {
	near, inside := holders(p, sources)
	if j.Family.disclosure(p, capability) == nil && len(j.Table.declares[capability]) > 0 && !inside {
		return Declaration{Declared: finding.DeclaredUnknown, Why: "its code lies outside the product"}
	}
	return j.declaredBy(p, capability, near)
}

// declaredBy looks at a disclosure first, then at the privacy manifests of the
// bundles that are near the code: the product's root and those that hold it. A
// manifest that does not list the data is a contradiction only there; an
// unreadable one, one of another bundle, and a usage text that speaks of the
// matter leave it open. Entitlements are asked of the system and tell the person
// nothing: they decide nothing here.
func (j *judge) declaredBy(p *sbom.Product, capability string, near map[string]bool) Declaration {
	if d := j.Family.disclosure(p, capability); d != nil {
		return j.disclosed(d)
	}
	types := j.Table.declares[capability]
	if len(types) == 0 {
		return Declaration{Declared: finding.DeclaredUnknown, Why: "no data type of a privacy manifest stands for " + capability}
	}
	var without, elsewhere []sbom.Bundle
	for _, b := range p.Bundles {
		switch {
		case b.Privacy == nil:
		case listed(b.Privacy, types) != "" && near[b.Path]:
			return Declaration{finding.DeclaredYes, fmt.Sprintf("%s of %s lists %s", privacyManifest, bundleName(b), listed(b.Privacy, types)),
				[]string{manifestName(b) + ": lists " + listed(b.Privacy, types)}}
		case listed(b.Privacy, types) != "":
			elsewhere = append(elsewhere, b)
		case near[b.Path]:
			without = append(without, b)
		}
	}
	unreadable, usage := unreadableManifests(p), usageTexts(p)
	switch {
	case len(unreadable) > 0:
		return Declaration{finding.DeclaredUnknown, "a " + privacyManifest + " could not be read", unreadable}
	case len(elsewhere) > 0:
		b := elsewhere[len(elsewhere)-1]
		return Declaration{finding.DeclaredUnknown, fmt.Sprintf("%s lists %s, but the code lies elsewhere", bundleName(b), listed(b.Privacy, types)),
			manifests(elsewhere, "lists "+listed(b.Privacy, types))}
	case len(usage) > 0:
		key, _, _ := strings.Cut(usage[0].Key, " ")
		return Declaration{finding.DeclaredUnknown, fmt.Sprintf("the usage text %s speaks of the browsing history: read it", key), usageFiles(usage)}
	case len(without) > 0:
		return Declaration{finding.DeclaredContradicted, fmt.Sprintf("%s of %s does not list %s (the list is about data that leaves the device)",
			privacyManifest, bundleName(without[0]), strings.Join(types, " or ")), manifests(without, "does not list "+strings.Join(types, " or "))}
	}
	return Declaration{Declared: finding.DeclaredNone, Why: "no " + privacyManifest + " in the product's root or beside the code, as is normal for older products"}
}

// disclosed is the declaration that the family file states.
func (j *judge) disclosed(d *Disclosure) Declaration {
	return Declaration{finding.DeclaredYes, d.where(), []string{j.Family.File + ": " + d.where()}}
}

// manifests names the manifests of bundles with what they say; sorted.
func manifests(list []sbom.Bundle, says string) []string {
	var out []string
	for _, b := range list {
		out = append(out, manifestName(b)+": "+says)
	}
	slices.Sort(out)
	return out
}

// manifestName is the path of a bundle's manifest in the product; older BOMs do
// not have it.
func manifestName(b sbom.Bundle) string {
	if b.Privacy.File != "" {
		return b.Privacy.File
	}
	return privacyManifest + " of " + bundleName(b)
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

// listed is the first of the data types that a manifest lists, or "".
func listed(p *sbom.Privacy, types []string) string {
	i := slices.IndexFunc(types, func(t string) bool { return slices.Contains(p.Collected, t) })
	if i < 0 {
		return ""
	}
	return types[i]
}

func bundleName(b sbom.Bundle) string {
	if b.Path == "" {
		return "the product"
	}
	return b.Path
}

// unreadableManifests are the paths of manifests that could not be read; sorted.
func unreadableManifests(p *sbom.Product) []string {
	var out []string
	for _, g := range p.Gaps {
		if path.Base(g.Path) == privacyManifest {
			out = append(out, g.Path+": could not be read")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// usageTexts are the usage descriptions that speak of the browsing history, each
// with its key and bundle as key. What they say (it may be a denial) is for a
// person to read.
func usageTexts(p *sbom.Product) []sbom.KeyValue {
	var out []sbom.KeyValue
	for _, b := range p.Bundles {
		for _, u := range b.Usage {
			s := strings.ToLower(u.Value)
			for _, words := range []string{"browsing history", "browser history", "search history", "web history"} {
				if strings.Contains(s, words) {
					out = append(out, sbom.KeyValue{Key: u.Key + " of " + bundleName(b), Value: u.Value})
					break
				}
			}
		}
	}
	return out
}

func usageFiles(list []sbom.KeyValue) []string {
	var out []string
	for _, u := range list {
		out = append(out, "Info.plist, "+u.Key+": "+strconv.Quote(u.Value))
	}
	slices.Sort(out)
	return out
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

package pkg

import (
	"net/url"
	"strings"

	"github.com/kinbom/kinbom/sbom/container/xar"
	"github.com/kinbom/kinbom/sbom/container/xmlwalk"
	"github.com/kinbom/kinbom/sbom/limit"
)

// Limits of a description.
const (
	maxDescription  = 8 << 20  // bytes of one
	maxDescriptions = 32 << 20 // bytes of all: many may lie over the same data
	maxItems        = 20_000   // references, bundles or scripts of one description
)

// walk reads a description; its failure is a trouble of the package.
func (p *Package) walk(e *xar.Entry, h xmlwalk.Handler) {
	if e == nil {
		return
	}
	r, err := p.x.Open(e)
	if err == nil && e.Size > maxDescription {
		err = &limit.Error{Limit: limit.FileSize, Max: maxDescription, Value: e.Size}
	}
	if p.left -= min(e.Size, maxDescription); err == nil && p.left < 0 {
		err = &limit.Error{Limit: limit.Bytes, Max: maxDescriptions, Value: maxDescriptions + 1}
	}
	if err == nil {
		err = xmlwalk.Walk(r, h)
	}
	if err != nil {
		p.Troubles = append(p.Troubles, fault(-1, "description cannot be read", e.Path, err))
	}
}

// within reports whether the innermost element lies directly in one of a name.
func within(open []*xmlwalk.Element, parent string) bool {
	return len(open) > 1 && open[len(open)-2].Name == parent
}

// info reads the PackageInfo of a component.
func (p *Package) info(c *Component) {
	p.walk(c.Info, xmlwalk.Handler{
		Start: func(open []*xmlwalk.Element) error {
			e := open[len(open)-1]
			switch {
			case len(open) == 1 && e.Name == "pkg-info":
				c.Identifier, c.Version, c.Install = e.Attr("identifier"), e.Attr("version"), e.Attr("install-location")
			case within(open, "scripts") && len(c.RunScripts) < maxItems:
				c.RunScripts = append(c.RunScripts, strings.TrimSpace(e.Name+" "+e.Attr("file")))
			case within(open, "pkg-info") && e.Name == "bundle" && len(c.Bundles) < maxItems:
				v := e.Attr("CFBundleShortVersionString")
				if v == "" {
					v = e.Attr("CFBundleVersion")
				}
				c.Bundles = append(c.Bundles, Bundle{Path: e.Attr("path"), ID: e.Attr("id"), Version: v})
			}
			return nil
		},
	})
}

// distribution reads the Distribution of a product archive.
func (p *Package) distribution() {
	location, inChoice := "", map[string]string{}
	p.walk(p.x.Lookup("Distribution"), xmlwalk.Handler{
		Start: func(open []*xmlwalk.Element) error {
			e := open[len(open)-1]
			switch e.Name {
			case "product":
				p.Product, p.Version = e.Attr("id"), e.Attr("version")
			case "choice":
				location = e.Attr("customLocation")
			case "script":
				p.Scripts = true
			}
			return nil
		},
		End: func(open []*xmlwalk.Element) error {
			e := open[len(open)-1]
			switch {
			case e.Name == "title" && len(open) == 2:
				p.Title = e.Text
			case e.Name == "pkg-ref" && within(open, "choice"):
				if id := e.Attr("id"); location != "" && len(inChoice) < maxItems {
					inChoice[id] = location
				}
				p.ref(e)
			case e.Name == "pkg-ref":
				p.ref(e)
			case e.Name == "script" && e.Text != "":
				p.Scripts = true
			}
			return nil
		},
	})
	byFolder := map[string]string{}
	for _, r := range p.Refs {
		if name, ok := strings.CutPrefix(r.Location, "#"); ok {
			if plain, err := url.PathUnescape(name); err == nil {
				name = plain
			}
			byFolder[name] = r.ID
		}
	}
	for i := range p.Components {
		c := &p.Components[i]
		id, ok := byFolder[c.Folder]
		if !ok {
			id = c.Identifier
		}
		c.Custom = inChoice[id]
	}
}

// ref takes a reference that says more than an id.
func (p *Package) ref(e *xmlwalk.Element) {
	if e.Text == "" || len(p.Refs) >= maxItems {
		return
	}
	p.Refs = append(p.Refs, Ref{ID: e.Attr("id"), Version: e.Attr("version"), Location: e.Text})
}

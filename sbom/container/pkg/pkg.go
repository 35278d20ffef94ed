// Package pkg knows what a flat installer package means: which component
// packages it holds, what they are, and where their files go. It also opens
// .xip files, which have the same outer form.
//
// What it promises on hostile input: what package xar, cpio, pbzx, compress and
// xmlwalk promise. Descriptions that cannot be read are troubles of the
// package, and the payloads stay readable. Paths that Place makes are relative
// and do not lead outside the component's folder.
//
// Facts from Apple's "Distribution Definition XML Reference", the manual pages
// pkgbuild(1), productbuild(1) and installer(8), and real packages.
package pkg

import (
	"io"
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom/container/xar"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// format is what messages call these bytes.
const format = "pkg"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: format, Offset: offset, What: what, Value: value, Err: err}
}

// Kind says what a xar archive is.
type Kind string

// Kinds.
const (
	KindProduct   Kind = "product archive"   // with a Distribution
	KindComponent Kind = "component package" // one component at the top
	KindXIP       Kind = "xip"
	KindOther     Kind = "xar archive" // none of these
)

// Package is what one archive says.
type Package struct {
	Kind       Kind
	Title      string      // of the Distribution
	Product    string      // product id of the Distribution
	Version    string      // product version of the Distribution
	Refs       []Ref       // of the Distribution, in its order
	Components []Component // in the order of the archive
	// Scripts tells that the Distribution holds JavaScript that the installer runs.
	Scripts  bool
	Troubles []error // descriptions that cannot be read
	// Others are the files that are no part of a component: Distribution,
	// Resources, Scripts of the product.
	Others []*xar.Entry

	x      *xar.Reader
	budget *limit.Budget
	left   int64 // bytes that descriptions may still have
}

// Ref is a reference to a component package.
type Ref struct {
	ID       string
	Version  string
	Location string // as written: "#name.pkg" is inside this archive
}

// Component is one component package.
type Component struct {
	Folder     string // its path in the archive, "" at the top
	Identifier string
	Version    string
	Install    string   // install-location of the PackageInfo, as written
	Custom     string   // custom location of a choice in the Distribution, or ""
	RunScripts []string // scripts that the PackageInfo names: "preinstall ./preinstall"
	Bundles    []Bundle // that the PackageInfo lists, in its order
	Info       *xar.Entry
	Payload    *xar.Entry // nil: a package of scripts alone
	Scripts    *xar.Entry // nil: none
	Others     []*xar.Entry
}

// Bundle is a bundle that a PackageInfo announces.
type Bundle struct {
	Path, ID, Version string
}

// New reads what an archive means.
func New(x *xar.Reader, b *limit.Budget) *Package {
	p := &Package{x: x, budget: b, left: maxDescriptions}
	p.components()
	p.distribution()
	_, xip := XIP(x)
	switch {
	case x.Lookup("Distribution") != nil:
		p.Kind = KindProduct
	case len(p.Components) > 0:
		p.Kind = KindComponent
	case xip:
		p.Kind = KindXIP
	default:
		p.Kind = KindOther
	}
	return p
}

// XIP returns the content of a .xip file: an archive with a top-level Content
// beside its Metadata, and no description of a package.
func XIP(x *xar.Reader) (*xar.Entry, bool) {
	c := x.Lookup("Content")
	if c == nil || c.Type != xar.TypeFile || x.Lookup("Distribution") != nil || x.Lookup("PackageInfo") != nil {
		return nil, false
	}
	return c, true
}

// components finds the folders that hold a PackageInfo, a Payload or Scripts of
// a component, and gives every other file its place.
func (p *Package) components() {
	at := map[string]int{}
	for i := range p.x.Entries {
		e := &p.x.Entries[i]
		dir, base := path.Split(e.Path)
		if e.Type == xar.TypeDir || base != "PackageInfo" && base != "Payload" && base != "Bom" {
			continue
		}
		dir = strings.TrimSuffix(dir, "/")
		if _, ok := at[dir]; !ok {
			at[dir] = len(p.Components)
			p.Components = append(p.Components, Component{Folder: dir})
		}
	}
	for i := range p.x.Entries {
		e := &p.x.Entries[i]
		if e.Type == xar.TypeDir {
			continue
		}
		dir, base := path.Split(e.Path)
		n, ok := at[strings.TrimSuffix(dir, "/")]
		if !ok {
			p.Others = append(p.Others, e)
			continue
		}
		c := &p.Components[n]
		slot := map[string]**xar.Entry{"PackageInfo": &c.Info, "Payload": &c.Payload, "Scripts": &c.Scripts}[base]
		if slot == nil || *slot != nil {
			c.Others = append(c.Others, e)
			continue
		}
		*slot = e
	}
	for i := range p.Components {
		p.info(&p.Components[i])
	}
}

// Location is where the installer puts the files of a component: a custom
// location wins over the package's own.
func (c *Component) Location() string {
	if c.Custom != "" {
		return c.Custom
	}
	return c.Install
}

// Place is the path of a payload's file in a tree that holds the whole package:
// the component's folder, "Payload", the install location, and the name. It is
// relative and clean. Whether the name leads outside is judged before it is
// joined, so that no part can take another one away; why is "" or says why the
// name is refused.
func (c *Component) Place(name string) (place, why string) {
	return c.join("Payload", c.Location(), name)
}

// PlaceScript is Place for a file of the Scripts archive.
func (c *Component) PlaceScript(name string) (place, why string) {
	return c.join("Scripts", "", name)
}

func (c *Component) join(part, location, name string) (string, string) {
	parts := []string{c.Folder, part, location, name}
	for i, s := range parts {
		if strings.Contains(s, "\x00") {
			return "", "name holds a zero byte"
		}
		for _, step := range strings.Split(s, "/") {
			if step == ".." {
				return "", "name leads outside"
			}
		}
		if i == 3 && strings.HasPrefix(s, "/") {
			return "", "name is absolute"
		}
		parts[i] = strings.Trim(path.Clean("/"+s), "/")
	}
	return path.Join(parts...), ""
}

// open opens a file of the archive.
func (p *Package) open(e *xar.Entry) (io.Reader, error) {
	if e == nil {
		return nil, fault(-1, "component has no such part", nil, nil)
	}
	return p.x.Open(e)
}

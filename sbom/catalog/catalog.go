// Package catalog gets third-party packages from syft, and alone imports it.
// syft parses hostile manifests and archives, so this package is meant to run in
// a child process with limits: a crash here costs the packages of one product,
// which the caller reports as a gap.
//
// syft sees only the files that it is handed, through a resolver of our own: it
// neither walks folders nor reads what the scan has already looked at, works the
// same for folders and unpacked archives, and can reach nothing else. Nothing is
// looked up on a network.
//
// syft's whole run (CreateSBOM) first loads its licence texts, which costs more
// than a second; only the readers of Java archives need such a run. The other
// catalogers are called by themselves: they take licences as manifests name them.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/artifact"
	"github.com/anchore/syft/syft/cataloging"
	"github.com/anchore/syft/syft/cataloging/filecataloging"
	"github.com/anchore/syft/syft/file"
	"github.com/anchore/syft/syft/pkg"
	"github.com/anchore/syft/syft/pkg/cataloger/dotnet"
	"github.com/anchore/syft/syft/pkg/cataloger/golang"
	"github.com/anchore/syft/syft/pkg/cataloger/javascript"
	"github.com/anchore/syft/syft/pkg/cataloger/python"
	"github.com/anchore/syft/syft/pkg/cataloger/ruby"
	"github.com/anchore/syft/syft/pkg/cataloger/rust"
	"github.com/anchore/syft/syft/pkg/cataloger/swift"

	"github.com/kinbom/kinbom/sbom"
)

// javaCataloger is the one that wants a whole run.
const javaCataloger = "java-archive-cataloger"

// direct are the catalogers that are called by themselves.
func direct() []pkg.Cataloger {
	g := golang.DefaultCatalogerConfig()
	g.SearchRemoteLicenses, g.SearchLocalModCacheLicenses, g.SearchLocalVendorLicenses = false, false, false
	js := javascript.DefaultCatalogerConfig()
	js.SearchRemoteLicenses = false
	return []pkg.Cataloger{
		wholeBinary{golang.NewGoModuleBinaryCataloger(g)},
		javascript.NewPackageCataloger(),
		javascript.NewLockCataloger(js),
		python.NewInstalledPackageCataloger(),
		dotnet.NewDotnetDepsBinaryCataloger(dotnet.DefaultCatalogerConfig()),
		rust.NewAuditBinaryCataloger(),
		rust.NewCargoLockCataloger(),
		swift.NewCocoapodsCataloger(),
		swift.NewSwiftPackageManagerCataloger(),
		ruby.NewInstalledGemSpecCataloger(),
	}
}

// wholeBinary asks about one executable at a time. The Go cataloger complains
// when a detail is missing (the kind of cryptography, in a stripped program) of
// which nothing is kept: what matters is whether the packages were found.
type wholeBinary struct{ pkg.Cataloger }

// Catalog drops complaints about executables that gave packages.
func (w wholeBinary) Catalog(ctx context.Context, r file.Resolver) ([]pkg.Package, []artifact.Relationship, error) {
	var out []pkg.Package
	var errs []error
	for _, f := range r.(*fileSource).executables() {
		got, _, err := w.Cataloger.Catalog(ctx, newSource([]File{f}))
		if len(got) == 0 && err != nil {
			errs = append(errs, err)
		}
		out = append(out, got...)
	}
	return out, nil, errors.Join(errs...)
}

// Cataloger asks syft for packages. Its licence scanner is built once, at the
// first Java archive.
type Cataloger struct {
	scanner context.Context // carries the licence scanner, and never ends
}

// File is one file of a product that syft may look at.
type File struct {
	Path  string // relative to the product
	Disk  string // where its bytes lie
	Size  int64
	MachO bool // an executable image that carries package data
}

// Found is what syft says of the files of one product.
type Found struct {
	Packages []sbom.Package // sorted; Bundle is left empty: the caller knows the bundles
	Troubles []Trouble      // sorted by path, then cataloger
}

// Trouble says that a cataloger could not read a file. Its own words are left
// out: they name places of this machine and come in the order of chance.
type Trouble struct {
	Path      string // of the file; "" when the cataloger does not say which
	Cataloger string
}

// Wants reports whether a file that is no executable can say something about
// packages: syft need not run for a product that has none.
func Wants(p string) bool {
	base := strings.ToLower(path.Base(p))
	switch base {
	case "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "cargo.lock", "podfile.lock", "package.resolved", ".package.resolved",
		"metadata", "pkg-info", "egg-info", "direct_url.json", "record", "top_level.txt":
		return true
	}
	switch path.Ext(base) {
	case ".dll", ".gemspec", ".egg-info":
		return true
	}
	return isJava(base) || strings.HasSuffix(base, ".deps.json")
}

// isJava reports whether a name is that of a Java archive.
func isJava(p string) bool {
	switch strings.ToLower(path.Ext(p)) {
	case ".jar", ".war", ".ear", ".jpi", ".hpi", ".kar":
		return true
	}
	return false
}

// Packages asks syft what packages the files of one product show.
func (c *Cataloger) Packages(ctx context.Context, files []File) (Found, error) {
	var out Found
	src := newSource(files)
	for _, d := range direct() {
		got, _, err := d.Catalog(ctx, src)
		if ctx.Err() != nil {
			return Found{}, fmt.Errorf("cataloging packages: %w", ctx.Err())
		}
		if err != nil {
			out.Troubles = append(out.Troubles, troubles(d.Name(), err, files)...)
		}
		for _, p := range got {
			out.Packages = append(out.Packages, packages(p)...)
		}
	}
	if slices.ContainsFunc(files, func(f File) bool { return isJava(f.Path) }) {
		got, err := c.java(ctx, src)
		if err != nil {
			return Found{}, err
		}
		out.Packages = append(out.Packages, got...)
	}
	slices.SortFunc(out.Packages, func(a, b sbom.Package) int {
		return strings.Compare(a.PURL+"\x00"+a.Name+"\x00"+a.Version+"\x00"+a.Place, b.PURL+"\x00"+b.Name+"\x00"+b.Version+"\x00"+b.Place)
	})
	slices.SortFunc(out.Troubles, func(a, b Trouble) int { return strings.Compare(a.Path+"\x00"+a.Cataloger, b.Path+"\x00"+b.Cataloger) })
	return out, nil
}

// troubles names the files that an error of a cataloger speaks of.
func troubles(name string, err error, files []File) []Trouble {
	text := err.Error()
	var out []Trouble
	for _, f := range files {
		if strings.Contains(text, "/"+f.Path) {
			out = append(out, Trouble{f.Path, name})
		}
	}
	if len(out) == 0 {
		out = append(out, Trouble{"", name})
	}
	return out
}

// java asks in a whole run of syft.
func (c *Cataloger) java(ctx context.Context, src *fileSource) ([]sbom.Package, error) {
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	cfg := syft.DefaultCreateSBOMConfig().
		WithCatalogerSelection(cataloging.NewSelectionRequest().WithDefaults(javaCataloger)).
		WithFilesConfig(filecataloging.DefaultConfig().WithSelection(file.NoFilesSelection)).
		WithParallelism(1)
	cfg.Packages.JavaArchive.UseNetwork = false
	run, cancel := context.WithCancel(c.scanner)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	s, err := syft.CreateSBOM(run, src, cfg)
	if err == nil {
		err = ctx.Err() // a cancelled run finds nothing and says nothing
	}
	if err != nil {
		return nil, fmt.Errorf("cataloging packages: %w", err)
	}
	var out []sbom.Package
	for p := range s.Artifacts.Packages.Enumerate() {
		out = append(out, packages(p)...)
	}
	return out, nil
}

func (c *Cataloger) prepare(ctx context.Context) error {
	if c.scanner != nil {
		return nil
	}
	x, err := syft.SetContextLicenseScanner(context.WithoutCancel(ctx), cataloging.DefaultLicenseConfig())
	if err != nil {
		return fmt.Errorf("building the licence scanner: %w", err)
	}
	c.scanner = x
	return nil
}

// packages is one noun for each place that shows the package.
func packages(p pkg.Package) []sbom.Package {
	base := sbom.Package{PURL: p.PURL, Name: p.Name, Version: p.Version, Type: string(p.Type), FoundBy: p.FoundBy}
	for _, l := range p.Licenses.ToSlice() {
		if v := firstOf(l.SPDXExpression, l.Value); v != "" {
			base.Licenses = append(base.Licenses, v)
		}
	}
	if m, ok := p.Metadata.(pkg.GolangBinaryBuildinfoEntry); ok {
		base.Main = m.MainModule != "" && m.MainModule == p.Name
	}
	slices.Sort(base.Licenses)
	base.Licenses = slices.Compact(base.Licenses)
	var out []sbom.Package
	for _, l := range p.Locations.ToSlice() {
		q := base
		q.Place = strings.TrimPrefix(l.RealPath, "/")
		if len(out) == 0 || out[len(out)-1].Place != q.Place {
			out = append(out, q)
		}
	}
	return out
}

func firstOf(l ...string) string {
	for _, s := range l {
		if s != "" {
			return s
		}
	}
	return ""
}

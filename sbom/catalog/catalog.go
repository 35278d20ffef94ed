// Package catalog gets third-party packages from syft, and alone imports it.
// syft parses hostile manifests and archives, so this package is meant to run in
// a child process with limits: a crash here costs the packages of one product,
// which the caller reports as a gap.
//
// syft sees only the files that it is handed, through a resolver of our own: it
// neither walks folders nor reads what the scan has already looked at, works the
// same for folders and unpacked archives, and can reach nothing else.
package catalog

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/anchore/syft/syft"
	"github.com/anchore/syft/syft/cataloging"
	"github.com/anchore/syft/syft/cataloging/filecataloging"
	"github.com/anchore/syft/syft/cataloging/pkgcataloging"
	"github.com/anchore/syft/syft/file"
	"github.com/anchore/syft/syft/pkg"

	"github.com/kinbom/kinbom/sbom"
)

// catalogers are the ones asked for by name. The default selection would want a
// database driver for package databases that no app bundle has.
var catalogers = []string{
	"go-module-binary-cataloger",
	"javascript-package-cataloger",
	"javascript-lock-cataloger",
	"python-installed-package-cataloger",
	"java-archive-cataloger",
	"dotnet-deps-binary-cataloger",
	"cargo-auditable-binary-cataloger",
	"rust-cargo-lock-cataloger",
	"cocoapods-cataloger",
	"swift-package-manager-cataloger",
	"ruby-installed-gemspec-cataloger",
}

// Cataloger asks syft for packages. Its licence scanner is built once, at the
// first product that has something to catalog: it costs about a second.
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
	case ".jar", ".war", ".ear", ".jpi", ".hpi", ".kar", ".dll", ".gemspec", ".egg-info":
		return true
	}
	return strings.HasSuffix(base, ".deps.json")
}

// Packages asks syft what packages the files of one product show, sorted.
// Bundle is left empty: the caller knows the bundles.
func (c *Cataloger) Packages(ctx context.Context, files []File) ([]sbom.Package, error) {
	if err := c.prepare(ctx); err != nil || len(files) == 0 {
		return nil, err
	}
	cfg := syft.DefaultCreateSBOMConfig().
		WithCatalogerSelection(cataloging.NewSelectionRequest().WithDefaults(catalogers...)).
		WithFilesConfig(filecataloging.DefaultConfig().WithSelection(file.NoFilesSelection)).
		WithParallelism(1)
	cfg.Packages = offline(cfg.Packages)
	run, cancel := context.WithCancel(c.scanner)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	s, err := syft.CreateSBOM(run, newSource(files), cfg)
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
	slices.SortFunc(out, func(a, b sbom.Package) int {
		return strings.Compare(a.PURL+"\x00"+a.Name+"\x00"+a.Version+"\x00"+a.Place, b.PURL+"\x00"+b.Name+"\x00"+b.Version+"\x00"+b.Place)
	})
	return out, nil
}

// offline makes sure that no cataloger looks anything up on the network.
func offline(c pkgcataloging.Config) pkgcataloging.Config {
	c.JavaArchive.UseNetwork = false
	c.JavaScript.SearchRemoteLicenses = false
	c.Golang.SearchRemoteLicenses = false
	c.Golang.SearchLocalModCacheLicenses = false
	c.Golang.SearchLocalVendorLicenses = false
	c.Python.SearchRemoteLicenses = false
	return c
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

package bundle

import (
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/plist"
)

// Facts is what the property lists of the product say, by bundle path.
type Facts struct {
	Info    map[string]plist.InfoFacts
	Privacy map[string]sbom.Privacy
}

// Bundles names the bundles of the product with their facts, sorted by path.
func (s *Set) Bundles(f Facts) []sbom.Bundle {
	out := make([]sbom.Bundle, 0, len(s.dirs))
	for _, d := range s.dirs {
		info := f.Info[d]
		b := sbom.Bundle{
			Path: d, Kind: s.kinds[d], Role: s.bundleRole(d),
			Name: firstOf(info.DisplayName, info.Name, stem(d)),
			ID:   info.ID, Version: info.Version, Build: info.Build,
			Executable: s.executable(d, info.Executable),
			MinOS:      info.MinOS, Category: info.Category, ExtensionPoint: info.ExtensionPoint,
			Classes: info.Classes, Usage: info.Usage,
		}
		if p, ok := f.Privacy[d]; ok {
			b.Privacy = &p
		}
		out = append(out, b)
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

func stem(p string) string {
	b := path.Base(p)
	return strings.TrimSuffix(b, path.Ext(b))
}

// executable finds the bundle's executable: where its Info.plist says, else
// under the bundle's own name.
func (s *Set) executable(dir, name string) string {
	if s.kinds[dir] == sbom.BundleAsar {
		return "" // it is started by the app's own executable
	}
	for _, n := range []string{name, stem(dir)} {
		if n == "" || n == "." || strings.Contains(n, "/") {
			continue
		}
		places := []string{path.Join(dir, "Contents/MacOS", n)}
		if s.kinds[dir] == sbom.BundleFramework {
			places = append(places, path.Join(dir, "Versions/Current", n))
			for _, v := range s.vers[dir] {
				places = append(places, path.Join(dir, "Versions", v, n))
			}
		}
		if f := s.first(append(places, path.Join(dir, n))); f != "" {
			return f
		}
	}
	return ""
}

// bundleRole is what a bundle is for in its product.
func (s *Set) bundleRole(dir string) sbom.Role {
	switch s.kinds[dir] {
	case sbom.BundleApp:
		switch {
		case dir == "":
			return sbom.RoleMain
		case strings.Contains(dir, "Library/LoginItems/"):
			return sbom.RoleLoginItem
		}
		return sbom.RoleHelperApp
	case sbom.BundleAppex, sbom.BundleSystemExt:
		return sbom.RoleExtension
	case sbom.BundleXPC:
		return sbom.RoleXPC
	case sbom.BundleFramework, sbom.BundleXCF:
		return sbom.RoleFramework
	case sbom.BundleDSYM:
		return sbom.RoleSymbols
	}
	return sbom.RolePlugin
}

// RoleOf is the role of an image of the given type (sbom.Image.Type) at a path
// of the product. The bundles are those that Bundles gave.
func (s *Set) RoleOf(file, imageType string, bundles map[string]sbom.Bundle) sbom.Role {
	in := s.Innermost(file)
	b := bundles[in]
	switch {
	case imageType == "dsym": // by what it is: code does not hide behind a folder's name
		return sbom.RoleSymbols
	case imageType == "object":
		return sbom.RoleObject
	case imageType == "execute":
		return s.executableRole(file, b)
	case b.Kind == sbom.BundleFramework && path.Base(file) == path.Base(b.Executable):
		return sbom.RoleFramework
	case imageType == "dylib" || imageType == "dylib-stub":
		return sbom.RoleLibrary
	}
	return sbom.RolePlugin
}

func (s *Set) executableRole(file string, b sbom.Bundle) sbom.Role {
	if s.kind == sbom.KindExecutable {
		return sbom.RoleMain
	}
	if file != b.Executable {
		return sbom.RoleHelper
	}
	switch b.Kind {
	case sbom.BundleApp, sbom.BundleAppex, sbom.BundleSystemExt, sbom.BundleXPC:
		return b.Role
	}
	return sbom.RoleHelper
}

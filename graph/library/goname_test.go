package library

import (
	"testing"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/sbom"
)

func TestGoPackage(t *testing.T) {
	for name, want := range map[string]string{
		"runtime.mallocgc": "runtime", "net/http.(*Client).Do.func1": "net/http", "main.main": "main",
		"github.com/a/b.(*T[...]).Foo": "github.com/a/b", "gopkg.in/yaml%2ev3.Unmarshal": "gopkg.in/yaml.v3",
		"slices.SortFunc[...]": "slices", "type:.eq.net/http.Cookie": "net/http", "type..hash.example.com/a.T": "example.com/a",
		"type:.eq.struct { F uintptr; example.com/a.x int }": "", "go:buildid": "", "_rt0_arm64_darwin": "", "": "",
	} {
		if got := goPackage(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestGoStandard(t *testing.T) {
	n := newGoNames()
	for p, want := range map[string]bool{
		"fmt": true, "runtime": true, "runtime/internal/sys": true, "internal/abi": true, "crypto/internal/fips140/aes": true, "net/http/internal": true,
		"vendor/golang.org/x/net/dns": true, "encoding/json": true, "log/slog": true,
		"main": false, "acme": false, "acme/collect": false, "acme/internal/collect": false, "logger": false, "encoding/acme": false,
		"example.com/fmt": false, "golang.org/x/net": false, "vendor/acme/collect": false, "": false,
	} {
		if got := n.isStandard(p); got != want {
			t.Errorf("%q: %v, want %v", p, got, want)
		}
	}
}

func TestPublisher(t *testing.T) {
	for m, want := range map[string]string{
		"github.com/Vendor/app": "github.com/vendor", "example.com/app": "example.com", "go.corp.example.com/x/y": "example.com",
		"gopkg.in/yaml.v3": "gopkg.in/yaml.v3", "app": "", "github.com": "", "command-line-arguments": "",
	} {
		if got := publisher(m); got != want {
			t.Errorf("%q: %q, want %q", m, got, want)
		}
	}
}

func TestGoModules(t *testing.T) {
	module := func(place, name string, main bool) sbom.Package {
		return sbom.Package{Name: name, Type: "go-module", Place: place, Main: main}
	}
	image := func(d sbom.Digest, place string) sbom.Image {
		return sbom.Image{Digest: d, Places: []sbom.Place{{Path: place}}}
	}
	p := &sbom.Product{
		Images: []sbom.Image{image("a", "A"), image("b", "B"), image("c", "C")},
		Packages: []sbom.Package{
			module("A", "github.com/vendor/a", true), module("A", "stdlib", false), module("A", "github.com/other/zip", false),
			module("A", "github.com/vendor/collect", false), module("A", "github.com/spf13/cobra", false), module("A", "private/tools", false),
			module("B", "b", true), module("B", "github.com/other/zip", false),
		},
	}
	b := newBackdrop(nil)
	b.read(&graph.Graph{Products: []*sbom.Product{p}}, []sbom.Digest{"a", "b", "c"})
	for _, x := range []struct {
		image int
		path  string
		want  string
	}{
		{0, "github.com/other/zip/flate", "github.com/other/zip"}, {0, "github.com/vendor/collect", ""}, {0, "github.com/vendor/a/internal/x", ""},
		{0, "private/tools", ""}, {0, "github.com/other/zipper", ""}, {0, "github.com/spf13/cobra", "github.com/spf13/cobra"},
		{1, "github.com/other/zip", ""}, // nothing says who publishes the program
		{2, "github.com/other/zip", ""}, {2, "github.com/spf13/cobra/doc", "github.com/spf13/cobra"},
	} {
		if got := b.module(x.image, x.path); got != x.want {
			t.Errorf("image %d, %s: %q, want %q", x.image, x.path, got, x.want)
		}
	}
	p.Packages = append(p.Packages, module("C", "github.com/spf13/secret", true))
	b = newBackdrop(nil)
	b.read(&graph.Graph{Products: []*sbom.Product{p}}, []sbom.Digest{"a", "b", "c"})
	if got := b.module(0, "github.com/spf13/cobra"); got != "" {
		t.Errorf("a module of the family's own publisher is background: %q", got)
	}
}

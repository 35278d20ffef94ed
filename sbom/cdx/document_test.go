package cdx

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// bomOf is the BOM as the CycloneDX library sees it.
func bomOf(t *testing.T, p *sbom.Product, o Options) *cyclonedx.BOM {
	t.Helper()
	bom, err := decode(bytes.NewReader(written(t, p, o)), o.Format)
	if err != nil {
		t.Fatal(err)
	}
	return bom
}

// components are all components by bom-ref, the product too.
func components(t *testing.T, bom *cyclonedx.BOM) map[string]*cyclonedx.Component {
	t.Helper()
	out := map[string]*cyclonedx.Component{}
	var walk func(l []cyclonedx.Component)
	walk = func(l []cyclonedx.Component) {
		for i := range l {
			if out[l[i].BOMRef] != nil || l[i].BOMRef == "" {
				t.Errorf("bom-ref %q is empty or given twice", l[i].BOMRef)
			}
			out[l[i].BOMRef] = &l[i]
			if l[i].Components != nil {
				walk(*l[i].Components)
			}
		}
	}
	walk([]cyclonedx.Component{*bom.Metadata.Component})
	if bom.Components != nil {
		walk(*bom.Components)
	}
	return out
}

func dependsOn(bom *cyclonedx.BOM) map[string][]string {
	out := map[string][]string{}
	for _, d := range *bom.Dependencies {
		out[d.Ref] = nil
		if d.Dependencies != nil {
			out[d.Ref] = *d.Dependencies
		}
	}
	return out
}

// Everything hangs together: every component can be reached from the product,
// and every reference names a component.
func TestNothingIsUnreachable(t *testing.T) {
	for i, p := range samples(t) {
		bom := bomOf(t, p, Options{})
		all, deps := components(t, bom), dependsOn(bom)
		seen, todo := map[string]bool{}, []string{bom.Metadata.Component.BOMRef}
		for len(todo) > 0 {
			at := todo[0]
			todo = todo[1:]
			if seen[at] {
				continue
			}
			seen[at] = true
			todo = append(todo, deps[at]...)
		}
		for ref := range all {
			if !seen[ref] {
				t.Errorf("sample %d: %s cannot be reached from the product", i, clip(ref, 80))
			}
		}
		for from, list := range deps {
			for _, to := range append(list, from) {
				if all[to] == nil {
					t.Errorf("sample %d: %s is in the dependencies and is no component", i, clip(to, 80))
				}
			}
		}
		for _, c := range *bom.Compositions {
			for _, ref := range append(refs(c.Dependencies), refs(c.Assemblies)...) {
				if all[string(ref)] == nil {
					t.Errorf("sample %d: %s is in the compositions and is no component", i, clip(string(ref), 80))
				}
			}
		}
	}
}

func refs(l *[]cyclonedx.BOMReference) []cyclonedx.BOMReference {
	if l == nil {
		return nil
	}
	return slices.Clone(*l)
}

func TestDependenciesOfDocCleaner(t *testing.T) {
	p := docCleaner()
	bom := bomOf(t, p, Options{})
	deps := dependsOn(bom)
	image := func(s string) string { return imageRef(hash(s)) }
	root := "product:" + string(p.ID)
	bundle := func(s string) string { return "bundle:" + string(p.ID) + "/" + s }
	cases := []struct {
		from string
		want []string
	}{
		{image("main arm64"), []string{image("agent"), image("collect"), "missing:@rpath/Gone.framework/Gone",
			"outside:/Library/Example/plug.bundle", "system:/usr/lib/libSystem.B.dylib"}},
		{image("collect"), []string{image("extra")}}, // not on itself, though it loads itself
		{image("agent"), nil},
		{bundle("Contents/Resources/Agent.dSYM"), []string{image("sym")}},
		{bundle("Contents/Library/LoginItems/Agent.app"), []string{image("agent"), "package:pkg:npm/left@1.0.0"}},
		{bundle("Contents/Frameworks/Collect.framework"), []string{image("collect")}},
	}
	for _, c := range cases {
		slices.Sort(c.want)
		if got := deps[c.from]; !slices.Equal(got, c.want) {
			t.Errorf("%s depends on %q, want %q", c.from, got, c.want)
		}
	}
	if slices.Contains(deps[root], image("extra")) || slices.Contains(deps[root], image("collect")) {
		t.Error("the product depends on what its images lead to")
	}
	for _, m := range []string{"main arm64", "main x86_64"} {
		if !slices.Contains(deps[root], image(m)) {
			t.Errorf("the product does not depend on its executable %s", m)
		}
	}
	if _, listed := deps["system:/usr/lib/libSystem.B.dylib"]; listed {
		t.Error("a system library is listed as if its dependencies were known")
	}
}

func TestComponentsOfDocCleaner(t *testing.T) {
	p := docCleaner()
	bom := bomOf(t, p, Options{Version: Version17})
	all := components(t, bom)
	c := all[imageRef(hash("collect"))]
	if c.Type != cyclonedx.ComponentTypeFramework || c.Name != "Collect" || c.Version != "2.0.0" || c.Group != "com.example.collect" {
		t.Errorf("collect is %s %s %s of %s", c.Type, c.Name, c.Version, c.Group)
	}
	if n := len(*c.Evidence.Occurrences); n != 6 {
		t.Errorf("collect has %d occurrences, want 2 places and 4 pieces of evidence", n)
	}
	if all[imageRef(hash("main arm64"))].Evidence.Callstack != nil {
		t.Error("main has no code unit that is known, and a call stack")
	}
	if o := (*all[imageRef(hash("main x86_64"))].Evidence.Occurrences)[0]; o.Location != "Contents/MacOS/Doc Cleaner" || *o.Offset != 122880 {
		t.Errorf("main x86_64 lies at %s %d", o.Location, *o.Offset)
	}
	if s := all[imageRef(hash("main arm64"))].Supplier; s == nil || s.Name != teamID {
		t.Errorf("supplier of main is %v", s)
	}
	if s := c.Supplier; s != nil || newPropSet(c.Properties).raw(propSupplier) != supplierNone {
		t.Errorf("collect has no team id, and yet the supplier %v", s)
	}
	if sym := all[imageRef(hash("sym"))]; sym.Type != cyclonedx.ComponentTypeFile || !newPropSet(sym.Properties).flag(propImageSymbols) {
		t.Error("the dSYM is not marked")
	}
	if sys := all["system:/usr/lib/libSystem.B.dylib"]; sys.IsExternal == nil || !*sys.IsExternal {
		t.Error("a system library is not marked as external in 1.7")
	}
	if all["missing:@rpath/Gone.framework/Gone"].IsExternal != nil {
		t.Error("a missing library is called external")
	}
	var left []string
	for ref, c := range all {
		if c.PackageURL == "pkg:npm/left@1.0.0" {
			left = append(left, ref)
		}
	}
	if len(left) != 2 {
		t.Errorf("left, found in two bundles, is the components %q", left)
	}
	if e := (*all["package:pkg:npm/left@1.0.0"].Licenses)[0].Expression; e != "Apache-2.0 OR MIT" {
		t.Errorf("licence expression is %q", e)
	}
}

// A dSYM names the code with its UUID, all of it and nothing else.
func TestSymbolsNameTheirImage(t *testing.T) {
	of := func(p *sbom.Product, name string) []string {
		return newPropSet(components(t, bomOf(t, p, Options{}))[imageRef(hash(name))].Properties).values[propImageSymbolsOf]
	}
	p := docCleaner()
	if got, want := of(p, "sym"), []string{imageRef(hash("agent"))}; !slices.Equal(got, want) {
		t.Errorf("the dSYM is symbols of %q, want %q", got, want)
	}
	if got := of(p, "agent"); got != nil {
		t.Errorf("code is symbols of %q", got)
	}
	var sym *sbom.Image
	for i := range p.Images {
		switch p.Images[i].Digest {
		case hash("extra"): // another copy of the agent, signed otherwise
			p.Images[i].Identities = []sbom.Identity{{Method: sbom.IdentUUID, Value: strings.Repeat("a1", 16)}}
		case hash("sym"):
			sym = &p.Images[i]
		}
	}
	want := []string{imageRef(hash("agent")), imageRef(hash("extra"))}
	slices.Sort(want)
	if got := of(p, "sym"); !slices.Equal(got, want) {
		t.Errorf("the dSYM is symbols of %q, want %q", got, want)
	}
	for _, id := range [][]sbom.Identity{nil, {{Method: sbom.IdentText, Value: strings.Repeat("a1", 16)}}, {{Method: sbom.IdentUUID, Value: strings.Repeat("b2", 16)}}} {
		sym.Identities = id
		if got := of(p, "sym"); got != nil {
			t.Errorf("a dSYM with %v is symbols of %q", id, got)
		}
	}
}

func TestCompositions(t *testing.T) {
	find := func(p *sbom.Product, ref string) (assembly, deps string) {
		for _, c := range *bomOf(t, p, Options{}).Compositions {
			if slices.Contains(refs(c.Assemblies), cyclonedx.BOMReference(ref)) {
				assembly = string(c.Aggregate)
			}
			if slices.Contains(refs(c.Dependencies), cyclonedx.BOMReference(ref)) {
				deps = string(c.Aggregate)
			}
		}
		return assembly, deps
	}
	p := docCleaner()
	root := "product:" + string(p.ID)
	if a, _ := find(p, root); a != "incomplete" {
		t.Errorf("a product with gaps is %q", a)
	}
	if _, d := find(p, imageRef(hash("main arm64"))); d != "incomplete" {
		t.Errorf("an image with a gap is %q", d)
	}
	if _, d := find(p, imageRef(hash("agent"))); d != "complete" {
		t.Errorf("an image without a gap is %q", d)
	}
	if _, d := find(p, "system:/usr/lib/libSystem.B.dylib"); d != "unknown" {
		t.Errorf("a system library is %q", d)
	}
	p.Gaps = nil
	p.Coverage = sbom.Coverage{}
	p.Coverage.AddAnalysed(9)
	p.Coverage.AddSkipped("not code", 7)
	if a, _ := find(p, root); a != "complete" {
		t.Errorf("a product without gaps is %q", a)
	}
	p.Coverage.AddSkipped("javascript: not looked at", 1)
	if a, _ := find(p, root); a != "incomplete" {
		t.Errorf("a product with code that was not looked at is %q", a)
	}
}

// A tag always has image, address, mark and evidence, null where there is none.
func TestTagHasEveryPart(t *testing.T) {
	all := components(t, bomOf(t, docCleaner(), Options{}))
	tags := newPropSet(all[imageRef(hash("collect"))].Properties).values[propTag]
	if len(tags) != 2 {
		t.Fatalf("collect has %d tags, want 2", len(tags))
	}
	for _, want := range []string{`"address":null`, `"mark":null`, `"image":"` + string(hash("collect")), `"text":"Library/Safari/History.db"`, `"rulesDigest":"`} {
		if !strings.Contains(tags[0], want) {
			t.Errorf("tag of the whole image has no %s: %s", want, tags[0])
		}
	}
	for _, want := range []string{`"address":"0xffff000000004a10"`, `"mark":"c0c0`} {
		if !strings.Contains(tags[1], want) {
			t.Errorf("tag of a unit has no %s: %s", want, tags[1])
		}
	}
}

func TestDeepNestingIsCut(t *testing.T) {
	p := minimal()
	path := ""
	for i := range 300 {
		path += fmt.Sprintf("/%d.app", i)
		p.Bundles = append(p.Bundles, sbom.Bundle{Path: path[1:], Kind: sbom.BundleApp, Name: "deep"})
	}
	roundTrip(t, p, Options{})
}

// docs/sbom.md has one row for every property, and no other.
func TestEveryPropertyIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/sbom.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(kinbom:[a-z:-]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		if documented[m[1]] {
			t.Errorf("%s has two rows", m[1])
		}
		documented[m[1]] = true
	}
	used := map[string]bool{}
	add := func(l *[]cyclonedx.Property) {
		if l != nil {
			for _, p := range *l {
				used[p.Name] = true
			}
		}
	}
	for i, p := range samples(t) {
		o := Options{Rules: hash("rules"), Inputs: []sbom.Input{{Path: "x"}}}
		if i%2 == 0 {
			o = Options{}
		}
		bom := bomOf(t, p, o)
		add(bom.Metadata.Properties)
		for _, c := range components(t, bom) {
			add(c.Properties)
		}
	}
	for name := range used {
		if !documented[name] {
			t.Errorf("%s is written and not in docs/sbom.md", name)
		}
	}
	for name := range documented {
		if !used[name] {
			t.Errorf("%s is in docs/sbom.md and never written", name)
		}
	}
}

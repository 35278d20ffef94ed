package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

func id(s string) sbom.Digest { return sbom.DigestOf([]byte(s)) }

// part is code for an image: functions from..to of a source that is named.
type part struct {
	source   string
	from, to int
}

// mark of function i of a source: the same wherever it is linked.
func mark(source string, i int) fingerprint.Mark {
	d := id(fmt.Sprintf("%s %d", source, i))
	var m uint64
	fmt.Sscanf(string(d[:16]), "%x", &m)
	return fingerprint.Mark(m)
}

// kmk links parts into the saved marks of an image. Function 0 of a source has
// its name and is a method of a class that is called after the source.
func kmk(t testing.TB, image sbom.Digest, parts ...part) []byte {
	t.Helper()
	s := &fingerprint.Set{Image: image, Arch: "arm64"}
	at := uint64(0x1000)
	for _, p := range parts {
		for i := p.from; i < p.to; i++ {
			f := fingerprint.Function{Address: at, Size: 64, Instructions: 16, Shape: mark(p.source, i) + 1, Full: mark(p.source, i)}
			if i == 0 {
				f.Name, f.From = p.source+"_open", fingerprint.NameSymbol
				s.Classes = append(s.Classes, fingerprint.ClassOf{Name: strings.ToUpper(p.source) + "Kit", Super: "NSObject",
					Methods: []fingerprint.MethodOf{{Selector: "openWith:", Types: "v", Function: uint32(len(s.Functions))}}})
			}
			s.Append(f, nil, nil)
			at += 64
		}
	}
	var b bytes.Buffer
	if _, err := fingerprint.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// world is a made family with its marks.
type world struct {
	scan  *sbom.Scan
	marks map[sbom.Digest][]byte
}

func newWorld() *world {
	return &world{scan: &sbom.Scan{Tool: "kinbom", Rules: id("rules"), Inputs: []sbom.Input{{Path: "apps", Kind: sbom.InputDirectory, Digest: id("apps")}}},
		marks: map[sbom.Digest][]byte{}}
}

// app adds a product with one executable made of parts.
func (w *world) app(t testing.TB, name, version string, parts ...part) *sbom.Product {
	t.Helper()
	image := id(name + version + fmt.Sprint(parts))
	m := sbom.Image{Digest: image, Format: "macho", Arch: "arm64", Type: "execute", Size: 1 << 16,
		Places:     []sbom.Place{{Path: "Contents/MacOS/" + name, File: image, Role: sbom.RoleMain}},
		Identities: []sbom.Identity{{Method: sbom.IdentUUID, Value: string(id("uuid" + name + version))[:32]}}}
	for _, p := range parts {
		if p.from == 0 {
			m.Classes = append(m.Classes, strings.ToUpper(p.source)+"Kit")
		}
	}
	p := &sbom.Product{ID: id("product" + name + version), Kind: sbom.KindApp, Name: name, BundleID: "com.example." + name, Version: version,
		Paths: []string{name + ".app"}, Bundles: []sbom.Bundle{{Kind: sbom.BundleApp, Role: sbom.RoleMain, Name: name}}, Images: []sbom.Image{m},
		Links: []sbom.Link{{Kind: sbom.LinkLoads, From: image, Target: sbom.TargetSystem, Name: "/usr/lib/libz.1.dylib", Load: sbom.LoadRegular, How: "absolute", Symbols: []string{"_inflate"}}}}
	p.Coverage.AddAnalysed(1)
	p.Normalize()
	w.scan.Products = append(w.scan.Products, p)
	w.marks[image] = kmk(t, image, parts...)
	return p
}

func (w *world) store(d sbom.Digest) ([]byte, error) {
	if b, ok := w.marks[d]; ok {
		return b, nil
	}
	return nil, library.ErrNoMarks
}

func (w *world) open(t testing.TB) *Family {
	t.Helper()
	f, err := Open([]*sbom.Scan{w.scan}, Options{Version: "test", Marks: w.store})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// three products: two share a library of 12 functions, one of them has it whole
// and the other lacks two; the third shares nothing.
func three(t testing.TB) *world {
	w := newWorld()
	w.app(t, "Alpha", "1", part{"own-a", 1, 20}, part{"shared", 0, 12})
	w.app(t, "Beta", "1", part{"shared", 0, 10}, part{"own-b", 1, 30})
	w.app(t, "Gamma", "1", part{"own-c", 0, 25})
	return w
}

func TestLibs(t *testing.T) {
	f := three(t).open(t)
	r, err := f.Libs("")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if len(r.Libraries) != 1 || r.Kinship != 1 || r.Background != 0 {
		t.Fatalf("%d libraries: %+v", len(r.Libraries), r.Libraries)
	}
	l := r.Libraries[0]
	if l.Kind != library.KindStatic || l.Functions != 10 || l.Word != "IDENTICAL" || len(l.Carriers) != 2 || l.Members != nil {
		t.Errorf("%+v", l)
	}
	if c := l.Carriers[1]; c.Product != id("productBeta1") || c.Functions != 10 || c.Copies[0].Path != "Contents/MacOS/Beta" {
		t.Errorf("%+v", c)
	}
	for _, word := range []string{l.Name, strings.ToLower(l.Name), l.ID, strings.TrimPrefix(l.ID, "library:")[:8], l.Name[:3]} {
		one, err := f.Libs(word)
		if err != nil || len(one.Libraries) != 1 || len(one.Libraries[0].Members) != 10 {
			t.Errorf("%s: %v, %+v", word, err, one)
		}
	}
	var miss *WordError
	if _, err := f.Libs("Nobody"); !errors.As(err, &miss) || miss.Ambiguous {
		t.Errorf("a word that names nothing: %v", err)
	}
}

func who(t testing.TB, f *Family, word string) *Who {
	t.Helper()
	r, err := f.Who(word)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWho(t *testing.T) {
	f := three(t).open(t)
	uuid := string(id("uuidBeta1"))[:32]
	full := mark("shared", 3)
	for _, c := range []struct {
		word, kind, level string
		carriers, users   int
	}{
		{"SHAREDKit", KindClass, "exact", 2, 0},
		{"sharedkit", KindClass, "but for case", 2, 0},
		{"SHAREDK", KindClass, "beginning", 2, 0},
		{"shared_open", KindFunction, "exact", 2, 0},
		{"_shared_open", KindFunction, "exact", 2, 0},
		{"openWith:", KindSelector, "exact", 3, 0},
		{full.String(), KindMark, "exact", 2, 0},
		{(full + 1).String(), KindMark, "exact", 2, 0}, // its shape mark
		{full.String()[:10], KindMark, "beginning", 2, 0},
		{mark("shared", 11).String(), KindMark, "exact", 1, 0},
		{uuid, KindIdentity, "exact", 1, 0},
		{strings.ToUpper(uuid[:8] + "-" + uuid[8:12] + "-" + uuid[12:16] + "-" + uuid[16:20] + "-" + uuid[20:]), KindIdentity, "exact", 1, 0},
		{string(id("productGamma1")), KindProduct, "exact", 1, 0},
		{"libz.1.dylib", KindLoad, "exact", 0, 3},
		{"/usr/lib/libz.1.dylib", KindLoad, "exact", 0, 3},
		{"inflate", KindImport, "exact", 0, 3},
		{"Gamma", KindImage, "exact", 1, 0},
	} {
		r := who(t, f, c.word)
		i := slices.IndexFunc(r.Matches, func(m Match) bool { return m.Kind == c.kind })
		if i < 0 || r.Level != c.level || len(r.Matches[i].Carriers) != c.carriers || len(r.Matches[i].Users) != c.users {
			t.Errorf("%s: %s, %+v", c.word, r.Level, r.Matches)
		}
	}
	for _, word := range []string{"Nothing", "SHAREDKits", "sha", "00000000", "deadbeefdeadbeef", full.String() + "0", "-", "0x"} {
		if r := who(t, f, word); len(r.Matches) != 0 || r.Level != "" {
			t.Errorf("%s: %+v", word, r.Matches)
		}
	}
	var many *WordError
	if _, err := f.Who("Contents"); err != nil {
		t.Errorf("folders are no names: %v", err)
	}
	w := newWorld()
	w.app(t, "Alpha", "1", part{"packer", 0, 8}, part{"packed", 0, 8})
	if _, err := w.open(t).Who("pack"); !errors.As(err, &many) || !many.Ambiguous || len(many.Candidates) < 2 {
		t.Errorf("a beginning of two names: %v", err)
	}
}

// A function that is found is told with its address and the library it is of.
func TestWhoSaysWhere(t *testing.T) {
	r := who(t, three(t).open(t), mark("shared", 3).String())
	h := r.Matches[0].Hits[0]
	if h.Product != id("productAlpha1") || h.Address == nil || *h.Address != 0x1000+64*(19+3) || !strings.HasPrefix(h.Library, "library:") || h.Deed != Carries || h.How != "full mark" {
		t.Errorf("%+v", h)
	}
}

// What cannot be looked at is told beside a negative.
func TestCoverage(t *testing.T) {
	w := three(t)
	if f := w.open(t); f.coverage.Images != 3 || f.coverage.Compared != 3 || !f.coverage.Complete() {
		t.Errorf("%+v", f.coverage)
	}
	alpha, beta := w.scan.Products[0].Images[0].Digest, w.scan.Products[1].Images[0].Digest
	delete(w.marks, alpha)
	w.marks[beta] = w.marks[beta][:len(w.marks[beta])-1]
	w.scan.Products[2].Images[0].Encrypted = true
	w.scan.Gaps = []sbom.Gap{{Kind: sbom.GapUnreadable, Path: "x", Offset: -1, Why: "cut off"}}
	f := w.open(t)
	c := f.coverage
	if c.Compared != 0 || len(c.Unseen) != 3 || c.Complete() || len(c.Gaps) != 1 || c.Gaps[0].Count != 1 {
		t.Fatalf("%+v", c)
	}
	for i, why := range []string{"no code marks", "code marks are damaged", "its code is encrypted"} {
		if !strings.Contains(c.Unseen[i].Why, why) {
			t.Errorf("%q is not %q", c.Unseen[i].Why, why)
		}
	}
	r := who(t, f, mark("shared", 3).String())
	if len(r.Matches) != 0 || len(r.Coverage.Unseen) != 3 {
		t.Errorf("%+v", r)
	}
	if r := who(t, f, "SHAREDKit"); len(r.Matches) != 1 { // class lists are of the image, not of its marks
		t.Errorf("%+v", r.Matches)
	}
}

func compare(t testing.TB, c Case) *Comparison {
	t.Helper()
	r, err := Compare(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCompareProducts(t *testing.T) {
	f := three(t).open(t)
	a, b, g := id("productAlpha1"), id("productBeta1"), id("productGamma1")
	r := compare(t, Case{All: f, InA: []sbom.Digest{a}, InB: []sbom.Digest{b}})
	if r.AinB.Functions != 31 || r.AinB.Exact != 10 || r.BinA.Functions != 39 || r.BinA.Exact != 10 || r.AinB.Kin+r.BinA.Kin != 0 {
		t.Errorf("%+v, %+v", r.AinB, r.BinA)
	}
	if len(r.Libraries) != 1 || r.Libraries[0].Found != 10 || len(r.OnlyA.Libraries)+len(r.OnlyB.Libraries) != 0 {
		t.Errorf("%+v", r.Libraries)
	}
	if len(r.Products) != 2 || r.Coverage.Images != 2 || r.Coverage.Compared != 2 || r.Coverage.Files != 2 {
		t.Errorf("the coverage is not that of the two: %+v", r.Coverage)
	}
	if len(r.Pairs) != 1 || r.Pairs[0].Tie != PairAsked || len(r.Pairs[0].Lost) != 0 {
		t.Errorf("%+v", r.Pairs)
	}
	r = compare(t, Case{All: f, InA: []sbom.Digest{a}, InB: []sbom.Digest{g}})
	if r.AinB.Exact+r.BinA.Exact != 0 || len(r.Libraries) != 0 || len(r.OnlyA.Libraries) != 1 || !slices.Equal(r.OnlyA.Classes, []string{"SHAREDKit"}) || !slices.Equal(r.OnlyB.Classes, []string{"OWN-CKit"}) {
		t.Errorf("%+v", r)
	}
	r = compare(t, Case{All: f, InA: []sbom.Digest{a}, InB: []sbom.Digest{a}})
	if r.AinB.SameFiles != 1 || r.AinB.Exact != 31 || r.Pairs[0].Tie != PairFiles || r.Images[0].Rung != string(library.RungBytes) {
		t.Errorf("%+v", r)
	}
}

// Two releases: one product lost the library, one keeps a part, one is new.
func TestCompareReleases(t *testing.T) {
	one, two := newWorld(), newWorld()
	one.app(t, "Alpha", "1", part{"own-a", 1, 20}, part{"shared", 0, 12})
	one.app(t, "Beta", "1", part{"shared", 0, 12}, part{"own-b", 1, 30})
	two.app(t, "Alpha", "2", part{"own-a", 1, 22})
	two.app(t, "Beta", "2", part{"own-b", 1, 30}, part{"shared", 4, 12})
	two.app(t, "Delta", "2", part{"own-d", 1, 10})
	all, err := Open([]*sbom.Scan{two.scan, one.scan}, Options{Marks: func(d sbom.Digest) ([]byte, error) {
		if b, err := one.store(d); err == nil {
			return b, nil
		}
		return two.store(d)
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := Case{All: all, A: one.open(t), B: two.open(t), InA: Products(one.scan), InB: Products(two.scan)}
	r := compare(t, c)
	want := []Pair{
		{A: id("productAlpha1"), B: id("productAlpha2"), Tie: PairBundle, Lost: []Held{{Functions: 12}}, New: []Held{}},
		{A: id("productBeta1"), B: id("productBeta2"), Tie: PairBundle, Lost: []Held{{Functions: 12, Found: 8}}, New: []Held{}},
		{B: id("productDelta2"), Tie: PairNone, Lost: []Held{}, New: []Held{}},
	}
	for i := range r.Pairs {
		for k := range r.Pairs[i].Lost {
			r.Pairs[i].Lost[k].Library, r.Pairs[i].Lost[k].Name = "", ""
		}
	}
	if d := cmp.Diff(want, r.Pairs); d != "" {
		t.Error(d)
	}
	if len(r.Libraries) != 1 || len(r.Libraries[0].InA) != 2 || !slices.Equal(r.Libraries[0].InB, []sbom.Digest{id("productBeta2")}) {
		t.Errorf("%+v", r.Libraries)
	}
	c.A, c.B, c.InA, c.InB = c.B, c.A, c.InB, c.InA
	back := compare(t, c)
	if back.AinB != r.BinA || back.BinA != r.AinB {
		t.Errorf("turned round: %+v %+v, not %+v %+v", back.AinB, back.BinA, r.BinA, r.AinB)
	}
	for _, p := range back.Pairs {
		if len(p.Lost) != 0 {
			t.Errorf("turned round something is lost: %+v", p)
		}
	}
}

// The order of products and inputs changes nothing.
func TestOrder(t *testing.T) {
	forms := func(w *world) string {
		f := w.open(t)
		l, err := f.Libs("")
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal([]any{l, who(t, f, "openWith:"), compare(t, Case{All: f, InA: []sbom.Digest{w.scan.Products[0].ID, w.scan.Products[1].ID, w.scan.Products[2].ID}, InB: []sbom.Digest{id("productBeta1")}})})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	w := three(t)
	want := forms(w)
	slices.Reverse(w.scan.Products)
	if d := cmp.Diff(want, forms(w)); d != "" {
		t.Error(d)
	}
}

// Validate sees what is wrong.
func TestValidate(t *testing.T) {
	f := three(t).open(t)
	l, err := f.Libs("")
	if err != nil {
		t.Fatal(err)
	}
	l.Libraries[0].Carriers = l.Libraries[0].Carriers[:1]
	w := who(t, f, "SHAREDKit")
	w.Matches[0].Carriers = nil
	c := compare(t, Case{All: f, InA: []sbom.Digest{id("productAlpha1")}, InB: []sbom.Digest{id("productBeta1")}})
	c.AinB.Exact = c.AinB.Functions + 1
	d, err := f.Libs("")
	if err != nil {
		t.Fatal(err)
	}
	d.Coverage.Compared++
	for name, v := range map[string]interface{ Validate() error }{"one carrier": l, "no carriers": w, "more than all": c, "coverage": d} {
		if v.Validate() == nil {
			t.Errorf("%s: no complaint", name)
		}
	}
}

func TestChoose(t *testing.T) {
	w := three(t)
	for _, word := range []string{"Alpha", "alpha", "com.example.Alpha", "Alpha.app", "Alpha.app/", string(id("productAlpha1")), string(id("productAlpha1"))[:6]} {
		if p, err := Choose(w.scan.Products, word); err != nil || p.Name != "Alpha" {
			t.Errorf("%s: %v", word, err)
		}
	}
	var miss *WordError
	for _, word := range []string{"", "Alp", "Omega"} {
		if _, err := Choose(w.scan.Products, word); !errors.As(err, &miss) {
			t.Errorf("%q: %v", word, err)
		}
	}
	w.app(t, "Alpha", "2", part{"x", 0, 9})
	if _, err := Choose(w.scan.Products, "Alpha"); !errors.As(err, &miss) || !miss.Ambiguous {
		t.Errorf("two of one name: %v", err)
	}
	if _, err := Open(nil, Options{}); !errors.Is(err, ErrNoProduct) {
		t.Errorf("no scan: %v", err)
	}
}

// What names a library of whole images is the file that it has its name from.
func TestFileNamesItsLibrary(t *testing.T) {
	w := newWorld()
	same := id("same bytes")
	for _, name := range []string{"Alpha", "Zulu", "Alpha"} {
		p := w.app(t, name, fmt.Sprint(len(w.scan.Products)), part{"own-" + name, 1, 20})
		m := &p.Images[0]
		m.Digest, m.Places[0].File, p.Links = same, same, nil
	}
	w.marks = nil
	r, err := w.open(t).Libs("")
	if err != nil || len(r.Libraries) != 1 {
		t.Fatalf("%v, %+v", err, r)
	}
	want := []Naming{{How: "file name", Name: "Alpha", Text: "Contents/MacOS/Alpha"}}
	if d := cmp.Diff(want, r.Libraries[0].Names); d != "" {
		t.Error(d)
	}
	for _, c := range []struct{ old, path, name, want string }{
		{"", "Contents/MacOS/Zulu", "Alpha", ""},
		{"", "", "Alpha", ""},
		{"", "@rpath/K.framework/K", "K (arm64)", "@rpath/K.framework/K"},
		{"", "@rpath/K2", "K", ""},
		{"b/K", "a/K", "K", "a/K"},
		{"a/K", "b/K", "K", "a/K"},
	} {
		if got := firstNamed(c.old, c.path, c.name); got != c.want {
			t.Errorf("firstNamed(%q, %q, %q) is %q, want %q", c.old, c.path, c.name, got, c.want)
		}
	}
}

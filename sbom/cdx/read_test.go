package cdx

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func TestReadRefuses(t *testing.T) {
	good := string(written(t, docCleaner(), Options{}))
	change := func(old, by string) string {
		out := strings.Replace(good, old, by, 1)
		if out == good {
			t.Fatalf("the BOM has no %q", old)
		}
		return out
	}
	main := string(hash("main arm64"))
	cases := []struct{ name, in, want string }{
		{"nothing", "", "empty"},
		{"white space", " \n", "empty"},
		{"text", "hello", "neither JSON nor XML"},
		{"cut off", good[:len(good)/2], "unexpected end"},
		{"other JSON", `{"a": 1}`, "bomFormat"},
		{"other XML", `<html></html>`, "expected element type <bom>"},
		{"unclosed XML", `<bom xmlns="http://cyclonedx.org/schema/bom/1.6"><metadata>`, "EOF"},
		{"no component", `{"bomFormat": "CycloneDX", "specVersion": "1.6"}`, "metadata.component"},
		{"other tool", `{"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"component": {"type": "file", "name": "x"}}}`, "no property kinbom:schema"},
		{"later schema", change(schemaBOM, "kinbom.bom/2"), `schema "kinbom.bom/2"`},
		{"id", change(`"value": "`+string(hash("Doc Cleaner 4.2")), `"value": "xyz`), "is not a digest"},
		{"image id", change(`"kinbom:image:digest",`, `"kinbom:image:digest2",`), "not a digest"},
		{"link to nobody", change(`{\"kind\":\"loads\",\"to\":\"image:`+string(hash("collect")), `{\"kind\":\"loads\",\"to\":\"image:`+string(hash("nobody"))), "target inside"},
		{"link to a bundle", change(`\"to\":\"image:`, `\"to\":\"bundle:`), "not an image"},
		{"number", change(`"value": "90000"`, `"value": "9e4"`), "is not a number"},
		{"record", change(`"value": "{\"kind\":\"unresolved\"`, `"value": "{\"kind\":7`), "kinbom:gap"},
		{"coverage", change(`"kinbom:coverage:files"`, `"kinbom:coverage:fils"`), "coverage"},
		{"twice", change(`"kinbom:image:arch"`, `"kinbom:image:format"`), "given 2 times"},
		{"bad string", change(`"value": "macho"`, `"value": "\"macho"`), "not a JSON string"},
		{"address", change(`0xffff000000004a10`, `ffff`), "is not hexadecimal"},
		{"a second product", change(`"value": "bundle"`, `"value": "product"`), "a second product"},
		{"no product", change(`"value": "product"`, `"value": "other"`), "names no product"},
		{"evidence", change(`\"offset\":1000,\"length\":25`, `\"offset\":1000,\"length\":2`), "out of bounds"},
		{"spec", change(`"specVersion": "1.6"`, `"specVersion": "9.9"`), "invalid specification version"},
		{"duplicate image", change(`"value": "`+main, `"value": "`+string(hash("collect"))), "listed twice"},
	}
	for _, c := range cases {
		p, err := Read(strings.NewReader(c.in))
		if err == nil || p != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q and no product", c.name, err, c.want)
		}
	}
}

func TestReadTakesUnknownThings(t *testing.T) {
	good := string(written(t, docCleaner(), Options{}))
	more := strings.Replace(good, `"properties": [`, `"properties": [{"name": "kinbom:later:fact", "value": "x"}, {"name": "other:tool", "value": "y"},`, 3)
	more = strings.Replace(more, `\"capability\":`, `\"later\":[1],\"capability\":`, 1)
	more = "\xef\xbb\xbf \n" + strings.Replace(more, `"components": [`, `"components": [{"type": "library", "name": "added by somebody"},`, 1)
	p := readBack(t, []byte(more))
	want := docCleaner()
	want.Gaps = append(want.Gaps, changedGap)
	want.Normalize()
	if d := cmp.Diff(want, p); d != "" {
		t.Errorf("things that we do not know changed the product, or were passed over in silence:\n%s", d)
	}
}

// changedGap is that of a BOM whose fields and properties agree, but whose
// serial number is of other content.
var changedGap = sbom.Gap{Kind: sbom.GapInconsistent, Offset: -1, Count: 1,
	Why: "the BOM was changed after it was written: its serial number is not that of its content"}

// changed reports whether some gap says that the BOM was changed.
func changed(l []sbom.Gap) bool {
	return slices.ContainsFunc(l, func(g sbom.Gap) bool {
		return g.Kind == sbom.GapInconsistent && strings.HasPrefix(g.Why, "the BOM was changed after it was written: ")
	})
}

// edited is a BOM as another tool would write it after a change.
func edited(t *testing.T, b []byte, f Format, change func(*cyclonedx.BOM)) []byte {
	t.Helper()
	bom, err := decode(bytes.NewReader(b), f)
	if err != nil {
		t.Fatal(err)
	}
	change(bom)
	var out bytes.Buffer
	if err := encode(&out, bom, f); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Each edit of something that no property and no other field contradicts.
func TestReadNotesAnyChange(t *testing.T) {
	property := func(old, by string) func(*cyclonedx.BOM) {
		return func(bom *cyclonedx.BOM) {
			for _, c := range components(t, bom) {
				for i, p := range *c.Properties {
					(*c.Properties)[i].Value = strings.Replace(p.Value, old, by, 1)
				}
			}
		}
	}
	cases := []struct {
		name   string
		change func(*cyclonedx.BOM)
	}{
		{"grade", property(`"grade":"likely"`, `"grade":"shown"`)},
		{"gap", property("leads nowhere", "leads somewhere")},
		{"count", property(`"functions":321`, `"functions":322`)},
		{"serial number", func(b *cyclonedx.BOM) { b.SerialNumber = "urn:uuid:00000000" + b.SerialNumber[17:] }},
		{"no serial number", func(b *cyclonedx.BOM) { b.SerialNumber = "" }},
		{"no dependencies", func(b *cyclonedx.BOM) { b.Dependencies = &[]cyclonedx.Dependency{} }},
		{"one dependency less", func(b *cyclonedx.BOM) { *b.Dependencies = (*b.Dependencies)[1:] }},
		{"version of CycloneDX", func(b *cyclonedx.BOM) {
			b.SpecVersion = cyclonedx.SpecVersion1_7
			b.XMLNS = strings.Replace(b.XMLNS, "1.6", "1.7", 1)
		}},
		{"version of the BOM", func(b *cyclonedx.BOM) { b.Version++ }},
		{"composition", func(b *cyclonedx.BOM) { (*b.Compositions)[0].Aggregate = cyclonedx.CompositionAggregateComplete }},
		{"supplier", func(b *cyclonedx.BOM) { b.Metadata.Supplier.Name = "Somebody Else" }},
		{"author", func(b *cyclonedx.BOM) { b.Metadata.Authors = &[]cyclonedx.OrganizationalContact{{Name: "Somebody"}} }},
		{"a component more", func(b *cyclonedx.BOM) {
			*b.Components = append(*b.Components, cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, Name: "added"})
		}},
	}
	for _, o := range []Options{forms[0], forms[2]} {
		good := written(t, docCleaner(), o)
		if d := cmp.Diff(docCleaner(), readBack(t, edited(t, good, o.Format, func(*cyclonedx.BOM) {}))); d != "" {
			t.Errorf("%s: a BOM that was only written again differs:\n%s", formName(o), d)
		}
		for _, c := range cases {
			if p := readBack(t, edited(t, good, o.Format, c.change)); !changed(p.Gaps) {
				t.Errorf("%s: %s: the change was passed over in silence", formName(o), c.name)
			}
		}
	}
}

// What the serial number leaves out must say what the properties say, when it
// is there.
func TestReadNotesChangesOutsideTheSerialNumber(t *testing.T) {
	main := imageRef(hash("main arm64"))
	at := func(b *cyclonedx.BOM) *cyclonedx.EvidenceOccurrence {
		return &(*components(t, b)[main].Evidence.Occurrences)[0]
	}
	cases := []struct {
		want   string
		change func(*cyclonedx.BOM)
	}{
		{"the offset of an occurrence of " + main, func(b *cyclonedx.BOM) { *at(b).Offset++ }},
		{"the context of an occurrence of " + main, func(b *cyclonedx.BOM) { at(b).AdditionalContext = "slice of 1 bytes" }},
		{"the symbol of an occurrence of " + main, func(b *cyclonedx.BOM) { at(b).Symbol = "main" }},
		{"the isExternal of missing:", func(b *cyclonedx.BOM) {
			components(t, b)["missing:@rpath/Gone.framework/Gone"].IsExternal = cyclonedx.Bool(true)
		}},
		{"the isExternal of system:", func(b *cyclonedx.BOM) {
			components(t, b)["system:/usr/lib/libSystem.B.dylib"].IsExternal = cyclonedx.Bool(false)
		}},
		{"", func(b *cyclonedx.BOM) { *b = *bare(b) }}, // as it comes back from XML
	}
	good := written(t, docCleaner(), forms[1])
	for _, c := range cases {
		p := readBack(t, edited(t, good, JSON, c.change))
		n := len(p.Gaps) - len(docCleaner().Gaps)
		if c.want == "" && n == 0 {
			continue
		}
		if n != 1 || !slices.ContainsFunc(p.Gaps, func(g sbom.Gap) bool { return g.Kind == sbom.GapInconsistent && strings.Contains(g.Why, c.want) }) {
			t.Errorf("%q: %d new gaps: %v", c.want, n, p.Gaps)
		}
	}
}

// A BOM of a later version has properties that we do not know, and a serial
// number that covers them: nobody has changed it.
func TestBOMOfALaterVersionIsNotCalledChanged(t *testing.T) {
	for _, o := range []Options{forms[0], forms[2]} {
		b := edited(t, written(t, docCleaner(), o), o.Format, func(bom *cyclonedx.BOM) {
			*bom.Metadata.Component.Properties = append(*bom.Metadata.Component.Properties, cyclonedx.Property{Name: "kinbom:later", Value: "x"})
			id, err := serial(bom)
			if err != nil {
				t.Fatal(err)
			}
			bom.SerialNumber = id
		})
		if d := cmp.Diff(docCleaner(), readBack(t, b)); d != "" {
			t.Errorf("%s: %s", formName(o), d)
		}
	}
}

// White space and the order of keys are not content.
func TestLayoutOfJSONIsNotContent(t *testing.T) {
	var any map[string]any
	if err := json.Unmarshal(written(t, docCleaner(), Options{}), &any); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(any)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(docCleaner(), readBack(t, b)); d != "" {
		t.Error(d)
	}
}

// A number that JSON cannot say must not end the reader.
func TestReadOfXMLThatJSONCannotSay(t *testing.T) {
	good := written(t, docCleaner(), forms[2])
	bad := bytes.Replace(good, []byte("<confidence>1</confidence>"), []byte("<confidence>NaN</confidence>"), 1)
	if bytes.Equal(good, bad) {
		t.Fatal("the BOM has no confidence of 1")
	}
	unnumbered := regexp.MustCompile(` serialNumber="[^"]*"`).ReplaceAll(bad, nil)
	for _, b := range [][]byte{bad, unnumbered} {
		if p := readBack(t, b); !slices.Contains(p.Gaps, changedGap) {
			t.Errorf("gaps are %v", p.Gaps)
		}
	}
}

// A field that was edited beside its property is not passed over in silence.
func TestReadNotesWhatWasChanged(t *testing.T) {
	good := string(written(t, docCleaner(), Options{}))
	for _, c := range [][3]string{
		{`"name": "Doc Cleaner",`, `"name": "Doc Keeper",`, "the first is the name of product:"},
		{`"version": "2.0.0"`, `"version": "9.0.0"`, "the first is the version of image:"},
		{`"content": "`, `"content": "00`, "the first is the hash of image:"},
		{`"purl": "pkg:npm/left`, `"purl": "pkg:npm/right`, "the first is the purl of package:"},
	} {
		p := readBack(t, []byte(strings.Replace(good, c[0], c[1], 1)))
		var last sbom.Gap
		for _, g := range p.Gaps {
			if g.Kind == sbom.GapInconsistent {
				last = g
			}
		}
		if !strings.Contains(last.Why, c[2]) {
			t.Errorf("%s: the gap says %q, want %q", c[1], last.Why, c[2])
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	b := written(t, docCleaner(), Options{})
	if _, err := ReadDocument(bytes.NewReader(b), Limits{Bytes: int64(len(b))}); err != nil {
		t.Errorf("a BOM as large as the limit: %v", err)
	}
	if _, err := ReadDocument(bytes.NewReader(b), Limits{Bytes: int64(len(b)) - 1}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a BOM larger than the limit: %v", err)
	}
	endless := io.MultiReader(strings.NewReader(`{"bomFormat": "`), zeroes{})
	if _, err := ReadDocument(endless, Limits{Bytes: 1 << 20}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an endless BOM: %v", err)
	}
	deep := `{"bomFormat":"CycloneDX","specVersion":"1.6","components":` + strings.Repeat(`[{"components":`, 200000)
	if _, err := Read(strings.NewReader(deep)); err == nil {
		t.Error("a BOM of 200,000 levels was read")
	}
	deepXML := `<bom xmlns="http://cyclonedx.org/schema/bom/1.6">` + strings.Repeat(`<components><component>`, 200000)
	if _, err := Read(strings.NewReader(deepXML)); err == nil {
		t.Error("an XML BOM of 200,000 levels was read")
	}
}

type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// FuzzRead: no input makes Read fail but by an error, and what it accepts can
// be written and read again.
func FuzzRead(f *testing.F) {
	for _, o := range forms {
		f.Add(written(f, minimal(), o))
		f.Add(written(f, docCleaner(), o))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Write(&out, p, Options{}); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := Read(&out); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// Damaged BOMs: bytes changed, cut out and doubled. Nothing may panic, and
// nothing may come back beside an error.
func TestDamagedBOMs(t *testing.T) {
	g := newGenerator(5)
	accepted := 0
	for _, o := range forms {
		good := written(t, docCleaner(), o)
		for range 150 {
			b := bytes.Clone(good)
			for range 1 + g.pick(3) {
				at, n := g.pick(len(b)-64), 1+g.pick(60)
				switch g.pick(4) {
				case 0:
					b[at] = byte(g.pick(256))
				case 1:
					b = append(b[:at], b[at+n:]...)
				case 2:
					b = append(b[:at+n], b[at:]...)
				case 3:
					copy(b[at:], `"[]{}<>0&;\`[g.pick(10):])
				}
			}
			p, err := Read(bytes.NewReader(b))
			if (p == nil) == (err == nil) {
				t.Fatalf("product %v beside error %v", p, err)
			}
			if err == nil {
				accepted++
				written(t, p, o)
			}
		}
	}
	if accepted == 0 {
		t.Error("every damaged BOM was refused: the damage is too coarse to test anything")
	}
}

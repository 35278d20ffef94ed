package cdx

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

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
	if !bytes.Equal(written(t, p, Options{}), []byte(good)) {
		t.Error("things that we do not know changed the product")
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

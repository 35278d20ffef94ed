package cdx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// forms are the four saved forms.
var forms = []Options{
	{Format: JSON, Version: Version16},
	{Format: JSON, Version: Version17},
	{Format: XML, Version: Version16},
	{Format: XML, Version: Version17},
}

func formName(o Options) string { return []string{"json", "xml"}[o.Format] + o.Version }

func written(t testing.TB, p *sbom.Product, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, p, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readBack(t testing.TB, b []byte) *sbom.Product {
	t.Helper()
	p, err := Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func roundTrip(t *testing.T, p *sbom.Product, o Options) {
	t.Helper()
	first := written(t, p, o)
	got := readBack(t, first)
	if d := cmp.Diff(p, got); d != "" {
		t.Fatalf("read back differs (-written +read):\n%s", d)
	}
	if second := written(t, got, o); !bytes.Equal(first, second) {
		t.Fatalf("written again differs:\n%s", cmp.Diff(string(first), string(second)))
	}
}

func TestRoundTrip(t *testing.T) {
	for _, o := range forms {
		t.Run(formName(o), func(t *testing.T) { roundTrip(t, docCleaner(), o) })
	}
}

func TestRoundTripOfRandomProducts(t *testing.T) {
	n := 150
	if testing.Short() {
		n = 20
	}
	for _, o := range forms {
		t.Run(formName(o), func(t *testing.T) {
			for seed := range n {
				p := newGenerator(uint64(seed)).product()
				t.Run(fmt.Sprint(seed), func(t *testing.T) { roundTrip(t, p, o) })
			}
		})
	}
}

// Every hostile text in every text field of a product, one after the other.
func TestHostileTexts(t *testing.T) {
	for i, s := range hostileTexts {
		for _, o := range forms {
			t.Run(fmt.Sprint(formName(o), "/", i), func(t *testing.T) {
				p := docCleaner()
				p.Name, p.Version, p.Paths = "x"+s, s, []string{s}
				for j := range p.Bundles[1:] {
					p.Bundles[j+1].Name, p.Bundles[j+1].ID, p.Bundles[j+1].Version = s, s, s
				}
				for j := range p.Images {
					p.Images[j].InstallName, p.Images[j].CurrentVersion = s, s
				}
				for j := range p.Links {
					p.Links[j].Name, p.Links[j].How = s, s
				}
				p.Normalize()
				roundTrip(t, p, o)
			})
		}
	}
}

func TestOrderOfListsDoesNotMatter(t *testing.T) {
	for _, o := range forms {
		for seed := range 60 {
			p, q := newGenerator(uint64(seed)).product(), newGenerator(uint64(seed)).product()
			newGenerator(99).shuffle(q)
			if !bytes.Equal(written(t, p, o), written(t, q, o)) {
				t.Fatalf("%s: seed %d: the order of lists changed the BOM", formName(o), seed)
			}
		}
	}
}

func TestBothFormatsSayTheSame(t *testing.T) {
	p := docCleaner()
	a := written(t, p, Options{Format: JSON, Version: Version17})
	b := written(t, p, Options{Format: XML, Version: Version17})
	if d := cmp.Diff(readBack(t, a), readBack(t, b)); d != "" {
		t.Fatal(d)
	}
	var doc struct{ SerialNumber string }
	if err := json.Unmarshal(a, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.SerialNumber, "urn:uuid:") || !bytes.Contains(b, []byte(doc.SerialNumber)) {
		t.Errorf("serial number %q of JSON is not that of XML", doc.SerialNumber)
	}
}

func TestSerialNumberIsAVersion5UUIDOfContent(t *testing.T) {
	serialOf := func(p *sbom.Product, o Options) string {
		var doc struct{ SerialNumber string }
		if err := json.Unmarshal(written(t, p, o), &doc); err != nil {
			t.Fatal(err)
		}
		return doc.SerialNumber
	}
	a := serialOf(docCleaner(), Options{})
	u := strings.TrimPrefix(a, "urn:uuid:")
	if len(u) != 36 || u[14] != '5' || !strings.ContainsRune("89ab", rune(u[19])) {
		t.Errorf("%q is not a version 5 UUID", a)
	}
	if a != serialOf(docCleaner(), Options{}) {
		t.Error("the same content has two serial numbers")
	}
	p := docCleaner()
	p.Images[0].Size++
	if a == serialOf(p, Options{}) {
		t.Error("other content has the same serial number")
	}
	if a == serialOf(docCleaner(), Options{Timestamp: time.Unix(1, 0)}) {
		t.Error("another time has the same serial number")
	}
}

func TestOptionsRoundTrip(t *testing.T) {
	in := Options{Version: Version17, Timestamp: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Author: "Example Auditor", Tool: "kinbom",
		ToolVersion: "0.1.0", Rules: hash("rules"), Inputs: []sbom.Input{{Path: "apps", Kind: "directory", Digest: hash("in"), Files: 3, Bytes: 99}}}
	for _, f := range []Format{JSON, XML} {
		in.Format = f
		d, err := ReadDocument(bytes.NewReader(written(t, docCleaner(), in)), DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in, d.Options); diff != "" {
			t.Errorf("format %d: %s", f, diff)
		}
	}
}

func TestMissingTimestampAndAuthorAreSaid(t *testing.T) {
	for _, o := range forms {
		b := string(written(t, docCleaner(), o))
		if !strings.Contains(b, noTimestamp) || !strings.Contains(b, noAuthor) {
			t.Errorf("%s does not say that timestamp and author are missing", formName(o))
		}
		o.Timestamp, o.Author = time.Unix(1600000000, 5), "Somebody"
		b = string(written(t, docCleaner(), o))
		if strings.Contains(b, noTimestamp) || strings.Contains(b, noAuthor) || !strings.Contains(b, "2020-09-13T12:26:40Z") {
			t.Errorf("%s: timestamp or author that were given are not there", formName(o))
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	cases := []struct {
		name, want string
		change     func(*sbom.Product, *Options)
	}{
		{"version", `version "1.5"`, func(p *sbom.Product, o *Options) { o.Version = "1.5" }},
		{"format", "format 7", func(p *sbom.Product, o *Options) { o.Format = 7 }},
		{"id", "is not a digest", func(p *sbom.Product, o *Options) { p.ID = "x" }},
		{"not UTF-8", "not UTF-8", func(p *sbom.Product, o *Options) { p.Images[0].Rpaths = []string{"a\xff"} }},
		{"not UTF-8 in options", "not UTF-8", func(p *sbom.Product, o *Options) { o.ToolVersion = "\xff" }},
		{"bundle twice", "listed twice", func(p *sbom.Product, o *Options) { p.Bundles = append(p.Bundles, p.Bundles[1]) }},
		{"place", "not a digest", func(p *sbom.Product, o *Options) { p.Images[0].Places[0].File = "abc" }},
		{"link", "unknown image", func(p *sbom.Product, o *Options) { p.Links[0].From = hash("nobody") }},
	}
	for _, c := range cases {
		p, o := docCleaner(), Options{}
		c.change(p, &o)
		err := Write(io.Discard, p, o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error is %v, want one with %q", c.name, err, c.want)
		}
	}
}

// White space that an XML reader may change is never written as it is.
func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain <&> \"text\"": "plain <&> \"text\"", "é\u2028x": "é\u2028x",
		" a": `" a"`, "a\n": `"a\n"`, "a\tb": `"a\tb"`, `"a"`: `"\"a\""`, "\x00\x7f\uffff": `"\u0000\u007f\uffff"`,
	} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
		if back, err := unquote(quote(in)); back != in || err != nil {
			t.Errorf("%q came back as %q (%v)", in, back, err)
		}
	}
}

func TestRepair(t *testing.T) {
	p := docCleaner()
	gaps := len(p.Gaps)
	if n := Repair(p); n != 0 || len(p.Gaps) != gaps {
		t.Errorf("a good product was repaired: %d texts", n)
	}
	p.Images[0].Classes = append(p.Images[0].Classes, "bad\xff\xfe")
	p.Links[0].Name = "\xc3"
	if n := Repair(p); n != 2 || len(p.Gaps) != gaps+1 {
		t.Errorf("repaired %d texts with %d new gaps, want 2 and 1", n, len(p.Gaps)-gaps)
	}
	roundTrip(t, p, Options{})
}

package cdx

import (
	"bytes"
	"strings"
	"testing"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// withCode is docCleaner with evidence of all sorts in one function.
func withCode() *sbom.Product {
	p := docCleaner()
	for i := range p.Tags {
		t := &p.Tags[i]
		if t.Address == nil {
			continue
		}
		e := t.Evidence[0]
		e.Offset, e.Length, e.Bytes, e.Signal = 1300, 4, []byte{0, '"', 'a', 0xff}, "sql"
		e.How, e.Meaning, e.Function = sbom.HowXOR+" 5a", []byte("SELECT url\n"), 0x4a20
		e.Use = sbom.UseReads
		t.Evidence = append(t.Evidence, e)
	}
	p.Normalize()
	return p
}

// Other tools find the bytes and the functions without our properties.
func TestEvidenceOfCapabilitiesIsForOtherToolsToo(t *testing.T) {
	c := components(t, bomOf(t, withCode(), Options{}))[imageRef(hash("collect"))]
	var got []cyclonedx.EvidenceOccurrence
	for _, o := range *c.Evidence.Occurrences {
		if strings.HasPrefix(o.AdditionalContext, "browser.history.read (shown)") {
			got = append(got, o)
		}
	}
	at := func(n int) *int { return &n }
	want := []cyclonedx.EvidenceOccurrence{
		{Location: "Contents/Frameworks/Collect.framework/Versions/A/Collect", Offset: at(1000),
			AdditionalContext: `browser.history.read (shown): store (string), 25 bytes in __TEXT,__cstring: "Library/Safari/History.db"`},
		{Location: "Contents/Frameworks/Collect.framework/Versions/A/Collect", Offset: at(1300), Symbol: "0x4a20",
			AdditionalContext: `browser.history.read (shown): sql (string), 4 bytes in __TEXT,__cstring: "\x00\"a\xff", xor 5a: "SELECT url\n", which the code reads`},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("occurrences (-want +got):\n%s", d)
	}
	frames := []cyclonedx.CallstackFrame{
		{Package: "com.example.collect", Module: "Collect", Function: "-[Collector read]", FullFilename: "Contents/Frameworks/Collect.framework/Versions/A/Collect"},
		{Package: "com.example.collect", Module: "Collect", Function: "0x4a20", FullFilename: "Contents/Frameworks/Collect.framework/Versions/A/Collect"},
	}
	if d := cmp.Diff(frames, *c.Evidence.Callstack.Frames); d != "" {
		t.Errorf("frames (-want +got):\n%s", d)
	}
}

// What is for other tools costs no fact and no validity, in both formats.
func TestEvidenceOfCapabilitiesRoundTrips(t *testing.T) {
	for _, o := range forms {
		b := written(t, withCode(), o)
		if d := cmp.Diff(withCode(), readBack(t, b)); d != "" {
			t.Errorf("%s:\n%s", formName(o), d)
		}
		if o.Format == JSON {
			if err := validJSON(jsonSchema(t, o.Version), b); o.Version != "" && err != nil {
				t.Errorf("%s: %v", formName(o), err)
			}
		}
		if !bytes.Contains(b, []byte(`"function": "-[Collector read]"`)) && !bytes.Contains(b, []byte("<function>-[Collector read]</function>")) {
			t.Errorf("%s: no call stack", formName(o))
		}
	}
}

// A frame that was changed by hand is no longer the BOM that was written.
func TestReadNotesAChangedFrame(t *testing.T) {
	good := written(t, withCode(), forms[0])
	p := readBack(t, edited(t, good, JSON, func(b *cyclonedx.BOM) {
		(*components(t, b)[imageRef(hash("collect"))].Evidence.Callstack.Frames)[0].Function = "main"
	}))
	if !changed(p.Gaps) {
		t.Errorf("gaps are %v", p.Gaps)
	}
}

package cdx

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// namespace is the UUID namespace of serial numbers (docs/sbom.md).
var namespace = [16]byte{0x6b, 0x1d, 0x9a, 0x3e, 0x0c, 0x52, 0x5f, 0x74, 0x9e, 0x2b, 0xd1, 0x47, 0x83, 0xa6, 0xf0, 0x15}

// serial is the version 5 UUID of the BOM without its serial number and in its
// bare form, so that the same content has the same serial number in JSON and
// in XML. A BOM that was read can hold what JSON cannot say: that is an error.
func serial(bom *cyclonedx.BOM) (string, error) {
	b := bare(bom)
	b.SerialNumber = ""
	b.BOMFormat, b.JSONSchema = cyclonedx.BOMFormat, schemaAddress(bom)
	h := sha1.New()
	h.Write(namespace[:])
	if err := json.NewEncoder(h).Encode(b); err != nil {
		return "", err
	}
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	x := hex.EncodeToString(u)
	return "urn:uuid:" + x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], nil
}

// schemaAddress is the address of the JSON schema. A BOM read from XML has
// none; it gets that of its version.
func schemaAddress(bom *cyclonedx.BOM) string {
	if bom.JSONSchema != "" {
		return bom.JSONSchema
	}
	return "http://cyclonedx.org/schema/bom-" + bom.SpecVersion.String() + ".schema.json"
}

// untouched reports whether the serial number of a BOM is that of its content.
// The content is that of the file, with the properties and fields that this
// version does not know, so that a BOM of another version of kinbom is not
// called changed. It is no signature: who changes a BOM can number it anew.
func untouched(bom *cyclonedx.BOM) (same bool) {
	defer func() {
		if recover() != nil { // in the encoder of the CycloneDX library, on what nobody but a hostile writer makes
			same = false
		}
	}()
	want, err := serial(bom)
	return err == nil && bom.SerialNumber == want
}

// bare is the BOM without what the library that we use writes to XML otherwise
// than the schema wants it: occurrences have their offset, symbol and context as
// attributes instead of elements, and isExternal stands in the wrong place. The
// facts are in properties, so nothing is lost. The given BOM stays as it is.
func bare(bom *cyclonedx.BOM) *cyclonedx.BOM {
	out := *bom
	if bom.Metadata != nil && bom.Metadata.Component != nil {
		m := *bom.Metadata
		c := bareComponent(*m.Component)
		m.Component = &c
		out.Metadata = &m
	}
	out.Components = bareComponents(bom.Components)
	return &out
}

func bareComponents(list *[]cyclonedx.Component) *[]cyclonedx.Component {
	if list == nil {
		return nil
	}
	out := make([]cyclonedx.Component, len(*list))
	for i, c := range *list {
		out[i] = bareComponent(c)
	}
	return &out
}

func bareComponent(c cyclonedx.Component) cyclonedx.Component {
	c.IsExternal = nil
	if c.Evidence != nil && c.Evidence.Occurrences != nil {
		e := *c.Evidence
		at := append([]cyclonedx.EvidenceOccurrence{}, *e.Occurrences...)
		for i := range at {
			at[i].Offset, at[i].Symbol, at[i].AdditionalContext = nil, "", ""
		}
		e.Occurrences = &at
		c.Evidence = &e
	}
	c.Components = bareComponents(c.Components)
	return c
}

// agreeBare looks at the fields that the serial number leaves out: where they
// are there, they must say what the properties say. tags are those of the image m.
func (r *parser) agreeBare(c *cyclonedx.Component, kind string, m *sbom.Image, tags []*sbom.Tag) {
	if c.IsExternal != nil {
		r.agree(c, "isExternal", fmt.Sprint(*c.IsExternal), fmt.Sprint(kind == kindSystem || kind == kindOutside))
	}
	if m == nil || len(m.Places) == 0 || c.Evidence == nil || c.Evidence.Occurrences == nil {
		return
	}
	want := imageOccurrences(m, tags)
	for i, has := range *c.Evidence.Occurrences {
		switch {
		case i >= len(want), has.Offset == nil && has.Symbol == "" && has.AdditionalContext == "": // the serial number says more
		case has.Offset != nil && (want[i].Offset == nil || *has.Offset != *want[i].Offset):
			r.agree(c, "offset of an occurrence", fmt.Sprint(*has.Offset), "")
		case has.Symbol != want[i].Symbol:
			r.agree(c, "symbol of an occurrence", has.Symbol, want[i].Symbol)
		case has.AdditionalContext != "":
			r.agree(c, "context of an occurrence", has.AdditionalContext, want[i].AdditionalContext)
		}
	}
}

package cdx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom"
)

// A text that XML cannot carry, or that an XML reader may normalize, is written
// as a JSON string literal, in JSON and XML alike; so is a text that starts
// with a quotation mark. Everything else is written as it is. So quote is
// reversible, and a BOM may be converted between the formats by other tools.

// quote is the form of a text as a property value or in a bom-ref.
func quote(s string) string {
	if s == "" || (s[0] != '"' && s == plain(s) && strings.TrimSpace(s) == s) {
		return s
	}
	return jsonText(s)
}

// unquote takes the form of quote back.
func unquote(s string) (string, error) {
	if s == "" || s[0] != '"' {
		return s, nil
	}
	var out string
	if err := json.Unmarshal([]byte(s), &out); err != nil {
		return "", fmt.Errorf("text %s is not a JSON string: %w", clip(s, 80), err)
	}
	return out, nil
}

// plain is a text for the fields of CycloneDX that only other tools and people
// read: what XML cannot carry is replaced by U+FFFD.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, s)
}

// clip shortens a text to n bytes at most, on a character boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// jsonText is the compact JSON of v with nothing in it that XML cannot carry.
// It panics when v cannot be JSON, which our own record types always can.
func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("cdx: " + err.Error()) // cannot happen: records are strings, numbers and lists
	}
	s := strings.TrimSuffix(b.String(), "\n")
	if !strings.ContainsAny(s, "\x7f\ufffe\uffff") {
		return s
	}
	return strings.NewReplacer("\x7f", `\u007f`, "\ufffe", `\ufffe`, "\uffff", `\uffff`).Replace(s)
}

// checkText refuses text that is not UTF-8: neither format can carry it.
func checkText(p *sbom.Product, o Options) error {
	var bad *string
	look := func(v reflect.Value) {
		if s := v.String(); bad == nil && !utf8.ValidString(s) {
			bad = &s
		}
	}
	eachText(reflect.ValueOf(p), look)
	eachText(reflect.ValueOf(&o.Inputs), look)
	for _, s := range []*string{&o.Author, &o.Tool, &o.ToolVersion} {
		look(reflect.ValueOf(s).Elem())
	}
	if bad != nil {
		return fmt.Errorf("text %q is not UTF-8", clip(*bad, 80))
	}
	return nil
}

// Repair replaces bytes that are not UTF-8 by U+FFFD in every text of the
// product, and adds a gap that says how many texts it changed. It returns that
// number. Who makes products from hostile bytes calls it before Write.
func Repair(p *sbom.Product) int {
	n := 0
	eachText(reflect.ValueOf(p), func(v reflect.Value) {
		if s := v.String(); !utf8.ValidString(s) {
			v.SetString(strings.ToValidUTF8(s, "\ufffd"))
			n++
		}
	})
	if n > 0 {
		p.Gaps = append(p.Gaps, sbom.Gap{Kind: sbom.GapInconsistent, Offset: -1, Count: 1,
			Why: fmt.Sprintf("%d names hold bytes that are not UTF-8; they were replaced by U+FFFD", n)})
		p.Normalize()
	}
	return n
}

// eachText calls f with every string below v. Byte slices are not text.
func eachText(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		f(v)
	case reflect.Pointer:
		if !v.IsNil() {
			eachText(v.Elem(), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			eachText(v.Field(i), f)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			eachText(v.Index(i), f)
		}
	}
}

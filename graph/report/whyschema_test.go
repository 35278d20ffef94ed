package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kinbom/kinbom/graph/finding"
)

// whySchema compiles the schema of explanations; strict forbids every field that
// it, or that of the report, does not name.
func whySchema(t *testing.T, strict bool) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertContent()
	for id, text := range map[string][]byte{"urn:kinbom:report:1": finding.SchemaJSON(), "urn:kinbom:why:1": finding.WhySchemaJSON()} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if strict {
			forbid(doc)
		}
		if err := c.AddResource(id, doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("urn:kinbom:why:1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func forbid(doc any) {
	switch v := doc.(type) {
	case map[string]any:
		if v["type"] == "object" {
			v["additionalProperties"] = false
		}
		for _, c := range v {
			forbid(c)
		}
	case []any:
		for _, c := range v {
			forbid(c)
		}
	}
}

// Explanations of all capabilities of all products of the golden report are
// valid, and name no field that the schema has not; what is broken is not valid.
func TestWhySchema(t *testing.T) {
	strict, loose := whySchema(t, true), whySchema(t, false)
	r, carrier := explainable(t)
	explained := func(q *finding.Product, capability string) map[string]any {
		var b bytes.Buffer
		if err := WhyJSON(&b, r, q.ID, capability, WhyOptions{Root: "apps"}); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		return doc.(map[string]any)
	}
	n := 0
	for i := range r.Products {
		q := &r.Products[i]
		for _, k := range append(q.Capabilities, finding.Capability{ID: "browser.cookies.read"}) {
			n++
			if err := strict.Validate(explained(q, k.ID)); err != nil {
				t.Errorf("%s, %s: %v", q.Name, k.ID, err)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d explanations", n)
	}
	sources := func(x map[string]any) map[string]any { return x["sources"].([]any)[0].(map[string]any) }
	for name, change := range map[string]func(x map[string]any){
		"another schema":       func(x map[string]any) { x["schema"] = "kinbom.report/1" },
		"no list of sources":   func(x map[string]any) { x["sources"] = nil },
		"no gaps":              func(x map[string]any) { delete(x, "gaps") },
		"no product":           func(x map[string]any) { x["product"] = map[string]any{} },
		"unseen in words":      func(x map[string]any) { x["unseen"] = "no" },
		"another grade":        func(x map[string]any) { sources(x)["grade"] = "certain" },
		"source without check": func(x map[string]any) { delete(sources(x), "checks") },
		"check of no evidence": func(x map[string]any) {
			sources(x)["checks"].([]any)[0].(map[string]any)["evidence"] = json.Number("-1")
		},
		"check without command": func(x map[string]any) { sources(x)["checks"].([]any)[0].(map[string]any)["command"] = "" },
		"no witnesses":          func(x map[string]any) { delete(sources(x), "witnesses") },
	} {
		x := explained(carrier, "browser-collection")
		change(x)
		if loose.Validate(x) == nil {
			t.Errorf("valid with %s", name)
		}
	}
	x := explained(carrier, "browser-collection")
	x["new"], sources(x)["new"] = "field", "field"
	if err := loose.Validate(x); err != nil {
		t.Errorf("a new field: %v", err)
	}
	if strict.Validate(x) == nil {
		t.Error("the strict schema takes a new field")
	}
}

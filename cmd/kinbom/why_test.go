package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kinbom/kinbom/fixtures"
	"github.com/kinbom/kinbom/graph/finding"
)

// whySchema is the schema of explanations, in which every field has to be named.
func whySchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	for id, text := range map[string][]byte{"urn:kinbom:report:1": finding.SchemaJSON(), "urn:kinbom:why:1": finding.WhySchemaJSON()} {
		text = bytes.ReplaceAll(text, []byte(`"type": "object",`), []byte(`"type": "object", "additionalProperties": false,`))
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
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

// unpacked makes apps and boms of one release of the fixture family, with its
// family file, in an empty folder that becomes the working folder.
func unpacked(t *testing.T, release int) *env {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir("apps", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fixtures.Unpack("apps", release); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("family.yaml", fixtures.FamilyFile(), 0o644); err != nil {
		t.Fatal(err)
	}
	e := systemEnv()
	e.stdout, e.terminal = &strings.Builder{}, false
	if status := run(t.Context(), []string{"scan", "apps", "-o", "boms"}, e); status != statusClean {
		t.Fatalf("exit status %d", status)
	}
	return e
}

// Every explanation of the fixture family is valid by the schema: each product
// with all that it carries, and with something that it does not.
func TestWhyIsValidByItsSchema(t *testing.T) {
	schema := whySchema(t)
	carried, explained := map[string]bool{}, 0
	for release := 1; release <= fixtures.Releases; release++ {
		e := unpacked(t, release)
		var out bytes.Buffer
		e.stdout = &out
		run(t.Context(), []string{"audit", "boms", "--family", "family.yaml", "--format", "json"}, e)
		var r finding.Report
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		for i := range r.Products {
			q := &r.Products[i]
			for _, k := range append(q.Capabilities, finding.Capability{ID: "browser.autofill.read"}) {
				carried[k.ID] = true
				out.Reset()
				args := []string{"why", string(q.ID), k.ID, "boms", "--family", "family.yaml", "--apps", "apps", "--format", "json"}
				if status := run(t.Context(), args, e); status != statusClean {
					t.Errorf("%v: exit status %d", args, status)
					continue
				}
				doc, err := jsonschema.UnmarshalJSON(&out)
				if err == nil {
					err = schema.Validate(doc)
				}
				if err != nil {
					t.Errorf("release %d, %s, %s: %v", release, q.Name, k.ID, err)
				}
				explained++
			}
		}
	}
	if explained < 50 || len(carried) < 8 {
		t.Errorf("only %d explanations of %d capabilities", explained, len(carried))
	}
}

// What the README shows of an explanation is what is printed, and its commands
// lead to the bytes that it shows.
func TestReadmeWhy(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```\n\\$ kinbom why ('[^']*') ([^\n]*)\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(shown) != 1 {
		t.Fatalf("the README shows %d explanations", len(shown))
	}
	e := unpacked(t, 1)
	var out strings.Builder
	e.stdout = &out
	m := shown[0]
	args := append([]string{"why", strings.Trim(m[1], "'")}, strings.Fields(m[2])...)
	if status := run(t.Context(), args, e); status != statusClean {
		t.Fatalf("%v: exit status %d", args, status)
	}
	for _, part := range strings.Split("\n"+m[3], "\n...\n") {
		if part = strings.Trim(part, "\n"); !strings.Contains(out.String(), part) {
			t.Errorf("kinbom %v does not print:\n%s\nbut:\n%s", args, part, out.String())
		}
	}
	if n := strings.Count(m[3], "    $ dd if="); n == 0 {
		t.Error(fmt.Errorf("the README shows no bytes"))
	}
}

package cdx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kinbom/kinbom/sbom"
)

// jsonSchema compiles an official schema from testdata alone; formats
// (date-time, ...) are checked too.
func jsonSchema(t *testing.T, version string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, name := range []string{"bom-" + version, "spdx", "jsf-0.82", "cryptography-defs"} {
		f, err := os.Open(filepath.Join("testdata", "schema", name+".schema.json"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("http://cyclonedx.org/schema/"+name+".schema.json", doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("http://cyclonedx.org/schema/bom-" + version + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validJSON(s *jsonschema.Schema, b []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

// samples are products of all sorts for the schemas.
func samples(t *testing.T) []*sbom.Product {
	list := []*sbom.Product{docCleaner(), minimal()}
	n := 40
	if testing.Short() {
		n = 8
	}
	for seed := range n {
		list = append(list, newGenerator(uint64(1000+seed)).product())
	}
	return list
}

// minimal is the least that is a product.
func minimal() *sbom.Product {
	return &sbom.Product{ID: hash("minimal"), Kind: sbom.KindExecutable, Name: "tool", Paths: []string{"tool"}}
}

func TestJSONIsValidByTheOfficialSchema(t *testing.T) {
	for _, v := range []string{Version16, Version17} {
		s := jsonSchema(t, v)
		for i, p := range samples(t) {
			if err := validJSON(s, written(t, p, Options{Version: v, ToolVersion: "1"})); err != nil {
				t.Errorf("%s, sample %d: %v", v, i, err)
			}
		}
	}
}

func TestOfficialSchemaRefusesWhatIsWrong(t *testing.T) {
	good := string(written(t, docCleaner(), Options{}))
	for _, c := range [][2]string{
		{`"aggregate": "incomplete"`, `"aggregate": "rather incomplete"`},
		{`"type": "framework"`, `"type": "bundle"`},
		{`"alg": "SHA-256"`, `"alg": "SHA-257"`},
		{`"serialNumber": "urn:uuid:`, `"serialNumber": "uuid:`},
		{`"id": "MIT"`, `"id": "MIT-9"`},
	} {
		bad := strings.Replace(good, c[0], c[1], 1)
		if bad == good {
			t.Errorf("the BOM has no %s", c[0])
		}
		if validJSON(jsonSchema(t, Version16), []byte(bad)) == nil {
			t.Errorf("the schema takes %s: the validation test cannot fail", c[1])
		}
	}
}

func TestXMLIsValidByTheOfficialSchema(t *testing.T) {
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint (libxml2-utils) is not installed")
	}
	catalog, err := filepath.Abs("testdata/schema/catalog.xml")
	if err != nil {
		t.Fatal(err)
	}
	lint := func(v string, files ...string) error {
		args := append([]string{"--nonet", "--noout", "--huge", "--schema", "testdata/schema/bom-" + v + ".xsd"}, files...)
		cmd := exec.Command(xmllint, args...)
		cmd.Env = append(os.Environ(), "XML_CATALOG_FILES="+catalog)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, clip(string(out), 3000))
		}
		return nil
	}
	for _, v := range []string{Version16, Version17} {
		var files []string
		for i, p := range samples(t) {
			f := filepath.Join(t.TempDir(), fmt.Sprint(i, ".xml"))
			if err := os.WriteFile(f, written(t, p, Options{Format: XML, Version: v, ToolVersion: "1"}), 0o666); err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		if err := lint(v, files...); err != nil {
			t.Errorf("%s: %v", v, err)
		}
		b, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Replace(b, []byte("<aggregate>incomplete<"), []byte("<aggregate>rather<"), 1)
		f := filepath.Join(t.TempDir(), "bad.xml")
		if err := os.WriteFile(f, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if lint(v, f) == nil {
			t.Errorf("%s: the schema takes a wrong aggregate: the validation test cannot fail", v)
		}
	}
}

func TestLicenceIDsAreOfSPDX(t *testing.T) {
	b, err := os.ReadFile("testdata/schema/spdx.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Enum []string }
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile("license.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for i, s := range strings.Split(string(src), `"`) {
		if i%2 == 1 && isLicenseID(s) {
			n++
			if !slices.Contains(list.Enum, s) {
				t.Errorf("%s is not an SPDX id", s)
			}
		}
	}
	if n < 50 || isLicenseID("Custom") || isLicenseID("") {
		t.Errorf("%d ids looked up, want at least 50", n)
	}
}

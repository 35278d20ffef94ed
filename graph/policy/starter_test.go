package policy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func TestStarter(t *testing.T) {
	products := []*sbom.Product{
		{ID: "2", Name: "Doc Game", Version: "2.0", BundleID: "com.example.game", Paths: []string{"b/Doc Game.app"},
			Bundles: []sbom.Bundle{{Category: "public.app-category.word-games"}}, Team: "ABCDE12345"},
		{ID: "1", Name: "Doc Cleaner", Version: "1.0", BundleID: "com.example.cleaner", Paths: []string{"a/Doc Cleaner.app"},
			Bundles: []sbom.Bundle{{Category: "public.app-category.utilities"}}},
		{ID: "3", Name: "Doc Cleaner", Version: "1.1", BundleID: "com.example.Cleaner", Paths: []string{"c/Doc Cleaner.app"}},
		{ID: "4", Name: "tool", Paths: []string{"bin/tool"}},
	}
	out := Starter(products)
	want := `products:
  # Doc Cleaner 1.0
  # Doc Cleaner 1.1
  - bundle: "com.example.cleaner"
    # purpose: other   # confirm; store category utilities
  # Doc Game 2.0
  - bundle: "com.example.game"
    # purpose: game   # confirm; store category word-games
  # tool
  - path: "bin/tool"
    # purpose: other   # confirm
`
	if !strings.Contains(string(out), want) {
		t.Errorf("got\n%s", out)
	}
	f, err := Parse(out, "starter")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range products {
		if s := f.Select(p); s.Entry < 0 || s.Purpose != "" {
			t.Errorf("%s: %+v: a purpose must not be guessed into force", p.Name, s)
		}
	}
	products[0], products[3] = products[3], products[0]
	if !bytes.Equal(out, Starter(products)) {
		t.Error("the order of the products counts")
	}
}

// TestStarterUncommented takes the # off every purpose line.
func TestStarterUncommented(t *testing.T) {
	out := Starter([]*sbom.Product{{ID: "1", Name: "N", BundleID: "a.b", Paths: []string{"p"}}})
	f, err := Parse([]byte(strings.ReplaceAll(string(out), "    # purpose:", "    purpose:")), "s")
	if err != nil || len(f.Products) != 1 || f.Products[0].Purpose != "other" {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestStarterListsEveryPurpose(t *testing.T) {
	table, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.FieldsFunc(starterHead, func(c rune) bool { return c != '-' && (c < 'a' || c > 'z') })
	for _, p := range table.Tokens() {
		if !contains(words, p) {
			t.Errorf("%s is not named", p)
		}
	}
}

// TestStarterHostile: names that try to leave their comment or their quotes.
func TestStarterHostile(t *testing.T) {
	var list []*sbom.Product
	for _, s := range []string{"a\nproducts: []", "\"}\\\nvendor: x", "*", "a*b", "\x1b[31m", "\xff\xfe", "x: y # z", "\u202egpj", "&a", " lead", "💥", "\u2028"} {
		list = append(list, &sbom.Product{ID: sbom.DigestOf([]byte(s)), Name: s, BundleID: s, Team: s, Paths: []string{"d/" + s + ".app"},
			Bundles: []sbom.Bundle{{Category: s}}})
	}
	list = append(list, &sbom.Product{ID: "z", Paths: []string{"p"}}, &sbom.Product{ID: "no path"})
	out := Starter(list)
	for _, c := range string(out) {
		if c != '\n' && (c < ' ' || c == 0x7f || c == 0x202e || c == 0x2028) {
			t.Errorf("character %U in the output", c)
		}
	}
	f, err := Parse(out, "starter")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, p := range list[:len(list)-1] {
		if s := f.Select(p); s.Entry < 0 {
			t.Errorf("%q is not found by its own entry\n%s", p.BundleID, out)
		}
	}
	if d := cmp.Diff("unnamed vendor", f.Vendor); d != "" {
		t.Error(d)
	}
}

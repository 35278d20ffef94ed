package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/fixtures"
)

// The README says what is true: its links lead somewhere, its verbs exist, it
// holds no placeholder, and the report that it shows is the report.
func TestReadme(t *testing.T) {
	root := filepath.Join("..", "..")
	b, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil && !strings.Contains(m[1], "://") {
			t.Errorf("link to %s: %v", m[1], err)
		}
	}
	if m := regexp.MustCompile(`@[A-Z]+@|TODO|TBD`).FindString(text); m != "" {
		t.Errorf("placeholder %s", m)
	}
	e := systemEnv()
	verbs := map[string]bool{}
	for _, c := range newRootCommand(e).Commands() {
		verbs[c.Name()] = true
	}
	for _, m := range regexp.MustCompile(`(?m)^    kinbom +([a-z]+)`).FindAllStringSubmatch(text, -1) {
		if !verbs[m[1]] {
			t.Errorf("there is no verb %q", m[1])
		}
	}
	_, after, _ := strings.Cut(text, "$ kinbom audit apps/ --family family.yaml\n")
	shown, _, ok := strings.Cut(after, "\n...")
	if !ok || len(shown) < 500 {
		t.Fatal("the README shows no report")
	}
	dir := filepath.Join(t.TempDir(), "apps")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fixtures.Unpack(dir, 1); err != nil {
		t.Fatal(err)
	}
	family := filepath.Join(filepath.Dir(dir), "family.yaml")
	if err := os.WriteFile(family, fixtures.FamilyFile(), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	e.stdout, e.terminal = &out, false
	if status := run(t.Context(), []string{"audit", dir, "--family", family}, e); status != statusUnexpected {
		t.Fatalf("exit status %d", status)
	}
	if !strings.HasPrefix(out.String(), shown) {
		t.Errorf("the report begins otherwise than the README shows:\n%s", out.String()[:min(len(shown), out.Len())])
	}
}

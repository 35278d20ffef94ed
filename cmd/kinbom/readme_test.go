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

// What the README shows of the queries is what they print.
func TestReadmeQueries(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	e := systemEnv()
	for n, apps := range map[int]string{1: "apps-1", 2: "apps-2"} {
		if err := os.Mkdir(apps, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := fixtures.Unpack(apps, n); err != nil {
			t.Fatal(err)
		}
		e.stdout, e.terminal = &strings.Builder{}, false
		if status := run(t.Context(), []string{"scan", apps, "-o", strings.Replace(apps, "apps", "boms", 1)}, e); status != statusClean {
			t.Fatalf("exit status %d", status)
		}
	}
	if err := os.Symlink("boms-1", "boms"); err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```\n\\$ kinbom (libs|who|compare) ([^\n]*)\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(shown) != 3 {
		t.Fatalf("the README shows %d queries", len(shown))
	}
	for _, m := range shown {
		var out strings.Builder
		e.stdout = &out
		if status := run(t.Context(), append([]string{m[1]}, strings.Fields(m[2])...), e); status != statusClean {
			t.Errorf("%s: exit status %d", m[1], status)
		}
		for _, part := range strings.Split("\n"+m[3], "\n...\n") {
			if part = strings.Trim(part, "\n"); !strings.Contains(out.String(), part) {
				t.Errorf("kinbom %s %s does not print:\n%s\nbut:\n%s", m[1], m[2], part, out.String())
			}
		}
	}
}

package attribute

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho"
)

const goReaders = `package main

//go:noinline
func safariPath() string { return "Library/Safari/History.db" }

//go:noinline
func chromePath() string { return "Library/Application Support/Google/Chrome/Default/History" }

//go:noinline
func readSafari() {
	println(safariPath(), "SELECT url, visit_time FROM history_items JOIN history_visits ON history_items.id = history_visits.history_item")
}

//go:noinline
func readChrome() { println(chromePath(), "SELECT url FROM urls JOIN visits ON visits.url = urls.id") }

//go:noinline
func other() { println("Library/Caches", "SELECT name FROM notes") }

func main() {
	readSafari()
	readChrome()
	other()
}
`

// TestLocateGo wants the literals of stripped Go programs, which lie end to end,
// in the functions that refer to them, and the tags in those that read.
func TestLocateGo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.go"), []byte(goReaders))
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"arm64", "amd64"} {
		t.Run(arch, func(t *testing.T) {
			out := filepath.Join(dir, arch)
			c := exec.Command(tool, "build", "-trimpath", "-ldflags=-s -w", "-o", out, filepath.Join(dir, "main.go"))
			c.Env = append(os.Environ(), "GOOS=darwin", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
			if text, err := c.CombinedOutput(); err != nil {
				t.Skipf("this toolchain builds nothing for darwin: %v\n%s", err, text)
			}
			s := readSlice(t, out)
			set, refs := fingerprint.Pass(s.Code())
			referred := map[string][]string{}
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range refs {
				if name := set.Functions[r.Function].Name; strings.HasPrefix(name, "main.") && r.Kind == fingerprint.TargetConst {
					text := strings.TrimSpace(string(b[r.Offset:min(int(r.Offset)+200, len(b))])) // println puts a blank before
					for _, want := range append(slices.Clone(wantedOfGo), "Library/Caches") {
						if strings.HasPrefix(text, want) {
							referred[name] = append(referred[name], want)
						}
					}
				}
			}
			want := map[string][]string{"main.safariPath": {wantedOfGo[0]}, "main.readSafari": {wantedOfGo[1]}, "main.chromePath": {wantedOfGo[2]},
				"main.readChrome": {wantedOfGo[3]}, "main.other": {"Library/Caches"}}
			if d := cmp.Diff(want, referred); d != "" {
				t.Errorf("references (-want +got):\n%s", d)
			}
			if d := cmp.Diff(map[string][]string{"main.readSafari": {"safari"}, "main.readChrome": {"chromium"}}, readersOf(rules, s, set, refs)); d != "" {
				t.Errorf("readers (-want +got):\n%s", d)
			}
		})
	}
}

var wantedOfGo = []string{"Library/Safari/History.db", "SELECT url, visit_time FROM history_items", "Library/Application Support/Google/Chrome/Default/History", "SELECT url FROM urls JOIN visits"}

func readSlice(t *testing.T, path string) *macho.Slice {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := macho.ReadBytes(b, macho.Options{})
	if err != nil || len(f.Slices) != 1 {
		t.Fatal(err)
	}
	return &f.Slices[0]
}

// readersOf lists the functions with a tag of history, and the stores that they
// read; "" stands for the image.
func readersOf(rules *capability.Set, s *macho.Slice, set *fingerprint.Set, refs []fingerprint.Reference) map[string][]string {
	s.Unit.Image = s.Image.Digest
	// The program only prints: something in it has to be able to ask a database.
	s.Unit.Facts = append(s.Unit.Facts, sbom.Fact{Kind: sbom.FactImport, Value: []byte("posix_spawn"), Offset: -1})
	tags := rules.Match(&s.Unit, s.Image.Digest, 0)
	out := map[string][]string{}
	for _, tag := range locate(rules, &s.Unit, placesOf(rules, &s.Unit).places, len(s.Unit.Facts), nil, tags, set, refs, nil, s.Image.Digest, 0, s.Image.Size) {
		if tag.Capability != "browser.history.read" || tag.Grade == sbom.GradeMentions {
			continue
		}
		name := ""
		for i := range set.Functions {
			if tag.Address != nil && set.Functions[i].Address == *tag.Address {
				name = set.Functions[i].Name
			}
		}
		out[name] = tag.Stores
	}
	return out
}

// TestLiteral wants a match in a run of constants for the literal that begins
// where code refers to, and for none that something else lies before.
func TestLiteral(t *testing.T) {
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const path = "Library/Safari/History.db"
	for text, want := range map[string]bool{
		path + "goroutine": true, "/Users/me/" + path: true, "\n\t" + path: true, "goroutine:" + path: false, "key=/" + path: false,
		strings.Repeat("long/", 20) + path: false, "goroutine": false,
	} {
		u := &sbom.Unit{Facts: []sbom.Fact{{Kind: sbom.FactConst, Value: []byte("before" + text), Offset: 100, Length: int64(6 + len(text))}}}
		for name, refs := range map[string][]fingerprint.Reference{
			"alone":   {{Kind: fingerprint.TargetConst, Offset: 106}},
			"divided": {{Kind: fingerprint.TargetConst, Offset: 106}, {Kind: fingerprint.TargetConst, Offset: 106 + int64(strings.Index(text+path, path)) + 3}},
		} {
			l := newLocator(rules, u, placesOf(rules, u).places, 1<<10, refs)
			if got := len(l.at(&refs[0])) > 0; got != (want && name == "alone") {
				t.Errorf("%q, %s: %v", text, name, got)
			}
		}
	}
}

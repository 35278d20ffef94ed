package attribute

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// cBytes is an initialiser of a C array.
func cBytes(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		fmt.Fprintf(&s, "0x%02x,", c)
	}
	return "{" + s.String() + "0}"
}

func xored(text string, key byte) []byte {
	b := []byte(text)
	for i := range b {
		b[i] ^= key
	}
	return b
}

// cReaders are functions that name Safari's history in ways in which no literal
// of the file says it. %[1]s and %[2]s are arrays under a key, %[3]s is base64.
const cReaders = `
extern int sqlite3_open_v2(const char *, void **, int, const char *), sqlite3_prepare_v2(void *, const char *, int, void **, const char **);
extern int snprintf(char *, unsigned long, const char *, ...);
extern const char *home(void); extern void decode(char *, const void *, int); extern void use(const void *);
static const unsigned char path[] = %[1]s, query[] = %[2]s;
static const char encoded[] = "%[3]s";
static struct { const char *name, *folder, *file; } table[] = {
	{"Safari", "Library/Safari", "History.db"}, {"Chrome", "Library/Application Support/Google/Chrome", "History"}, {"Firefox", "Library/Application Support/Firefox", "places.sqlite"} };
__attribute__((noinline)) void under_key(void *db) { char p[64], q[256]; decode(p, path, sizeof path); decode(q, query, sizeof query); sqlite3_open_v2(p, &db, 1, 0); sqlite3_prepare_v2(db, q, -1, 0, 0); }
__attribute__((noinline)) void in_base64(void *db) { char p[64]; decode(p, encoded, sizeof encoded); sqlite3_open_v2(p, &db, 1, 0); }
__attribute__((noinline)) void in_parts(void *db) { char p[256]; snprintf(p, 256, "%%s/%%s/%%s", home(), "Library/Safari", "History.db"); sqlite3_open_v2(p, &db, 1, 0); }
__attribute__((noinline)) void in_table(void *db, int i) { use(table[i].name); use(table[i].folder); use(table[i].file); }
__attribute__((noinline)) double number(double t) { return t + 978307200.0; }
__attribute__((noinline)) long whole(long t) { return t + 978307200; }
struct swift { unsigned long first, last; };
extern void give(unsigned long, unsigned long);
__attribute__((noinline)) void in_swift(void) { give(0x2e79726f74736948, 0xea00000000006264); }
int main(int n, char **v) { void *db; in_swift(); under_key(db); in_base64(db); in_parts(db); in_table(db, n); use((void *)(long)number(n)); return whole(n); }
`

// TestDerive wants facts that stand in no one place as they are, in the
// functions that have them.
func TestDerive(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		t.Skip("no clang-19")
	}
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const path, query = "/Library/Safari/History.db", "SELECT url FROM history_items i JOIN history_visits v ON v.history_item = i.id"
	dir := t.TempDir()
	source := filepath.Join(dir, "a.c")
	write(t, source, fmt.Appendf(nil, cReaders, cBytes(xored(path, 0x5a)), cBytes(xored(query, 0xc3)), base64.StdEncoding.EncodeToString([]byte(path))))
	for _, arch := range []string{"arm64", "x86_64"} {
		for _, level := range []string{"-O0", "-O2"} {
			t.Run(arch+level, func(t *testing.T) {
				object := filepath.Join(dir, arch+level+".o")
				if out, err := exec.Command("clang-19", "-target", arch+"-apple-macos11", level, "-w", "-c", source, "-o", object).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				got := derivedTexts(t, rules, object)
				want := map[string][]string{
					"under_key": {"xor 5a " + path, "xor c3 " + query},
					"in_base64": {"base64 " + path},
					"in_parts":  {"joined ~/Library/Safari/History.db"},
					"in_swift":  {"immediates History.db"},
					"in_table":  {"places.sqlite", "Library/Safari", "Chrome"},
				}
				for name, texts := range want {
					for _, text := range texts {
						if !slices.Contains(got[name], text) {
							t.Errorf("%s: no %q among %q", name, text, got[name])
						}
					}
				}
				for name, texts := range got {
					for _, text := range texts {
						if strings.Contains(text, "xor") && name != "under_key" || strings.Contains(text, "base64") && name != "in_base64" {
							t.Errorf("%s: %q belongs to another function", name, text)
						}
					}
				}
			})
		}
	}
}

// derivedTexts lists what each function of a file refers to, as the rules see
// it, and checks that the bytes of each are in the file.
func derivedTexts(t *testing.T, rules *capability.Set, file string) map[string][]string {
	t.Helper()
	s := readSlice(t, file)
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	u := s.Unit
	u.Facts = append(slices.Clip(u.Facts), hiddenFacts(rules, s)...)
	code := s.Code()
	set, refs := fingerprint.Pass(code)
	known := placesOf(rules, &u)
	known.opens = true // the programs of Go here only join
	d := derive(rules, s, code, set, refs, known)
	own, refs := d.out, d.refs
	l := newLocator(rules, &u, known.places, s.Image.Size, refs)
	out := map[string][]string{}
	add := func(function int, f *sbom.Fact) {
		name := set.Functions[function].Name
		text := string(f.Value)
		if f.How != "" {
			text = f.How + " " + text
			if f.Offset < 0 || f.Offset+f.Length > int64(len(raw)) || f.Length == 0 {
				t.Errorf("%s: %q has no place", name, text)
			}
		}
		out[name] = append(out[name], text)
	}
	for i := range refs {
		if refs[i].Offset < 0 {
			continue
		}
		for _, f := range l.at(&refs[i]) {
			if f < len(u.Facts) {
				add(int(refs[i].Function), &u.Facts[f])
			} else {
				add(int(refs[i].Function), &l.cuts[f-len(u.Facts)])
			}
		}
	}
	for i := range own {
		add(own[i].function, &own[i].fact)
	}
	return out
}

const goParts = `package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:noinline
func joined(home string) string {
	return filepath.Join(home, "Library", "Application Support", "Google", "Chrome", "Default", "History")
}

//go:noinline
func formatted(user string) string { return fmt.Sprintf("/Users/%s/Library/Safari/%s", user, "History.db") }

var files = []struct{ name, file string }{{"Firefox", "places.sqlite"}, {"Safari", "History.db"}}

//go:noinline
func table(i int) string { return files[i].file + files[i].name }

func main() {
	home, _ := os.UserHomeDir()
	fmt.Println(joined(home), formatted(home), table(len(os.Args)))
}
`

// TestDeriveGo wants the parts of paths in Go, where literals have no end, put
// together.
func TestDeriveGo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.go"), []byte(goParts))
	for _, arch := range []string{"arm64", "amd64"} {
		t.Run(arch, func(t *testing.T) {
			out := filepath.Join(dir, arch)
			c := exec.Command(tool, "build", "-trimpath", "-ldflags=-s -w", "-o", out, filepath.Join(dir, "main.go"))
			c.Env = append(os.Environ(), "GOOS=darwin", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
			if text, err := c.CombinedOutput(); err != nil {
				t.Skipf("this toolchain builds nothing for darwin: %v\n%s", err, text)
			}
			got := derivedTexts(t, rules, out)
			for name, text := range map[string]string{"main.joined": "Library/Application Support/Google/Chrome/Default/History", "main.formatted": "Library/Safari/History.db"} {
				if !slices.ContainsFunc(got[name], func(s string) bool { return strings.HasPrefix(s, "joined ") && strings.Contains(s, text) }) {
					t.Errorf("%s: no %q among %q", name, text, got[name])
				}
			}
			for _, text := range []string{"places.sqlite", "History.db"} {
				if !slices.Contains(got["main.table"], text) {
					t.Errorf("main.table: no %q among %q", text, got["main.table"])
				}
			}
		})
	}
}

// The instructions that move a number are found, those of others are not.
func TestMovedARM(t *testing.T) {
	code := []byte{
		0x1f, 0x20, 0x03, 0xd5, // nop
		0x00, 0x40, 0x89, 0xd2, // mov x0, #0x4a00
		0x08, 0x00, 0xa8, 0xd2, // mov x8, #0x40000000
		0x88, 0xfc, 0xc4, 0xf2, // movk x8, #0x27e4, lsl #32
		0xa8, 0x39, 0xe8, 0xf2, // movk x8, #0x41cd, lsl #48
		0xc0, 0x03, 0x5f, 0xd6, // ret
	}
	if from, to := movedARM(code, 0x41cd27e440000000); from != 8 || to != 20 {
		t.Errorf("at %d to %d, want 8 to 20", from, to)
	}
	if from, to := movedARM(code, 0x1234567800000000); from != to {
		t.Errorf("a number that is not there: at %d to %d", from, to)
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

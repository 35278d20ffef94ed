package attribute

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// partsSource holds literals end to end, as Rust lays them, with their lengths: handed
// part by part to a function, kept in a list, and behind one another without a length
// in sight. words is a run of another kind: the whole of it is used.
const partsSource = `
extern void folder(long), use(const void *);
static const char run[] = "LibraryApplication SupportBraveSoftwareBrave-BrowserDefaultSessionsFirefoxcookies.sqliteno more";
struct text { const char *p; long n; };
__attribute__((noinline)) static void push(void *to, const char *p, long n) { use(to); use(p); folder(n); }
__attribute__((noinline)) void in_parts(void *to) { push(to, run, 7); push(to, run + 7, 19); push(to, run + 26, 13); push(to, run + 39, 13); push(to, run + 52, 7); push(to, run + 59, 8); }
__attribute__((noinline)) void two_parts(void *to) { push(to, run + 26, 13); push(to, run + 39, 13); }
__attribute__((noinline)) void no_length(const char **to) { to[0] = run + 67; to[4] = run + 74; use(to); }
__attribute__((noinline)) void in_list(struct text *to) { to[0].p = run + 67; to[0].n = 7; use(to); to[1].p = run + 74; to[1].n = 14; use(to); }
int main(int n, char **v) { in_parts(v); two_parts(v); no_length((const char **)v); in_list((struct text *)v); return n; }
`

func compiled(t *testing.T, source, name, arch, level string) string {
	t.Helper()
	if _, err := exec.LookPath("clang-19"); err != nil {
		t.Skip("no clang-19")
	}
	dir := t.TempDir()
	in, object := filepath.Join(dir, name), filepath.Join(dir, "a.o")
	write(t, in, []byte(source))
	if out, err := exec.Command("clang-19", "-target", arch+"-apple-macos11", "-fobjc-runtime=macosx-11.0", level, "-w", "-fno-inline", "-c", in, "-o", object).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return object
}

// TestParts wants the literals of a run to end where code says, and the paths that a
// function puts together by calls whose names are gone.
func TestParts(t *testing.T) {
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const joined = "Library/Application Support/BraveSoftware/Brave-Browser/Default/Sessions"
	for _, arch := range []string{"arm64", "x86_64"} {
		for _, level := range []string{"-O1", "-O2"} {
			t.Run(arch+level, func(t *testing.T) {
				s := readSlice(t, compiled(t, partsSource, "a.c", arch, level))
				u := s.Unit
				code := s.Code()
				set, refs := fingerprint.Pass(code)
				names := make([]string, len(set.Functions))
				for i := range set.Functions {
					if names[i] = set.Functions[i].Name; strings.HasSuffix(names[i], "push") {
						set.Functions[i].Name = ""
					}
				}
				known := placesOf(rules, &u)
				known.opens = true
				got := map[string][]string{}
				for _, x := range derive(rules, s, code, set, refs, known).out {
					got[names[x.function]] = append(got[names[x.function]], string(x.fact.Value))
				}
				has := func(function, text string) bool { return slices.Contains(got[function], text) }
				if !has("in_parts", joined) {
					t.Errorf("in_parts: %q", got["in_parts"])
				}
				if slices.ContainsFunc(got["two_parts"], func(s string) bool { return strings.Contains(s, "BraveSoftware/") }) {
					t.Errorf("two parts are no path: %q", got["two_parts"])
				}
				for _, function := range []string{"no_length", "in_list"} {
					if !has(function, "Firefox") {
						t.Errorf("%s: %q", function, got[function])
					}
				}
				if !has("in_list", "cookies.sqlite") {
					t.Errorf("in_list: %q", got["in_list"])
				}
			})
		}
	}
}

// folders asks for the folder Application Support, and for another one.
const folders = `
__attribute__((objc_root_class)) @interface Files { Class isa; } + (Files *)manager; - (id)URLsForDirectory:(unsigned long)d inDomains:(unsigned long)m; - (id)firstObject; @end
@interface Text : Files - (id)stringByAppendingPathComponent:(id)x; @end
@interface NSString : Text @end
@interface NSConstantString : NSString { const char *c; unsigned int l; } @end
extern void use(id);
const char *other(void) { return "Library/Safari/History.db"; }
void support(void) { use([[(Text *)[[[Files manager] URLsForDirectory:14 inDomains:1] firstObject] stringByAppendingPathComponent:@"Orion"] stringByAppendingPathComponent:@"Defaults"]); }
void documents(void) { use([[(Text *)[[[Files manager] URLsForDirectory:9 inDomains:1] firstObject] stringByAppendingPathComponent:@"Orion"] stringByAppendingPathComponent:@"Lists"]); }
`

// TestKnownFolder wants the folder that a number names in front of the parts behind it.
func TestKnownFolder(t *testing.T) {
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"arm64", "x86_64"} {
		t.Run(arch, func(t *testing.T) {
			got := derivedTexts(t, rules, compiled(t, folders, "a.m", arch, "-O1"))
			if want := "joined Library/Application Support/Orion/Defaults"; !slices.Contains(got["support"], want) {
				t.Errorf("support: %q", got["support"])
			}
			if slices.ContainsFunc(got["documents"], func(s string) bool { return strings.Contains(s, "Application Support") }) {
				t.Errorf("documents: %q", got["documents"])
			}
		})
	}
}

// letters writes all words of a session's file one by one, and opens no database.
func letters(does string) string {
	var s strings.Builder
	s.WriteString("extern void *fopen(const char *, const char *); extern void use(const void *);\nint main(void) {\n\tvolatile char a[64]; int i = 0;\n")
	for _, c := range "Library/Application Support/Vivaldi/Default/Sessions" {
		fmt.Fprintf(&s, "\ta[i++] = '%c';\n", c)
	}
	fmt.Fprintf(&s, "\ta[i] = 0;\n\treturn %s;\n}\n", does)
	return s.String()
}

// TestClosely wants a small reader of files looked at closely, and what reads
// nothing left alone.
func TestClosely(t *testing.T) {
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for does, want := range map[string]bool{`fopen((char *)a, "r") != 0`: true, `(use((char *)a), 0)`: false} {
		s := readSlice(t, compiled(t, letters(does), "a.c", "arm64", "-O1"))
		code := s.Code()
		set, refs := fingerprint.Pass(code)
		tags, _ := Units(rules, s, code, set, refs, sbom.Digest(""))
		if got := slices.ContainsFunc(tags, func(t sbom.Tag) bool { return t.Capability == "browser.tabs.session.read" }); got != want {
			t.Errorf("%s: %v", does, tags)
		}
	}
}

// TestPutAside wants literals and lengths kept together where code loads the place
// of both again from its frame for each store, as compilers do that do not optimise.
func TestPutAside(t *testing.T) {
	const source = `
extern void use(const void *);
static const char run[] = "FirefoxProfilesplaces.sqliteno more";
struct text { const char *p; long n; };
void in_list(struct text *to, long x) { to[1].p = run; if (x) use(to); to[1].n = 7; }
void moved(struct text *to, struct text *other) { to[1].p = run; to = other; to[1].n = 7; }
`
	for _, arch := range []string{"arm64", "x86_64"} {
		t.Run(arch, func(t *testing.T) {
			s := readSlice(t, compiled(t, source, "a.c", arch, "-O0"))
			code := s.Code()
			set, _ := fingerprint.Pass(code)
			_, sized := fingerprint.Texts(code, set)
			got := map[string]uint64{}
			for _, z := range sized {
				got[set.Functions[z.Function].Name] = z.Length
			}
			if want := map[string]uint64{"in_list": 7}; !maps.Equal(got, want) {
				t.Errorf("lengths: %v, want %v", got, want)
			}
		})
	}
}

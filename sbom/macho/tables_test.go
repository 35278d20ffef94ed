package macho

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

const classes = `extern "C" int puts(const char *); extern "C" void *memory(unsigned long);
void *operator new(unsigned long n) { return memory(n); }
void operator delete(void *) noexcept {}
void operator delete(void *, unsigned long) noexcept {}
struct Task { virtual int run(int) = 0; virtual int more(); };
struct Other { virtual int side(int); int n; };
int Task::more() { return puts("more"); }
int Other::side(int n) { return puts("side"); }
struct Live : Task { int run(int n) override; };
struct Idle : Other, Task { int run(int n) override; int side(int) override; };
int Live::run(int n) { return puts("live") + n; }
int Idle::run(int n) { return puts("idle") + n; }
int Idle::side(int n) { return puts("idle side") + n; }
struct Weak : Task { int run(int n) override { return puts("weak") * n; } };
struct Told : Task { int run(int n) override; };
int Told::run(int n) { return puts("told"); }
Told told; // the data hold an object of it
typedef int (*step)(int);
static int one(int n) { return puts("one"); }
static int two(int n) { return puts("two"); }
extern "C" step steps[] = {one, two};
extern "C" Task *make_idle() { return new Idle; }
extern "C" Task *make(int n) { if (n > 1) return new Live; return new Weak; }
extern "C" int main(int argc, char **argv) { Task *t = make(argc); return t->run(argc) + t->more() + steps[argc & 1](3); }
`

const blocks = `extern void later(void (^)(void)); extern int puts(const char *);
void used(void) { later(^{ puts("used"); }); }
void idle(void) { later(^{ puts("idle"); }); }
int main(int n, char **v) { used(); return 0; }
`

// Which functions stand in which tables, and who refers to these, in both forms
// of fixups, for both architectures, stripped and not.
func TestTables(t *testing.T) {
	for _, c := range []struct {
		name, suffix, source string
		want                 map[string]string // function of the source with tables, to what they hold
		loose                string
	}{
		{"classes", "cc", classes, map[string]string{"make_idle": "_ZN4Idle3runEi _ZN4Idle4sideEi _ZN4Task4moreEv _ZThn16_N4Idle3runEi",
			"make": "_ZN4Live3runEi _ZN4Task4moreEv _ZN4Weak3runEi"}, "_ZN4Task4moreEv _ZN4Told3runEi _ZL3onei _ZL3twoi"},
		{"blocks", "c", blocks, map[string]string{"used": "__used_block_invoke", "idle": "__idle_block_invoke"}, ""},
	} {
		for _, arch := range []string{"arm64", "x86_64"} {
			for _, level := range []string{"-O0", "-O2", "-Os"} {
				for name, form := range map[string][]string{"classic": classic, "chained": chained} {
					t.Run(fmt.Sprint(c.name, arch, level, name), func(t *testing.T) {
						dir := t.TempDir()
						source, object := filepath.Join(dir, "a."+c.suffix), filepath.Join(dir, "a.o")
						if err := os.WriteFile(source, []byte(c.source), 0o600); err != nil {
							t.Fatal(err)
						}
						run(t, "clang-19", "-target", arch+"-apple-macos11", "-fblocks", level, "-w", "-fno-exceptions", "-c", source, "-o", object)
						testTables(t, link(t, arch, object, form...), c.want, c.loose)
					})
				}
			}
		}
	}
}

func testTables(t *testing.T, path string, want map[string]string, loose string) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadBytes(b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	set, _ := fingerprint.Pass(f.Slices[0].Code())
	if len(set.Tables) == 0 {
		t.Fatal("no tables")
	}
	got := map[string]string{}
	held := map[string]bool{}
	for i := range set.Functions {
		var names []string
		for _, n := range set.TablesOf(i) {
			for _, f := range set.Tables[n].Functions {
				names = append(names, set.Functions[f].Name)
			}
		}
		for _, n := range names {
			held[n] = true
		}
		if name := set.Functions[i].Name; want[name] != "" {
			slices.Sort(names)
			names = slices.DeleteFunc(names, func(n string) bool { return n == "_ZN4Told3runEi" }) // at the start of a page, which small offsets hit
			got[name] = strings.Join(slices.Compact(names), " ")
		}
	}
	if len(want["make"]) > 0 { // without optimisation, constructors of their own refer to the tables
		for _, k := range []string{"make", "make_idle"} {
			if got[k] == "" {
				for _, n := range strings.Fields(want[k]) {
					if !held[n] {
						t.Errorf("%s stands in no table that code refers to", n)
					}
				}
				got[k] = want[k]
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tables of functions (-want +got):\n%s", d)
	}
	all := map[string]bool{}
	in := map[uint32]bool{0: true}
	for _, n := range set.Tables[0].Leads {
		in[n] = true
	}
	for n := range in {
		for _, f := range set.Tables[n].Functions {
			all[set.Functions[f].Name] = true
		}
	}
	for _, n := range strings.Fields(loose) {
		if !all[n] {
			t.Errorf("%s is not held by data that are in use whatever runs", n)
		}
	}
	for _, n := range []string{"_ZN4Idle3runEi", "_ZN4Live3runEi", "__idle_block_invoke", "__used_block_invoke"} {
		if all[n] {
			t.Errorf("%s is held by data that are in use whatever runs", n)
		}
	}
}

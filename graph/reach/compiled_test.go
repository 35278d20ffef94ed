package reach

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho"
)

const taskSource = `extern "C" int puts(const char *); extern "C" void *memory(unsigned long);
void *operator new(unsigned long n) { return memory(n); }
struct Task { virtual int run(int) = 0; virtual int more(); };
int Task::more() { return puts("more"); }
__attribute__((noinline)) static int live_work(int n) { return puts("live") + n; }
__attribute__((noinline)) static int idle_work(int n) { return puts("idle") + n; }
__attribute__((noinline)) static int told_work(int n) { return puts("told") + n; }
__attribute__((noinline)) static int one_work(int n) { return puts("one") + n; }
struct Live : Task { int run(int n) override { return live_work(n); } };
struct Idle : Task { int run(int n) override { return idle_work(n); } };
struct Told : Task { int run(int n) override; };
int Told::run(int n) { return told_work(n); }
Told told;
static int one(int n) { return one_work(n); }
extern "C" int (*steps[])(int) = {one};
extern "C" Task *make_idle() { return new Idle; }
extern "C" Task *make() { return new Live; }
extern "C" int main(int argc, char **argv) { Task *t = make(); return t->run(argc) + t->more(); }
`

const blockSource = `extern void later(void (^)(void)); extern int puts(const char *);
__attribute__((noinline)) static void live_work(void) { puts("live"); puts("more"); }
__attribute__((noinline)) static void idle_work(void) { puts("idle"); puts("more"); }
__attribute__((noinline)) void start(void) { later(^{ live_work(); }); }
__attribute__((noinline)) void other(void) { later(^{ idle_work(); }); }
int main(int n, char **v) { start(); return 0; }
`

const nibSource = `typedef struct objc_object *id; typedef struct objc_class *Class;
__attribute__((objc_root_class)) @interface NSObject { Class isa; } @end
extern int NSApplicationMain(int, const char **); extern int puts(const char *);
__attribute__((noinline)) static void live_work(void) { puts("live"); puts("more"); }
__attribute__((noinline)) static void idle_work(void) { puts("idle"); puts("more"); }
__attribute__((noinline)) static void bound_work(void) { puts("bound"); puts("more"); }
@interface Reader : NSObject @end
@implementation Reader
- (void)collect:(id)sender { live_work(); }
- (void)title { bound_work(); }
@end
@interface Spare : NSObject @end
@implementation Spare
- (void)gather:(id)sender { idle_work(); }
@end
int main(int n, const char **v) { return NSApplicationMain(n, v); }
`

const goSource = `package main

import "os"

type runner interface{ Run(n int) int }
type live struct{ n int }
type converted struct{ n int }

//go:noinline
func (l *live) Run(n int) int { return liveWork(n) }

//go:noinline
func (c converted) Run(n int) int { return convertedWork(n) }

//go:noinline
func liveWork(n int) int { println("live"); return n }

//go:noinline
func convertedWork(n int) int { println("converted"); return n }

var thing any

func main() {
	thing = converted{len(os.Args)}
	var r runner = &live{len(os.Args)}
	if c, ok := thing.(runner); ok {
		r.Run(c.Run(1))
	}
	r.Run(2)
}
`

// tool runs a compiler, and skips the test where it is not installed.
func tool(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	c := exec.Command(path, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// build compiles a source for an architecture.
func build(t *testing.T, suffix, source, arch string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a."+suffix), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if suffix == "go" {
		goarch := map[string]string{"arm64": "arm64", "x86_64": "amd64"}[arch]
		tool(t, dir, []string{"GOOS=darwin", "GOARCH=" + goarch, "CGO_ENABLED=0", "GO111MODULE=off", "GOFLAGS="}, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", "a", "a.go")
	} else {
		tool(t, dir, nil, "clang-19", append([]string{"-target", arch + "-apple-macos11", "-fblocks", "-fno-exceptions", "-w", "-c", "a." + suffix, "-o", "a.o"}, more...)...)
		tool(t, dir, nil, "ld64.lld-19", "-arch", arch, "-platform_version", "macos", "11.0", "14.0", "-undefined", "dynamic_lookup", "-o", "a", "a.o")
	}
	return filepath.Join(dir, "a")
}

// solved is what runs in a program, and where its functions lie.
func solved(t *testing.T, path string, nib Nib) (*Reach, map[string]Unit) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := macho.ReadBytes(b, macho.Options{})
	if err != nil {
		t.Fatal(err)
	}
	set, _ := fingerprint.Pass(f.Slices[0].Code())
	set.Image = sbom.DigestOf(b)
	var saved bytes.Buffer
	if _, err := fingerprint.Write(&saved, set); err != nil {
		t.Fatal(err)
	}
	units := map[string]Unit{}
	for _, f := range set.Functions {
		units[f.Name] = Unit{set.Image, f.Address}
	}
	p := &Program{Images: []Image{{Digest: set.Image, Entry: true, Nib: nib}}}
	return NewLoader(func(sbom.Digest) ([]byte, error) { return saved.Bytes(), nil }).Solve(p), units
}

// Of compiled programs: what a class holds that is never made, and a block that
// nobody reaches, is dormant; what may run is never said to be.
func TestCompiled(t *testing.T) {
	for _, c := range []struct {
		name, suffix, source string
		more                 []string
		want                 string // functions with what is said of them
	}{
		{"classes O0", "cc", taskSource, []string{"-O0"}, "_ZL9live_worki:runs _ZL9told_worki:runs _ZL8one_worki:runs _ZL9idle_worki:dormant _ZN4Task4moreEv:runs"},
		{"classes O2", "cc", taskSource, []string{"-O2"}, "_ZL9live_worki:runs _ZL9told_worki:runs _ZL8one_worki:runs _ZL9idle_worki:dormant _ZN4Task4moreEv:runs"},
		{"no type information", "cc", taskSource, []string{"-O2", "-fno-rtti"}, "_ZL9live_worki:runs _ZL9told_worki:runs _ZL8one_worki:runs _ZL9idle_worki:runs _ZN4Task4moreEv:runs"},
		{"blocks", "c", blockSource, []string{"-O1"}, "live_work:runs idle_work:dormant"},
		{"nib", "m", nibSource, []string{"-O1", "-fobjc-runtime=macosx-11.0"}, "live_work:runs bound_work:not-known idle_work:dormant"},
		{"go", "go", goSource, nil, "main.liveWork:runs main.convertedWork:runs"},
	} {
		for _, arch := range []string{"arm64", "x86_64"} {
			t.Run(c.name+" "+arch, func(t *testing.T) {
				r, units := solved(t, build(t, c.suffix, c.source, arch, c.more...), Nib{Classes: []string{"Reader"}, Sends: []string{"collect:"}, Known: c.name == "nib"})
				for _, w := range strings.Fields(c.want) {
					name, want, _ := strings.Cut(w, ":")
					u, ok := units[name]
					if !ok {
						t.Errorf("no function %s", name)
						continue
					}
					got := "not-known"
					if r.Runs(u) {
						got = "runs"
					} else if r.Known(u) {
						got = "dormant"
					}
					if got != want {
						t.Errorf("%s: %s, want %s", name, got, want)
					}
				}
			})
		}
	}
}

package macho

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// referring is a program that refers to everything that an address can hold.
const referring = `
typedef struct objc_object *id; typedef struct objc_class *Class;
__attribute__((objc_root_class)) @interface NSObject { Class isa; } +(id)alloc; -(id)init; @end
@interface NSString : NSObject -(unsigned long)length; +(id)stringWithUTF8String:(const char*)s; @end
@interface NSConstantString : NSString { const char *c; unsigned int l; } @end
extern int open(const char*, int, ...), puts(const char*), elsewhere; extern double scale(double); extern int (*hook)(int);
@interface Foo : NSObject -(int)run:(int)x; +(id)shared; @end
@interface Foo (More) -(int)more; @end
static const char array[] = "an array of text";
static const char *names[] = {"first name", "second name"};
static int __attribute__((noinline)) helper(int x) { return puts(array + (x & 0)) + x; }
double number(double x) { return scale(x * 3.141592653589793); }
const char *pick(int i) { return names[i]; }
static int callback(int x) { return x * 3; }
void set(void) { hook = callback; }
static int (*table[])(int) = {callback, helper};
int dispatch(int i) { return table[i & 1](elsewhere); }
@implementation Foo
+(void)load { puts("loading"); }
+(id)shared { return [[Foo alloc] init]; }
-(int)run:(int)x { id s = @"Library/Safari/History.db"; return helper(x) + (int)[s length] + open("/etc/passwd", 0); }
-(id)init { id w = @"gr\u00fc\u00dfe"; return w ? [super init] : w; }
@end
@implementation Foo (More)
-(int)more { return (int)[[NSString stringWithUTF8String:"more text"] length]; }
@end
int main(void) { return [[Foo shared] run:3]; }
__attribute__((constructor)) static void early(void) { puts("early"); }
`

// compile makes an object file of C or Objective-C with LLVM's compiler.
func compile(t *testing.T, arch, source string) string {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "a.m"), filepath.Join(dir, "a.o")
	if err := os.WriteFile(in, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "clang-19", "-target", arch+"-apple-macos11", "-fobjc-runtime=macosx-11.0", "-O2", "-w", "-c", in, "-o", out)
	return out
}

// link makes a program of an object file with LLVM's linker.
func link(t *testing.T, arch, object string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "a")
	flags = append([]string{"-arch", arch, "-undefined", "dynamic_lookup", "-ignore_optimization_hints", "-o", out, object}, flags...)
	run(t, "ld64.lld-19", flags...)
	return out
}

func run(t *testing.T, tool string, flags ...string) {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("%s is not installed", tool)
	}
	if out, err := exec.Command(path, flags...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", tool, err, out)
	}
}

// classic and chained are the flags of the two forms of fixups.
var (
	classic = []string{"-platform_version", "macos", "11.0", "11.0"}
	chained = []string{"-platform_version", "macos", "13.0", "13.0", "-fixup_chains"}
)

func readCode(t *testing.T, path string) (*Slice, *fingerprint.Code) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := one(t, b, Options{})
	c := s.Code()
	if c == nil || len(s.Gaps) > 0 {
		t.Fatalf("no code: gaps %+v", s.Gaps)
	}
	checkCode(t, c)
	return s, c
}

// contents lists what each function refers to, by name, sorted, each once. It
// finds the references by patterns of instructions.
func contents(c *fingerprint.Code) map[string][]string {
	out := map[string][]string{}
	note := func(at, addr uint64) {
		r := c.Resolve(addr)
		i, found := slices.BinarySearchFunc(c.Functions, at, func(f fingerprint.Boundary, a uint64) int { return int(int64(f.Address - a)) })
		if !found {
			i--
		}
		text := r.Text
		if r.Kind == fingerprint.TargetConst {
			text = text[:min(len(text), 8)] // as much as is loaded
		}
		alone := r.Kind == fingerprint.TargetConst && len(text) == 0 // a place that names no content
		if r.Kind != fingerprint.TargetNone && r.Kind != fingerprint.TargetCode && !alone && i >= 0 {
			out[c.Functions[i].Name] = append(out[c.Functions[i].Name], fmt.Sprintf("%d %q", r.Kind, text))
		}
	}
	if strings.HasPrefix(c.Arch, "arm64") {
		references(c, note)
	} else {
		for _, t := range c.Sections {
			bytes := slices.Concat(t.Bytes, make([]byte, 8))
			for p := range t.Bytes {
				b, pc := bytes[p:], t.Address+uint64(p)
				rel := func(at int) uint64 {
					return pc + uint64(at+4) + uint64(int64(int32(binary.LittleEndian.Uint32(b[at:]))))
				}
				switch {
				case (b[0] == 0x48 || b[0] == 0x4c) && (b[1] == 0x8b || b[1] == 0x8d) && b[2]&0xc7 == 5:
					note(pc, rel(3))
				case b[0] == 0xe8 || b[0] == 0xe9:
					note(pc, rel(1))
				case b[0] == 0xff && (b[1] == 0x15 || b[1] == 0x25):
					note(pc, rel(2))
				case b[0] == 0xf2 && b[1] == 0x0f && b[2] == 0x59 && b[3] == 5: // a multiplication
					note(pc, rel(4))
				}
			}
		}
	}
	for name, l := range out {
		slices.Sort(l)
		out[name] = slices.Compact(l)
	}
	return out
}

// TestTargets wants the same content from an object file, from the program
// linked from it with classic and with chained fixups, and from the stripped one.
func TestTargets(t *testing.T) {
	const text, record, imported, selector, class, number, weak = fingerprint.TargetString, fingerprint.TargetCFString, fingerprint.TargetImport,
		fingerprint.TargetSelector, fingerprint.TargetClass, fingerprint.TargetConst, fingerprint.TargetPointer
	list := func(of ...any) (l []string) {
		for i := 0; i < len(of); i += 2 {
			l = append(l, fmt.Sprintf("%d %q", of[i], of[i+1]))
		}
		slices.Sort(l)
		return l
	}
	expected := map[string][]string{
		"helper":            list(text, "an array of text", imported, "puts"),
		"set":               list(imported, "hook"),
		"dispatch":          list(imported, "elsewhere"),
		"+[Foo load]":       list(text, "loading", imported, "puts"),
		"+[Foo shared]":     list(class, "Foo", imported, "objc_alloc_init"),
		"-[Foo run:]":       list(record, "Library/Safari/History.db", selector, "length", imported, "objc_msgSend", text, "/etc/passwd", imported, "open"),
		"-[Foo init]":       list(class, "Foo", selector, "init", imported, "objc_msgSendSuper2"),
		"-[Foo(More) more]": list(class, "NSString", selector, "stringWithUTF8String:", text, "more text", selector, "length", imported, "objc_msgSend"),
		"main":              list(class, "Foo", selector, "shared", selector, "run:", imported, "objc_msgSend"),
		"early":             list(text, "early", imported, "puts"),
	}
	for _, arch := range []string{"arm64", "x86_64"} {
		expected["number"], expected["pick"] = list(imported, "scale"), list(weak, "first name")
		if arch == "x86_64" { // a literal where arm64 has immediates, a table of distances where it has pointers
			expected["number"], expected["pick"] = list(imported, "scale", number, "\x18-DT\xfb!\t@"), nil
			delete(expected, "pick")
		}
		object := compile(t, arch, referring)
		for name, path := range map[string]string{"object": object, "classic": link(t, arch, object, classic...), "chained": link(t, arch, object, chained...)} {
			t.Run(arch+" "+name, func(t *testing.T) {
				_, c := readCode(t, path)
				want(t, "references", contents(c), expected)
			})
		}
	}
}

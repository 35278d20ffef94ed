package attribute

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Every literal of these programs that begins with a use and a dash, or with "?-"
// where it is not known, says what becomes of it.

const cUses = `
typedef struct file FILE; typedef unsigned long size_t;
extern FILE *fopen(const char *, const char *); extern int open(const char *, int, ...), access(const char *, int), puts(const char *), printf(const char *, ...);
extern int snprintf(char *, size_t, const char *, ...), strcmp(const char *, const char *), rand(void), fputs(const char *, FILE *), unlink(const char *);
extern char *strcpy(char *, const char *), *strcat(char *, const char *), *strdup(const char *), *strstr(const char *, const char *), *getenv(const char *);
extern void *memmem(const void *, size_t, const void *, size_t); extern size_t strlen(const char *), strlcpy(char *, const char *, size_t), strlcat(char *, const char *, size_t);
extern int sqlite3_open_v2(const char *, void **, int, const char *), sqlite3_prepare_v2(void *, const char *, int, void **, const char **);
extern void elsewhere(const char *); extern void (*handler)(const char *); extern const char *kept;
#define N __attribute__((noinline))

N int read_open(void) { return open("reads-open", 0); }
N int read_buffer(void) { char b[300]; snprintf(b, 300, "%s/%s", getenv("HOME"), "reads-formatted"); return open(b, 0); }
N int read_joined(void) { char b[300]; strcpy(b, getenv("HOME")); strcat(b, "reads-joined/and-so-long-that-no-compiler-writes-it-in-pieces-of-a-number-/but-copies-it-from-where-it-lies/or-calls-what-joins-texts-as-it-should-be-called/History.db"); puts(b); return open(b, 0); }
N int read_copy(void) { char *c = strdup("reads-copied"); int f = open(c, 0); return f + (int)strlen(c); }
N int read_choice(int a) { const char *p = a ? "reads-left" : "reads-right"; if (access(p, 4)) return 1; return fopen(p, "r") != 0; }
N int query(void) { void *db, *st; if (sqlite3_open_v2("reads-store", &db, 1, 0)) return 1; return sqlite3_prepare_v2(db, "reads-query", -1, &st, 0); }
N int opens(const char *p, int how) { return open(p, how); }
N int opens_later(int how, const char *p) { int x = rand(); return opens(p, how + x); }
N int read_callee(void) { return opens_later(0, "reads-deep"); }
static const struct { const char *name, *path; } places[] = {{"first", "reads-table-1"}, {"second", "reads-table-2"}, {"third", "reads-table-3"}};
N int read_table(int n) { int all = 0; for (int i = 0; i < n; i++) all += open(places[i].path, 0); return all; }
N const char *given(void) { return rand() ? "reads-given" : 0; }
N int read_given(void) { const char *p = given(); return p ? open(p, 0) : 0; }
struct place { int kind; const char *sql; char path[200]; };
N int fills(struct place *p) { p->sql = "reads-placed"; strlcpy(p->path, "reads-placed-text", 200); return rand(); }
N int read_placed(void *db) { struct place p; void *st; if (fills(&p)) return 1; return sqlite3_prepare_v2(db, p.sql, -1, &st, 0) + open(p.path, 0); }
N int read_kept(int n) { const char *p = "reads-kept"; int x = 0; for (int i = 0; i < n; i++) { x += rand(); if (x == 7) x += strcmp(p, getenv("A")); } return open(p, x); }

N void show_line(void) { puts("shows-line"); printf("%s\n", "shows-printed"); }
N void show_buffer(int n) { char b[100]; snprintf(b, 100, "shows-format %d", n); puts(b); }
N void prints(const char *s) { printf("* %s\n", s); }
N void show_callee(void) { prints("shows-deep"); }
static const struct { long n; const char *text; } help[] = {{10001, "shows-help-1"}, {10002, "shows-help-2"}, {10003, "shows-help-3"}, {10004, "shows-help-4"}};
N void show_table(int n) { for (int i = 0; i < n; i++) printf("%s %ld\n", help[i].text, help[i].n); }
struct one { long n; const char *text; };
static const struct one tips[] = {{10007, "shows-tip-1"}, {10008, "shows-tip-2"}}, behind[] = {{10005, "?-behind-1"}, {10006, "?-behind-2"}};
N void show_tips(int n) { for (int i = 0; i < n; i++) printf("%s %ld\n", tips[i].text, tips[i].n); }
struct module { const char *name; const struct one *list; int (*run)(const struct one *); };
N int run_list(const struct one *l) { return open(l[0].text, 0) + open(l[1].text, 0); }
const struct module modules[] = {{"first", behind, run_list}};
N const char *word(int n) { return n > 3 ? "shows-word-1" : "shows-word-2"; }
N void show_given(int n) { puts(word(n)); }

N int compare_name(const char *s) { return strcmp(s, "compares-name") == 0 || strstr(s, "compares-part") != 0; }
static const struct { const char *family; const char *all[3]; } known[] = {{"first", {"compares-sign-1", "compares-sign-2"}}, {"second", {"compares-sign-3", "compares-sign-4"}}};
N int matches(const void *d, size_t n, const char *const *all) { for (int i = 0; i < 3 && all[i]; i++) if (!memmem(d, n, all[i], strlen(all[i]))) return 0; return 1; }
N int compare_table(const void *d, size_t n) { int x = 0; for (int i = 0; i < 2; i++) x += matches(d, n, known[i].all); return x; }
N int compare_there(void) { return access("compares-there", 0) == 0; }

N void write_out(FILE *f) { fputs("writes-line\n", f); }
N int write_file(void) { return fopen("writes-file", "w") != 0 && open("writes-made", 0x601, 0644) >= 0; }
N int read_both(void) { return open("reads-and-writes", 2); }

N void stored(void) { kept = "?-stored"; }
N void shown_and_stored(void) { puts("?-stored-too"); kept = "?-stored-too"; }
extern int run(const char *, ...); extern void many(int, int, int, int, int, int, int, int, const char *);
N void in_variadic(void) { puts("?-variadic"); run("%s %s", getenv("A"), "?-variadic"); }
N void in_ninth(void) { puts("?-ninth"); many(1, 2, 3, 4, 5, 6, 7, 8, "?-ninth"); }
N void passed_on(void) { elsewhere("?-passed"); }
N void to_pointer(void) { handler("?-pointer"); }
N int removed(void) { return unlink("?-removed"); }
N void in_field(struct place *p) { p->sql = "?-field"; }
N void round_b(const char *, int);
N void round_a(const char *s, int n) { if (n) round_b(s, n - 1); puts(s); }
N void round_b(const char *s, int n) { if (n) round_a(s, n - 1); elsewhere(s); }
N void around(int n) { round_a("?-around", n); }
N const char *nobody(void) { return "?-returned"; }

int main(int n, char **v) {
	void *db = 0; struct place p; in_field(&p); elsewhere((char *)&p);
	read_open(); read_buffer(); read_joined(); read_copy(); read_choice(n); query(); read_callee(); read_table(n); read_given(); read_placed(db); read_kept(n);
	show_line(); show_buffer(n); show_callee(); show_table(n); show_given(n); show_tips(n); modules[n].run(modules[n].list); compare_name(v[1]); compare_table(v[0], 9); compare_there(); write_out(0); write_file(); read_both();
	stored(); shown_and_stored(); in_variadic(); in_ninth(); passed_on(); to_pointer(); removed(); around(n); return 0;
}
`

const objcUses = `
typedef signed char BOOL; typedef unsigned long NSUInteger;
__attribute__((objc_root_class)) @interface NSObject
+ (id)new; + (id)alloc; - (id)init;
@end
@interface NSString : NSObject
- (NSString *)stringByAppendingPathComponent:(NSString *)s; - (const char *)UTF8String; - (BOOL)isEqualToString:(NSString *)s; - (BOOL)hasPrefix:(NSString *)s;
+ (NSString *)stringWithFormat:(NSString *)f, ...;
@end
@interface NSConstantString : NSString
@end
@interface NSData : NSObject
+ (NSData *)dataWithContentsOfFile:(NSString *)p; - (BOOL)writeToFile:(NSString *)p atomically:(BOOL)a;
@end
@interface NSArray : NSObject
+ (NSArray *)arrayWithObjects:(const id *)o count:(NSUInteger)n; - (id)objectAtIndex:(NSUInteger)i; - (NSUInteger)count;
- (NSUInteger)countByEnumeratingWithState:(void *)s objects:(id *)o count:(NSUInteger)n;
@end
@interface NSDictionary : NSObject
+ (NSDictionary *)dictionaryWithObjects:(const id *)o forKeys:(const id *)k count:(NSUInteger)n; - (id)objectForKeyedSubscript:(id)k;
@end
@interface FMDatabase : NSObject
+ (id)databaseWithPath:(NSString *)p; - (id)executeQuery:(NSString *)q;
@end
extern NSString *NSHomeDirectory(void); extern void NSLog(NSString *, ...); extern int open(const char *, int, ...); extern void elsewhere(id);
#define N __attribute__((noinline))

@interface Store : NSObject { NSString *_kept; }
@end
@implementation Store
- (NSData *)joined { return [NSData dataWithContentsOfFile:[NSHomeDirectory() stringByAppendingPathComponent:@"reads-component"]]; }
- (int)formatted { return open([[NSString stringWithFormat:@"%@/%@", NSHomeDirectory(), @"reads-format"] UTF8String], 0); }
- (id)query { id db = [FMDatabase databaseWithPath:@"reads-path"]; return [db executeQuery:@"reads-statement"]; }
- (NSData *)load:(NSString *)file { return [NSData dataWithContentsOfFile:file]; }
- (NSData *)own { return [self load:@"reads-method"]; }
+ (NSString *)place { return @"reads-class-method"; }
- (NSData *)placed { return [NSData dataWithContentsOfFile:[Store place]]; }
- (void)each { for (NSString *s in @[@"reads-list-1", @"reads-list-2"]) [NSData dataWithContentsOfFile:s]; }
+ (NSArray *)examples { return @[@{@"name" : @"shows-example-1", @"sql" : @"shows-example-2"}, @{@"name" : @"shows-example-3", @"sql" : @"shows-example-4"}]; }
- (void)help { for (NSDictionary *e in [Store examples]) NSLog(@"%@: %@", e[@"name"], e[@"sql"]); }
- (void)log { NSLog(@"shows-format %@", @"shows-argument"); }
- (BOOL)matches:(NSString *)s { return [s isEqualToString:@"compares-equal"] || [s hasPrefix:@"compares-prefix"]; }
- (void)keep { _kept = @"?-field"; }
- (void)pass { elsewhere(@"?-passed"); }
- (void)captured { void (^b)(void) = ^{ NSLog(@"%@", _kept); }; elsewhere((id)b); NSString *s = @"?-captured"; elsewhere((id)^{ NSLog(@"%@", s); }); }
@end
int main(void) { Store *s = [Store new]; elsewhere(s); return 0; }
`

const goUses = `package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:noinline
func readFile() { b, _ := os.ReadFile("reads-file"); fmt.Println(len(b)) }

//go:noinline
func readJoined(home string) { f, err := os.Open(filepath.Join(home, "reads-folder", "reads-name")); fmt.Println(f != nil, err) }

//go:noinline
func readConcat(home string) { b, _ := os.ReadFile(home + "/reads-rest"); fmt.Println(len(b)) }

//go:noinline
func query(db *sql.DB) { rows, err := db.Query("reads-query"); fmt.Println(rows != nil, err) }

//go:noinline
func open(path string) []byte { b, _ := os.ReadFile(path); return b }

//go:noinline
func readCallee() { fmt.Println(len(open("reads-callee"))) }

//go:noinline
func given(n int) string { if n > 3 { return "reads-given-1" }; return "reads-given-2" }

//go:noinline
func readGiven(n int) { fmt.Println(len(open(given(n)))) }

//go:noinline
func readLoop() { for _, n := range []string{"reads-list-1", "reads-list-2", "reads-list-3"} { fmt.Println(len(open(n))) } }

//go:noinline
func write() { f, err := os.Create("writes-file"); fmt.Println(f != nil, err) }

//go:noinline
func show(n int) { fmt.Println("shows-line"); fmt.Printf("%s %d\n", "shows-argument", n) }

var help = []struct{ name, text string }{{"shows-help-1", "shows-help-2"}, {"shows-help-3", "shows-help-4"}}

//go:noinline
func showTable() { for _, h := range help { fmt.Println(h.name, h.text) } }

var known = []struct{ name string; words [2]string }{{"compares-1", [2]string{"compares-2", "compares-3"}}, {"compares-4", [2]string{"compares-5", "compares-6"}}}

//go:noinline
func compare(b []byte) int {
	n := 0
	for _, k := range known {
		for _, w := range k.words {
			if bytes.Contains(b, []byte(w)) { n++ }
		}
	}
	return n
}

//go:noinline
func compareName(s string) bool { return strings.HasPrefix(s, os.Args[0]) || strings.Contains(s, "compares-part") }

var kept string

//go:noinline
func keep() { kept = "?-kept" }

//go:noinline
func call(f func(string)) { f("?-called") }

func main() {
	home, _ := os.UserHomeDir()
	db, _ := sql.Open("driver", "reads-source")
	readFile(); readJoined(home); readConcat(home); query(db); readCallee(); readGiven(len(home)); readLoop()
	write(); show(1); showTable(); fmt.Println(compare([]byte(home)), compareName(home)); keep(); call(func(s string) { kept = s + kept })
	fmt.Println(len(kept))
}
`

// usesIn says what becomes of the literals of a program that name a use.
func usesIn(t *testing.T, file string) map[string][]string {
	t.Helper()
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s := readSlice(t, file)
	code := s.Code()
	set, refs := fingerprint.Pass(code)
	d := &deriver{rules: rules, slice: s, code: code, set: set, refs: refs}
	_, sized := fingerprint.Texts(code, set)
	d.measure(sized)
	d.known.places = nil
	for i := range s.Unit.Facts { // all literals, as if a rule spoke of them
		f := &s.Unit.Facts[i]
		if f.Kind == sbom.FactString || f.Kind == sbom.FactCFString || f.Kind == sbom.FactConst {
			d.known.places = append(d.known.places, place{f.Offset, f.Offset + f.Length, i})
		}
	}
	d.tables()
	text := func(r *fingerprint.Reference) string {
		b := s.Bytes(r.Offset, min(64, s.Image.Size-r.Offset))
		if r.Length > 0 {
			b = s.Bytes(r.Offset, r.Length)
		}
		b, _, _ = bytes.Cut(b, []byte{0})
		use, name, ok := strings.Cut(strings.TrimLeft(string(b), "/"), "-")
		switch use {
		case sbom.UseReads, sbom.UseShows, sbom.UseCompares, sbom.UseWrites, "?":
			if ok {
				return use + "-" + strings.TrimSpace(name)
			}
		}
		return ""
	}
	uses := d.uses(func(r *fingerprint.Reference) bool { return text(r) != "" })
	out := map[string][]string{}
	for i := range d.refs {
		r := &d.refs[i]
		if r.Offset < 0 || r.Kind > fingerprint.TargetPointer || r.Kind == fingerprint.TargetImport || r.Kind == fingerprint.TargetSelector {
			continue
		}
		if w := text(r); w != "" {
			out[w] = append(out[w], uses[literalAt{r.Function, r.Offset}])
		}
	}
	return out
}

// checkUses compares what was found with what the literals say. Go's runs have no
// ends where no length is known, so a literal there may be longer than it is.
func checkUses(t *testing.T, source string, got map[string][]string) {
	t.Helper()
	for _, part := range strings.Split(source, `"`) {
		part = strings.TrimSuffix(strings.TrimPrefix(part, "/"), `\n`)
		use, _, ok := strings.Cut(part, "-")
		if !ok || use != "?" && use != sbom.UseReads && use != sbom.UseShows && use != sbom.UseCompares && use != sbom.UseWrites {
			continue
		}
		want := strings.TrimPrefix(use, "?")
		found := false
		for text, uses := range got {
			if !strings.HasPrefix(text, part) {
				continue
			}
			found = true
			if is := ofAll(uses); is != want && (is != sbom.UseReads || !strings.HasPrefix(part, "?-behind")) { // whose table it is may come out
				t.Errorf("%q: %q (%q), want %q", part, is, uses, want)
			}
		}
		if !found {
			t.Errorf("%q: no function refers to it", part)
		}
	}
}

// TestUses follows literals in compiled programs.
func TestUses(t *testing.T) {
	for _, tool := range []string{"clang-19", "ld64.lld-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool)
		}
	}
	dir := t.TempDir()
	for name, source := range map[string]string{"a.c": cUses, "a.m": objcUses} {
		file := filepath.Join(dir, name)
		write(t, file, []byte(source))
		for _, arch := range []string{"arm64", "x86_64"} {
			for _, level := range []string{"-O0", "-O2"} {
				t.Run(name+" "+arch+level, func(t *testing.T) {
					object := filepath.Join(dir, name+arch+level+".o")
					image := strings.TrimSuffix(object, ".o")
					for _, c := range [][]string{
						{"clang-19", "-target", arch + "-apple-macos11", "-fobjc-runtime=macosx-11.0", "-fblocks", level, "-w", "-c", file, "-o", object},
						{"ld64.lld-19", "-arch", arch, "-platform_version", "macos", "13.0", "13.0", "-fixup_chains", "-undefined", "dynamic_lookup", "-o", image, object},
					} {
						if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
							t.Fatalf("%v\n%s", err, out)
						}
					}
					checkUses(t, source, usesIn(t, image))
				})
			}
		}
	}
}

// TestUsesGo does the same with Go, whose functions take arguments in other registers.
func TestUsesGo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "main.go"), []byte(goUses))
	for _, arch := range []string{"arm64", "amd64"} {
		t.Run(arch, func(t *testing.T) {
			out := filepath.Join(dir, arch)
			c := exec.Command(tool, "build", "-trimpath", "-ldflags=-s -w", "-o", out, filepath.Join(dir, "main.go"))
			c.Env = append(os.Environ(), "GOOS=darwin", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
			if text, err := c.CombinedOutput(); err != nil {
				t.Skipf("this toolchain builds nothing for darwin: %v\n%s", err, text)
			}
			checkUses(t, goUses, usesIn(t, out))
		})
	}
}

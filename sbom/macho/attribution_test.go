package macho

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// labelled is a source in which every literal names the function that refers to
// it and the kind that it is of: "plain one of 12;".
func labelled(n int) string {
	var b strings.Builder
	b.WriteString(`typedef struct objc_object *id; typedef struct objc_class *Class;
__attribute__((objc_root_class)) @interface NSObject { Class isa; } @end
@interface NSString : NSObject @end
@interface NSConstantString : NSString { const char *c; unsigned int l; } @end
extern int puts(const char *), show(id); extern id object;
`)
	for i := range n {
		fmt.Fprintf(&b, "int f%d(int);\n", i)
	}
	for i := range n {
		fmt.Fprintf(&b, `@interface NSObject (W%[1]d) -(int)work%[1]d:(int)x; @end
static const char array%[1]d[] = "array of %[1]d;";
static const char *table%[1]d[] = {"table one of %[1]d;", "table two of %[1]d;"};
__attribute__((noinline)) int f%[1]d(int x) {
	int y = puts("plain one of %[1]d;");
	if (x > %[1]d) y += puts("plain two of %[1]d;") * f%[2]d(y);
	for (int i = 0; i < y; i++) y += show(@"constant of %[1]d;");
	return y + puts(array%[1]d + (x & 0)) + show(@"gr\u00f6\u00dfe of %[1]d;") + [object work%[1]d:y] + puts(table%[1]d[x & 1]);
}
`, i, (i+1)%n)
	}
	b.WriteString("int main(int n, char **v) { return f0(n); }\n")
	return b.String()
}

// kindOfLabel is the first word of a label, and the function that it names.
func kindOfLabel(text string) (kind, function string) {
	kind, rest, ok := strings.Cut(text, " ")
	if method, number, selector := strings.Cut(text, "work"); selector && method == "" {
		return "selector", "f" + strings.TrimSuffix(number, ":")
	}
	i := strings.LastIndex(rest, "of ")
	if !ok || i < 0 || !strings.HasSuffix(rest, ";") {
		return "", ""
	}
	if strings.HasPrefix(kind, "gr") {
		kind = "wide"
	}
	return kind, "f" + strings.TrimSuffix(rest[i+3:], ";")
}

// textOf is what lies in a slice where a reference leads.
func textOf(b []byte, r fingerprint.Reference) string {
	raw := b[r.Offset : r.Offset+r.Length]
	if r.Kind == fingerprint.TargetCFString && slices.Contains(raw, 0) {
		var units []uint16
		for i := 0; i+1 < len(raw); i += 2 {
			units = append(units, uint16(raw[i])|uint16(raw[i+1])<<8)
		}
		return string(utf16.Decode(units))
	}
	return string(raw)
}

// TestAttribution measures, on stripped programs, how many literals are tied to
// the function that refers to them, and how many ties are right. The truth is the
// source: each literal names its function. Pointer tables are weak: only their
// first entry has an address that code names.
func TestAttribution(t *testing.T) {
	const n = 60
	dir := t.TempDir()
	source := filepath.Join(dir, "a.m")
	if err := os.WriteFile(source, []byte(labelled(n)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"arm64", "x86_64"} {
		for _, level := range []string{"-O0", "-O2", "-Oz"} {
			object := filepath.Join(dir, arch+level+".o")
			run(t, "clang-19", "-target", arch+"-apple-macos11", "-fobjc-runtime=macosx-11.0", level, "-fvisibility=hidden", "-w", "-c", source, "-o", object)
			for fixups, flags := range map[string][]string{"classic": classic, "chained": chained} {
				t.Run(arch+level+" "+fixups, func(t *testing.T) { attribution(t, link(t, arch, object, flags...), n) })
			}
		}
	}
}

func attribution(t *testing.T, path string, n int) {
	names := map[uint64]string{}
	_, code := readCode(t, path)
	for _, f := range code.Functions {
		names[f.Address] = f.Name
	}
	stripped := path + ".s"
	run(t, "llvm-strip-19", "-o", stripped, path)
	b, err := os.ReadFile(stripped)
	if err != nil {
		t.Fatal(err)
	}
	_, code = readCode(t, stripped)
	set, refs := fingerprint.Pass(code)
	right, wrong := map[string]int{}, 0
	seen := map[string]bool{}
	for _, r := range refs {
		if r.Offset < 0 || r.Length == 0 {
			continue
		}
		text := textOf(b, r)
		kind, function := kindOfLabel(text)
		at := &set.Functions[r.Function]
		switch {
		case kind == "":
		case at.Name != "":
			t.Fatalf("a stripped function is called %s", at.Name)
		case names[at.Address] != function:
			wrong++
			t.Logf("%q in %s", text, names[at.Address])
		case !seen[text]:
			seen[text] = true
			right[kind]++
		}
	}
	all, found := 0, 0
	for kind, each := range map[string]int{"plain": 2, "constant": 1, "array": 1, "wide": 1, "selector": 1} {
		all, found = all+each*n, found+right[kind]
	}
	recall, precision := float64(found)/float64(all), float64(found+right["table"])/float64(found+right["table"]+wrong)
	t.Logf("recall %.3f, precision %.3f of %v", recall, precision, right)
	if recall < .98 || precision < .99 {
		t.Errorf("recall %.3f (.98 is wanted), precision %.3f (.99): %v, %d wrong", recall, precision, right, wrong)
	}
}

package macho

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// writers are functions that put a text together in memory in different ways.
// The second one does what a short string object of C++ does.
const writers = `
extern void use(const char *), take(void *);
__attribute__((noinline)) void chars(void) {
	char p[32];
	p[0]='L';p[1]='i';p[2]='b';p[3]='r';p[4]='a';p[5]='r';p[6]='y';p[7]='/';p[8]='S';p[9]='a';p[10]='f';p[11]='a';p[12]='r';p[13]='i';p[14]=0;
	use(p);
}
struct text { char size; char data[23]; };
__attribute__((noinline)) void object(void) {
	struct text t = { 20, "History.db" };
	take(&t);
}
__attribute__((noinline)) void combined(char key) {
	volatile char k = 0x5a;
	char p[16];
	p[0]='H'^0x5a;p[1]='i'^0x5a;p[2]='s'^0x5a;p[3]='t'^0x5a;p[4]='o'^0x5a;p[5]='r'^0x5a;p[6]='y'^0x5a;p[7]='.'^0x5a;p[8]='d'^0x5a;p[9]='b'^0x5a;
	for (int i = 0; i < 10; i++) p[i] ^= k;
	use(p);
}
__attribute__((noinline)) void numbers(int *p) { p[0] = 1; p[1] = 2; p[2] = 3; p[3] = 4; }
int main(int n, char **v) { int a[4]; chars(); object(); combined(n); numbers(a); take(a); return 0; }
`

// TestTexts wants texts that code puts together in memory, with the
// function that does it, and their place.
func TestTexts(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "a.c")
	if err := os.WriteFile(source, []byte(writers), 0o666); err != nil {
		t.Fatal(err)
	}
	xored := []byte("History.db")
	for i := range xored {
		xored[i] ^= 0x5a
	}
	want := map[string][]byte{"chars": []byte("Library/Safari"), "object": []byte("History.db"), "combined": xored}
	for _, arch := range []string{"arm64", "x86_64"} {
		for _, level := range []string{"-O0", "-O1", "-O2", "-Os"} {
			t.Run(fmt.Sprint(arch, level), func(t *testing.T) {
				object := filepath.Join(dir, arch+level+".o")
				run(t, "clang-19", "-target", arch+"-apple-macos11", level, "-w", "-fno-stack-protector", "-c", source, "-o", object)
				b, err := os.ReadFile(object)
				if err != nil {
					t.Fatal(err)
				}
				f, err := ReadBytes(b, Options{})
				if err != nil {
					t.Fatal(err)
				}
				c := f.Slices[0].Code()
				set, _ := fingerprint.Pass(c)
				found := map[string]bool{}
				texts, _ := fingerprint.Texts(c, set)
				for _, w := range texts {
					u := set.Functions[w.Function]
					if w.Address < u.Address || w.Address >= u.Address+uint64(u.Size) {
						t.Errorf("%s: %q is written at %#x, outside of the function", u.Name, w.Bytes, w.Address)
					}
					if text := want[u.Name]; text != nil && bytes.Contains(w.Bytes, text) {
						found[u.Name] = true
					} else if text == nil {
						t.Errorf("%s writes no text, but %q was found", u.Name, w.Bytes)
					}
				}
				for name := range want {
					switch {
					case name == "combined" && level == "-O2": // the compiler combines every byte by itself: none is written
					case name == "object" && arch == "x86_64" && level == "-O0": // copied from a literal
					case !found[name]:
						t.Errorf("%s: its text was not found", name)
					}
				}
			})
		}
	}
}

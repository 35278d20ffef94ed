package attribute

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom/capability"
)

const cOptions = `
extern int curl_easy_setopt(void *, int, ...), other(void *, int, ...);
extern void *CGEventTapCreate(int, int, int, unsigned long, void *, void *);
int posts(void *c, const char *b) { return curl_easy_setopt(c, 10015, b); }
int asks(void *c, const char *b) { return curl_easy_setopt(c, 10002, b); }
int unnamed(void *c, const char *b) { return other(c, 10015, b); }
void *keys(void *f) { return CGEventTapCreate(1, 0, 1, 1UL << 10 | 1UL << 11, f, 0); }
void *wheel(void *f) { return CGEventTapCreate(1, 0, 1, 1UL << 22, f, 0); }
int main(int n, char **v) { posts(v, 0); asks(v, 0); unnamed(v, 0); keys(v); wheel(v); return n; }
`

// TestSmallNumbers wants small numbers beside the name that gives them a
// meaning, and nowhere else.
func TestSmallNumbers(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		t.Skip("no clang-19")
	}
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "a.c")
	write(t, source, []byte(cOptions))
	for _, arch := range []string{"arm64", "x86_64"} {
		for _, level := range []string{"-O0", "-O2"} {
			t.Run(arch+level, func(t *testing.T) {
				object := filepath.Join(dir, arch+level+".o")
				if out, err := exec.Command("clang-19", "-target", arch+"-apple-macos11", level, "-fno-inline", "-w", "-c", source, "-o", object).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				got := derivedTexts(t, rules, object)
				for name, text := range map[string]string{"posts": "immediates 10015", "keys": "immediates 3072"} {
					if !slices.Contains(got[name], text) {
						t.Errorf("%s: no %q among %q", name, text, got[name])
					}
				}
				for _, name := range []string{"asks", "unnamed", "wheel", "main"} {
					for _, text := range got[name] {
						if text == "immediates 10015" || text == "immediates 3072" {
							t.Errorf("%s: %q", name, text)
						}
					}
				}
			})
		}
	}
}

func TestMovedSmall(t *testing.T) {
	arm := []byte{0x00, 0x80, 0x80, 0x52, 0x01, 0x80, 0x00, 0x91, 0xe1, 0xe1, 0x84, 0xd2} // mov w0, #1024; add x1, x0, #32; mov x1, #9999
	for v, want := range map[uint16]int{1024: 0, 9999: 8, 32: -1} {
		if got := movedSmallARM(arm, v); got != want {
			t.Errorf("arm %d: at %d, want %d", v, got, want)
		}
	}
	x86 := []byte{0x90, 0xbe, 0x1f, 0x27, 0, 0, 0x81, 0xfe, 0x00, 0x0c, 0, 0} // mov esi, 10015; cmp esi, 3072
	for v, want := range map[uint16]int{10015: 2, 3072: -1} {
		if got := movedSmallX86(x86, v); got != want {
			t.Errorf("x86 %d: at %d, want %d", v, got, want)
		}
	}
}

package macho

import (
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// marksOf runs the pass and lists the full marks by name.
func marksOf(t *testing.T, path string) map[string]fingerprint.Mark {
	t.Helper()
	_, c := readCode(t, path)
	set, _ := fingerprint.Pass(c)
	if len(set.Functions) != len(c.Functions) {
		t.Errorf("%d functions of %d", len(set.Functions), len(c.Functions))
	}
	out := map[string]fingerprint.Mark{}
	for _, f := range set.Functions {
		if f.Full == 0 {
			t.Errorf("%s has no mark", f.Name)
		}
		out[f.Name] = f.Full
	}
	return out
}

// TestSameMarks wants the same marks from an object file and from the programs
// linked from it, whatever the linker relaxed.
func TestSameMarks(t *testing.T) {
	for _, arch := range []string{"arm64", "x86_64"} {
		object := compile(t, arch, referring)
		expected := marksOf(t, object)
		if expected["main"] == expected["helper"] || len(expected) != 13 {
			t.Fatalf("marks %v", expected)
		}
		for name, flags := range map[string][]string{"classic": classic, "chained": chained} {
			t.Run(arch+" "+name, func(t *testing.T) {
				want(t, "marks", marksOf(t, link(t, arch, object, flags...)), expected)
			})
		}
		t.Run(arch+" relaxed", func(t *testing.T) {
			relaxed := link(t, arch, object, append(classic, "-dead_strip", "-no_adhoc_codesign")...)
			run(t, "ld64.lld-19", append([]string{"-arch", arch, "-undefined", "dynamic_lookup", "-o", relaxed, object}, classic...)...)
			want(t, "marks", marksOf(t, relaxed), expected)
		})
	}
}

package scan

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// A code file that is cut off, wherever, to nothing too, leaves its product with a gap or an
// unreadable file: either makes a negative of the product impossible (see
// finding.Report.Unseen). What can be read of it counts as analysed, and stays.
func TestCutCodeIsNoNegative(t *testing.T) {
	whole := machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "x"})
	fat := machotest.Fat(whole, machotest.Sample(false))
	dir := t.TempDir()
	app(t, dir, "Whole", whole)
	n := 0
	for _, b := range [][]byte{whole, fat} {
		for i := range 24 {
			app(t, dir, fmt.Sprintf("Cut%02d", n), b[:len(b)*i/24])
			n++
		}
		app(t, dir, fmt.Sprintf("Cut%02d", n), b[:len(b)-1])
		n++
	}
	write(t, filepath.Join(dir, "Plug.app/Contents/MacOS/Plug"), whole)
	write(t, filepath.Join(dir, "Plug.app/Contents/Info.plist"), fmt.Appendf(nil, infoPlist, "Plug"))
	write(t, filepath.Join(dir, "Plug.app/Contents/Frameworks/cut.dylib"), whole[:len(whole)/2])
	s := run(t, options(t, dir))
	if len(s.Products) != n+2 {
		t.Fatalf("%d products, want %d", len(s.Products), n+2)
	}
	for _, p := range s.Products {
		if p.Name == "Whole" {
			if len(p.Gaps) != 0 || p.Coverage.Unreadable != 0 || p.Coverage.Analysed != 2 {
				t.Errorf("whole: %+v", p.Coverage)
			}
			continue
		}
		if len(p.Gaps) == 0 && p.Coverage.Unreadable == 0 {
			t.Errorf("%s: no gap and nothing unreadable: %+v", p.Name, p.Coverage)
		}
	}
}

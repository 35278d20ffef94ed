package container

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/container/hfsplus"
	"github.com/kinbom/kinbom/sbom/container/pkg"
)

// Each untested feature is said once, and a container without any says nothing.
func TestUntested(t *testing.T) {
	usual := func(n *intake) {
		n.untestedAPFS(&apfs.Container{BlockSize: 4096}, []*apfs.Volume{{}})
		n.untestedPackage(&pkg.Package{Kind: pkg.KindProduct, Components: make([]pkg.Component, 1)})
		n.untestedHFS(hfsplus.Entry{Compressed: true, Packing: 4})
		n.untestedHFS(hfsplus.Entry{Packing: 10}) // the flag is not set
	}
	for _, c := range []struct {
		want string
		do   func(n *intake)
	}{
		{"", usual},
		{"sealed APFS volume", func(n *intake) {
			n.untestedAPFS(&apfs.Container{BlockSize: 4096}, []*apfs.Volume{{Sealed: true}})
		}},
		{"APFS with several volumes", func(n *intake) { n.untestedAPFS(&apfs.Container{BlockSize: 4096}, []*apfs.Volume{{}, {}}) }},
		{"APFS with blocks over 4 KiB", func(n *intake) { n.untestedAPFS(&apfs.Container{BlockSize: 8192}, nil) }},
		{"installer package with several components", func(n *intake) { n.untestedPackage(&pkg.Package{Components: make([]pkg.Component, 2)}) }},
		{"transparent compression without a codec", func(n *intake) { n.untestedHFS(hfsplus.Entry{Compressed: true, Packing: 10}) }},
	} {
		n := &intake{tree: &Tree{}}
		c.do(n)
		c.do(n)
		var got string
		for _, g := range n.tree.Gaps {
			feature, _, _ := strings.Cut(g.Why, ": ")
			got += feature
			if g.Kind != sbom.GapUntested || g.Kind.Missing() || g.Path != "" || g.Count != 1 || g.Offset != -1 {
				t.Errorf("%+v", g)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}

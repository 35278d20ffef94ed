package container

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
)

// The root of a .xip is no entry and no trouble; a file that has its name is both.
func TestXIPRoot(t *testing.T) {
	for _, c := range []struct {
		name string
		lost int
		root archivetest.File
	}{{"folder", 0, archivetest.File{Name: "./"}}, {"file", 1, archivetest.File{Name: ".", Data: "x"}}} {
		t.Run(c.name, func(t *testing.T) {
			payload := archivetest.CPIO("odc", c.root, archivetest.File{Name: "./A.app/"}, archivetest.File{Name: "./A.app/a", Data: "code"})
			file := filepath.Join(t.TempDir(), "a.xip")
			data := archivetest.XAR(archivetest.File{Name: "Content", Data: string(archivetest.PBZX(payload, 300, false))})
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			tree := unpacked(t, file)
			var got []string
			for _, e := range tree.Entries {
				got = append(got, e.Path)
			}
			if d := cmp.Diff([]string{"A.app", "A.app/a"}, got); d != "" {
				t.Errorf("entries (-want +got):\n%s", d)
			}
			if tree.Kind != sbom.InputXIP || tree.Lost.Unreadable != c.lost || len(tree.Gaps) != c.lost+1 || tree.Gaps[0].Kind != sbom.GapUntested {
				t.Errorf("%s, lost %+v, gaps %v", tree.Kind, tree.Lost, tree.Gaps)
			}
		})
	}
}

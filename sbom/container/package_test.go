package container

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/limit"
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

// unpackNamed unpacks bytes under a name that tells their form.
func unpackNamed(t *testing.T, name string, data []byte) *Tree {
	t.Helper()
	dir := t.TempDir()
	name = filepath.Join(dir, name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := Unpack(t.Context(), name, filepath.Join(dir, "out"), limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	checkTree(t, tree)
	return tree
}

// Everything that a xar archive lists is met: links, hard links, and what is no file.
func TestXarEntriesOfAllTypes(t *testing.T) {
	const toc = `<xar><toc><file id="1"><name>a</name><type link="original">hardlink</type><data><offset>20</offset><length>2</length><size>2</size></data></file>
<file id="2"><name>b</name><type link="1">hardlink</type></file><file id="3"><name>c</name><type link="77">hardlink</type></file>
<file id="4"><name>d</name><type>symlink</type><link type="file">a</link></file><file id="5"><name>e</name><type>fifo</type></file><file id="6"><name>f</name><type>directory</type></file></toc></xar>`
	tree := unpackNamed(t, "a.pkg", archivetest.XARRaw([]byte(toc), append(make([]byte, 20), "hi"...)))
	want := `file "a" "hi"
file "b" "hi"
file "c"
symlink "d" -> "a"
other "e"
gap unreadable "c" x1: xar: hard link leads to no file (77)
`
	if diff := cmp.Diff(want, describe(tree)); diff != "" {
		t.Error(diff)
	}
}

// A volume that is there and cannot be opened is not said to be missing.
func TestVolumeThatCannotBeOpened(t *testing.T) {
	volume := make([]byte, 8192)
	copy(volume[1024:], "H+\x00\x04")
	tree := unpackNamed(t, "a.img", volume)
	want := "gap unreadable \"\" x1: hfs+ volume: impossible block size (0) at byte 1064\n"
	if diff := cmp.Diff(want, describe(tree)); diff != "" {
		t.Error(diff)
	}
}

func TestNestedLZMA(t *testing.T) {
	head := []byte("]\x00\x00\x80\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00")
	if f, ok := DetectNested(head, "a.tar.lzma"); !ok || f.Name != "tar" {
		t.Errorf("%q, %v", f.Name, ok)
	}
	if f, ok := DetectNested(head, "a.lzma"); ok {
		t.Errorf("a file that is no archive is taken for %q", f.Name)
	}
}

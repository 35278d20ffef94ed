package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// notSevenZip are images that 7-Zip (26.02) does not read whole, and why.
var notSevenZip = map[string]string{
	"decmpfs-lzfse.dmg": "it does not know decmpfs types 11 and 12",
	"decmpfs-raw.dmg":   "it does not know decmpfs types 9 and 10",
	"hfs-small.dmg":     "it gives up where a file's extents go on in the next node of their tree",
}

// crossCheck wants the release from 7-Zip, which is of another hand: images that
// our own tests write prove little about a reader of ours.
func (d delivery) crossCheck(t *testing.T, want []string, file string) {
	zz, err := exec.LookPath("7zz")
	if err != nil {
		t.Skip("7zz is not installed")
	}
	if why := notSevenZip[d.file]; why != "" {
		t.Skip(why)
	}
	got := listed(t, opened(t, zz, file), "Halcyon/")
	if d := cmp.Diff(want, got); d != "" || len(got) < 100 {
		t.Errorf("%d entries; the release (-), 7zz (+):\n%s", len(got), d)
	}
}

// opened unpacks a file with 7-Zip, and the one volume that is in it when 7-Zip
// stops there.
func opened(t *testing.T, zz, file string) string {
	t.Helper()
	dir := t.TempDir()
	if msg, err := exec.Command(zz, "x", "-y", "-bso0", "-sns-", "-snld20", "-o"+dir, file).CombinedOutput(); err != nil {
		t.Fatalf("7zz: %v\n%s", err, msg)
	}
	for _, end := range []string{"hfs", "hfsx", "apfs", "img"} {
		if m, _ := filepath.Glob(filepath.Join(dir, "*."+end)); len(m) == 1 {
			return opened(t, zz, m[0])
		}
	}
	return dir
}

// listed is a folder as sorted lines: files with their digests, and links. Files
// that a volume keeps for itself are left out, and the volume's own folder too.
func listed(t *testing.T, dir, volume string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		rel = strings.TrimPrefix(filepath.ToSlash(rel), volume)
		if e.Type() == fs.ModeSymlink {
			to, err := os.Readlink(p)
			out = append(out, rel+" -> "+to)
			return err
		}
		b, err := os.ReadFile(p)
		out = append(out, fmt.Sprintf("%s %x", rel, sha256.Sum256(b)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

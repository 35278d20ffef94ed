package container

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/fixtures"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
)

// sevenZip unpacks a file with 7-Zip into a new folder.
func sevenZip(t *testing.T, file string, flags ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	pack(t, filepath.Dir(file), "7zz", append([]string{"x", "-y", "-bso0", "-o" + dir, file}, flags...)...)
	return dir
}

// filesBelow is the part of a listing below a folder, without it. Files that the
// volume or 7-Zip keeps for itself are left out.
func filesBelow(list []string, folder string) []string {
	var out []string
	for _, l := range list {
		if rest, ok := strings.CutPrefix(l, folder); ok && !strings.HasPrefix(rest, "[") && !strings.HasPrefix(rest, ".HFS+ Private") {
			out = append(out, rest)
		}
	}
	return out
}

// The disk image that Apple's hdiutil made: every file is what 7-Zip unpacks.
func TestGenuineImageAgainst7zz(t *testing.T) {
	file := archivetest.Relic(t, "dummy.dmg")
	tree := unpacked(t, file)
	got := treeListing(t, tree)
	want := filesBelow(listing(t, sevenZip(t, file)), "dummy/")
	if d := cmp.Diff(want, got); d != "" || len(got) != 4 || len(tree.Gaps) > 0 {
		t.Errorf("%d files, gaps %v; 7zz (-), we (+):\n%s", len(got), tree.Gaps, d)
	}
}

// The package that Apple's pkgbuild and productbuild made: its own files, and
// those of the payload, in which 7-Zip needs two more steps.
func TestGenuinePackageAgainst7zz(t *testing.T) {
	file := archivetest.Relic(t, "dummy.pkg")
	tree := unpacked(t, file)
	got := treeListing(t, tree)
	outer := sevenZip(t, file)
	cpio := sevenZip(t, filepath.Join(outer, "com.sas.dummy.pkg/Payload"))
	payload := sevenZip(t, filepath.Join(cpio, "Payload~"))
	var want []string
	for _, l := range filesBelow(listing(t, outer), "") {
		if !strings.HasPrefix(l, "com.sas.dummy.pkg/Payload ") { // it is opened
			want = append(want, l)
		}
	}
	for _, l := range listing(t, payload) {
		want = append(want, "com.sas.dummy.pkg/Payload/Applications/"+l)
	}
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" || len(got) != 7 || len(tree.Gaps) > 0 {
		t.Errorf("%d files, gaps %v; 7zz (-), we (+):\n%s", len(got), tree.Gaps, d)
	}
}

// Info-ZIP unpacks the same from a zip that Go wrote and one that 7-Zip wrote.
func TestAgainstUnzip(t *testing.T) {
	unzip, err := exec.LookPath("unzip")
	if err != nil {
		t.Skip("unzip is not installed")
	}
	dir := t.TempDir()
	release := filepath.Join(dir, "release.zip")
	if err := os.WriteFile(release, fixtures.Release(1), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []string{release}
	if _, err := exec.LookPath("7zz"); err == nil {
		other := filepath.Join(dir, "sample.zip")
		pack(t, sampleTree(t), "7zz", "a", "-tzip", "-snl", "-bso0", other, ".")
		files = append(files, other)
	}
	for _, file := range files {
		out := filepath.Join(t.TempDir(), "out")
		if msg, err := exec.Command(unzip, "-q", file, "-d", out).CombinedOutput(); err != nil {
			t.Fatalf("unzip: %v\n%s", err, msg)
		}
		got := treeListing(t, unpacked(t, file))
		if d := cmp.Diff(listing(t, out), got); d != "" || len(got) < 6 {
			t.Errorf("%s: %d entries; unzip (-), we (+):\n%s", filepath.Base(file), len(got), d)
		}
	}
}

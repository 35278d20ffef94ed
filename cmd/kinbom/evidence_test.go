package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/fixtures"
	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
)

// filesByDigest reads every regular file below a folder.
func filesByDigest(t *testing.T, dir string) map[sbom.Digest][]byte {
	t.Helper()
	out := map[sbom.Digest][]byte{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		out[sbom.DigestOf(b)] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// said runs kinbom in a folder; a status of 1 is a verdict.
func said(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	var out, trouble bytes.Buffer
	c := exec.Command("kinbom", args...)
	c.Dir, c.Stdout, c.Stderr = dir, &out, &trouble
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() != statusBroken {
		t.Fatalf("kinbom %v: %v\n%s", args, err, trouble.String())
	}
	return out.Bytes()
}

const statusBroken = 1

// checkBytes wants the bytes of one piece of evidence at its place.
func checkBytes(files map[sbom.Digest][]byte, file sbom.Digest, offset int64, want []byte) error {
	b, ok := files[file]
	if !ok {
		return fmt.Errorf("no file %s", file)
	}
	if offset < 0 || offset+int64(len(want)) > int64(len(b)) || !bytes.Equal(b[offset:offset+int64(len(want))], want) {
		return fmt.Errorf("%q is not at %d of %s", want, offset, file)
	}
	return nil
}

// Every piece of evidence, in the SBOMs and in the report, is in the file that it
// names at the byte that it names, and one whose text follows from other bytes
// shows these: of the whole fixture family, and of the folder
// KINBOM_EVIDENCE of unpacked apps when it is set.
func TestEveryEvidenceIsWhereItSays(t *testing.T) {
	for n := 1; n <= fixtures.Releases; n++ {
		dir := t.TempDir()
		if err := fixtures.Unpack(filepath.Join(dir, "apps"), n); err != nil {
			t.Fatal(err)
		}
		if checked := checkEvidence(t, dir, filepath.Join(dir, "apps")); checked < 50 {
			t.Errorf("release %d: only %d pieces of evidence", n, checked)
		}
	}
	if real := os.Getenv("KINBOM_EVIDENCE"); real != "" {
		t.Logf("%d pieces of evidence in %s", checkEvidence(t, t.TempDir(), real), real)
	}
}

func checkEvidence(t *testing.T, dir, apps string) int {
	t.Helper()
	files := filesByDigest(t, apps)
	said(t, dir, "scan", apps, "-o", "boms")
	s, err := cdx.Load(filepath.Join(dir, "boms"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	look := func(what string, file sbom.Digest, offset int64, b []byte, how string) {
		n++
		if err := checkBytes(files, file, offset, b); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if how != "" && len(b) == 0 {
			t.Errorf("%s: evidence at %d of %s is %s, and no bytes are shown", what, offset, file, how)
		}
	}
	for _, p := range s.Products {
		for _, g := range p.Tags {
			for _, e := range g.Evidence {
				look(p.Name+" "+g.Capability, e.File, e.Offset, e.Bytes, e.How)
			}
		}
		for _, l := range p.Links {
			for _, e := range l.Evidence {
				look(p.Name+" "+string(l.Kind), e.File, e.Offset, e.Bytes, e.How)
			}
		}
		for _, k := range p.Packages {
			for _, e := range k.Evidence {
				look(p.Name+" "+k.Name, e.File, e.Offset, e.Bytes, e.How)
			}
		}
	}
	var r finding.Report
	if err := json.Unmarshal(said(t, dir, "audit", "boms", "--format", "json"), &r); err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Sources {
		for _, e := range g.Evidence {
			look("report "+g.ID, e.SHA256, e.Offset, e.Bytes, e.How)
		}
	}
	return n
}

// The commands that why prints give exactly the bytes of the evidence.
func TestPrintedCommandsShowTheBytes(t *testing.T) {
	for _, tool := range []string{"sh", "dd", "xxd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s", tool)
		}
	}
	dir := t.TempDir()
	if err := fixtures.Unpack(filepath.Join(dir, "apps"), 1); err != nil {
		t.Fatal(err)
	}
	var x finding.Explanation
	if err := json.Unmarshal(said(t, dir, "why", "Halcyon Cleaner", "browser-collection", "apps", "--format", "json"), &x); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range x.Sources {
		for _, c := range s.Checks {
			if !strings.HasSuffix(c.Command, " | xxd") {
				t.Fatalf("%s does not end in xxd", c.Command)
			}
			sh := exec.Command("sh", "-c", c.Command+" | xxd -r") // back again: what xxd printed is what dd read
			sh.Dir = dir
			got, err := sh.Output()
			if n++; err != nil || !bytes.Equal(got, s.Evidence[c.Evidence].Bytes) {
				t.Errorf("%s gives %q, %v; want %q", c.Command, got, err, s.Evidence[c.Evidence].Bytes)
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d commands", n)
	}
}

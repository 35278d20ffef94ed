package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/limit"
)

func asarSample() []byte {
	return archivetest.Asar(
		archivetest.File{Name: "lib/main.js", Data: "main()"}, archivetest.File{Name: "lib/bin/run", Link: "lib/main.js"},
		archivetest.File{Name: "lib/native", Link: "lib/x.node"}, archivetest.File{Name: "lib/x.node", Data: "code", Unpacked: true},
		archivetest.File{Name: "last.js", Data: "last()"})
}

func unpackAsar(t *testing.T, b []byte, m limit.Max) *Tree {
	t.Helper()
	p := filepath.Join(t.TempDir(), "content") // named by no ending, as in a private folder
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	tree, err := UnpackAs(t.Context(), "asar", p, filepath.Join(t.TempDir(), "spool"), limit.New(m))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func TestAsar(t *testing.T) {
	tree := unpackAsar(t, asarSample(), limit.Max{})
	var got []string
	for _, e := range tree.Entries {
		if e.Type == TypeDir {
			continue
		}
		b, _ := os.ReadFile(e.Disk)
		got = append(got, fmt.Sprintf("%s %s %q %s", e.Norm, e.Type, b, e.Link))
		if to, ok := tree.Resolve(e.Norm); !ok || e.Type == TypeSymlink && to != "lib/main.js" {
			t.Errorf("%s leads to %q %v", e.Norm, to, ok)
		}
	}
	want := []string{`last.js file "last()" `, `lib/bin/run symlink "" ../../lib/main.js`, `lib/main.js file "main()" `}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]Beside{{"lib/x.node", sbom.DigestOf([]byte("code"))}}, tree.Beside); d != "" {
		t.Errorf("beside (-want +got):\n%s", d)
	}
	if len(tree.Gaps) != 0 || tree.Kind != sbom.InputAsar {
		t.Errorf("gaps %v, kind %s", tree.Gaps, tree.Kind)
	}
}

// A content that is not what the archive's hash says is there, with a gap.
func TestAsarDifference(t *testing.T) {
	b := asarSample()
	b[len(b)-2] = '['
	tree := unpackAsar(t, b, limit.Max{})
	if len(tree.Gaps) != 1 || tree.Gaps[0].Path != "last.js" || tree.Gaps[0].Kind != sbom.GapInconsistent || tree.Gaps[0].Offset <= 0 {
		t.Fatalf("gaps %v", tree.Gaps)
	}
	if e := tree.Lookup("last.js"); e == nil || e.Why != "" || e.Digest != sbom.DigestOf([]byte("last[)")) {
		t.Errorf("entry %+v", e)
	}
}

// Every cut loses something, and says so; nothing is lost without a word.
func TestAsarCut(t *testing.T) {
	b := asarSample()
	for _, n := range []int{0, 3, 16, 17, 40, len(b) - 3} {
		tree := unpackAsar(t, b[:n], limit.Max{})
		if len(tree.Gaps) == 0 {
			t.Errorf("cut at %d: no gap", n)
		}
	}
	tree := unpackAsar(t, b, limit.Max{Entries: 2})
	if len(tree.Gaps) != 1 || tree.Gaps[0].Kind != sbom.GapLimit {
		t.Errorf("too many entries: %v", tree.Gaps)
	}
}

func TestAsarHostileNames(t *testing.T) {
	tree := unpackAsar(t, archivetest.AsarRaw([]byte(`{"files":{"../up":{"size":2,"offset":"0"},"a":{"size":2,"offset":"0"},"l":{"link":"../../etc"},"b":{"size":9,"offset":"0"}}}`), []byte("hi")), limit.Max{})
	var got []string
	for _, e := range tree.Entries {
		got = append(got, fmt.Sprintf("%s %v", e.Norm, e.Why == ""))
		if _, ok := tree.Resolve(e.Norm); ok == (e.Type == TypeSymlink) {
			t.Errorf("%s resolves: %v", e.Norm, ok)
		}
	}
	if d := cmp.Diff([]string{"a true", "b false", "l true"}, got); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}
	if tree.Lost.Files != 1 || tree.Lost.Unreadable != 1 || len(tree.Gaps) != 2 {
		t.Errorf("lost %+v, gaps %v", tree.Lost, tree.Gaps)
	}
}

func TestDetectAsar(t *testing.T) {
	for name, want := range map[string]bool{"app.asar": true, "App.ASAR": true, "app.bin": false} {
		if f, ok := DetectNested(asarSample(), name); ok != want || want && f.Name != "asar" {
			t.Errorf("%s: %v %s", name, ok, f.Name)
		}
	}
	if f, ok := DetectNested([]byte("damaged"), "app.asar"); !ok || f.Name != "asar" {
		t.Error("a damaged archive is not tried")
	}
	if _, err := UnpackAs(context.Background(), "rar", os.Args[0], t.TempDir(), limit.New(limit.Max{})); !errors.Is(err, ErrUnsupported) {
		t.Errorf("unknown format: %v", err)
	}
}

//go:build unix

package container

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/limit"
)

func TestOpenDir(t *testing.T) {
	dir := t.TempDir()
	makeFolder(t, dir)
	link := filepath.Join(t.TempDir(), "input")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	want := `file "._x" "\x00\x05\x16\a\x00\x02\x00\x00data" ignored
dir "F.framework"
symlink "F.framework/F" -> "Versions/Current/F"
dir "F.framework/Versions"
dir "F.framework/Versions/A"
file "F.framework/Versions/A/F" "code"
symlink "F.framework/Versions/Current" -> "A"
file "Müll" "x"
dir "empty"
symlink "gone" -> "nowhere"
symlink "loop" -> "loop"
symlink "out" -> "../.."
file "z" ""
`
	for _, path := range []string{dir, link} { // the input itself may be a link
		tree, err := OpenDir(t.Context(), path, limit.New(limit.Max{}))
		if err != nil {
			t.Fatal(err)
		}
		checkTree(t, tree)
		if diff := cmp.Diff(want, describe(tree)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestOpenDirErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "f")
	os.WriteFile(file, nil, 0o600)
	b := limit.New(limit.Max{})
	if _, err := OpenDir(t.Context(), filepath.Join(dir, "none"), b); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := OpenDir(t.Context(), file, b); !errors.Is(err, errNotFolder) {
		t.Errorf("file: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenDir(ctx, dir, b); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestOpenDirLimits(t *testing.T) {
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "a/b/c"), 0o700)
	os.MkdirAll(filepath.Join(dir, "many"), 0o700)
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		os.WriteFile(filepath.Join(dir, "many", n), nil, 0o600)
	}
	os.WriteFile(filepath.Join(dir, "big"), make([]byte, 100), 0o600)
	os.WriteFile(filepath.Join(dir, strings.Repeat("n", 50)), nil, 0o600)
	tree, err := OpenDir(t.Context(), dir, limit.New(limit.Max{Entries: 10, Depth: 2, FileSize: 99, PathLength: 40}))
	if err != nil {
		t.Fatal(err)
	}
	checkTree(t, tree)
	want := `dir "a"
dir "a/b"
dir "a/b/c"
file "big"
dir "many"
gap limit "a/b/c" x1: limit on depth hit: more than 2; --limit depth raises it
gap limit "big" x1: limit on file size hit: more than 99; --limit file-size raises it
gap limit "many" x1: limit on entries hit: more than 10; --limit entries raises it
gap limit "` + strings.Repeat("n", 50) + `" x1: limit on path length hit: more than 40; --limit path-length raises it
lost 1: limit on path length hit: more than 40; --limit path-length raises it
`
	if diff := cmp.Diff(want, describe(tree)); diff != "" {
		t.Error(diff)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	os.Mkdir(filepath.Join(dir, "closed"), 0o000)
	os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o000)
	tree, err := OpenDir(t.Context(), dir, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	checkTree(t, tree)
	want := []sbom.Gap{
		{Kind: sbom.GapUnreadable, Path: "closed", Offset: -1, Count: 1, Why: "folder cannot be read: permission denied"},
		{Kind: sbom.GapUnreadable, Path: "secret", Offset: -1, Count: 1, Why: "file cannot be opened: permission denied"},
	}
	if diff := cmp.Diff(want, tree.Gaps); diff != "" {
		t.Error(diff)
	}
}

// A pipe and a socket must neither hang the walk nor be opened as files.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no pipes here")
	}
	tree, err := OpenDir(t.Context(), dir, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(tree); got != "other \"pipe\"\n" {
		t.Error(got)
	}
	if _, err := OpenRegular(pipe); !errors.Is(err, errNotRegular) {
		t.Errorf("pipe: %v", err)
	}
	file, link := filepath.Join(dir, "f"), filepath.Join(dir, "l")
	os.WriteFile(file, nil, 0o600)
	os.Symlink("f", link)
	if _, err := OpenRegular(link); !errors.Is(err, errNotRegular) {
		t.Errorf("link: %v", err)
	}
}

func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "tool"), filepath.Join(dir, "alias")
	os.WriteFile(file, []byte("code"), 0o600)
	os.Symlink("tool", link)
	for path, want := range map[string]string{file: "file \"tool\" \"code\"\n", link: "file \"alias\" \"code\"\n"} {
		tree, err := OpenFile(path, limit.New(limit.Max{}))
		if err != nil {
			t.Fatal(err)
		}
		checkTree(t, tree)
		if got := describe(tree); got != want || tree.Kind != sbom.InputFile {
			t.Errorf("%s, kind %s", got, tree.Kind)
		}
	}
	tree, err := OpenFile(file, limit.New(limit.Max{FileSize: 3}))
	if err != nil || len(tree.Gaps) != 1 || tree.Entries[0].Disk != "" {
		t.Errorf("over the limit: %+v, %v", tree, err)
	}
	if _, err := OpenFile(dir, limit.New(limit.Max{})); err == nil {
		t.Error("folder: no error")
	}
}

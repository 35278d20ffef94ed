//go:build unix

package scan

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// A file that changes between hashing and reading is a gap of its own; the
// scan goes on, and others of the product are read.
func TestFileChanges(t *testing.T) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	for name, change := range map[string]func(path string){
		"cut":       func(p string) { must(os.Truncate(p, 100)) },
		"emptied":   func(p string) { must(os.Truncate(p, 0)) },
		"grown":     func(p string) { must(os.Truncate(p, 1<<20)) },
		"removed":   func(p string) { must(os.Remove(p)) },
		"other":     func(p string) { must(os.WriteFile(p, machotest.Sample(true), 0o644)) },
		"link":      func(p string) { must(os.Remove(p)); must(os.Symlink("App", p)) },
		"pipe":      func(p string) { must(os.Remove(p)); must(syscall.Mkfifo(p, 0o644)) },
		"folder":    func(p string) { must(os.Remove(p)); must(os.Mkdir(p, 0o755)) },
		"forbidden": func(p string) { must(os.Chmod(p, 0)); must(os.Truncate(p, 10)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			app(t, dir, "App", machotest.Sample(false))
			other := filepath.Join(dir, "App.app/Contents/MacOS/other")
			write(t, other, append(machotest.Sample(false), make([]byte, 64<<10)...))
			o := options(t, dir)
			files := 3
			o.Progress = func(done, _ int, what string) { // called one at a time
				if what == "hashing" && done == files {
					change(other)
				}
			}
			s := run(t, o)
			if len(s.Products) != 1 {
				t.Fatalf("%d products", len(s.Products))
			}
			p := s.Products[0]
			if c := p.Coverage; c.Files != 3 || c.Analysed != 2 || c.Unreadable != 1 {
				t.Errorf("coverage %+v", c)
			}
			var gaps []sbom.Gap
			for _, g := range p.Gaps {
				if strings.HasSuffix(g.Path, "MacOS/other") {
					gaps = append(gaps, g)
				}
			}
			if len(gaps) != 1 || gaps[0].Why != "it changed while it was read" || gaps[0].Kind != sbom.GapUnreadable {
				t.Errorf("gaps %+v", gaps)
			}
		})
	}
}

// A file that stays as it is has not changed, whoever reads it.
func TestFileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, []byte("x"))
	f := &file{disk: path}
	if f.changed() {
		t.Error("a file without a stamp changed")
	}
	f.stamp = stampOf(path)
	if f.changed() {
		t.Error("a file that nobody touched changed")
	}
	write(t, path, []byte("xy"))
	if !f.changed() {
		t.Error("a longer file did not change")
	}
}

//go:build unix

package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinbom/kinbom/fixtures"
)

// fault is one run of the real command that something goes wrong with. Its
// temporary files have a folder of their own.
type fault struct {
	t                *testing.T
	apps, temp, boms string
}

// newFault unpacks the fixture family's first release.
func newFault(t *testing.T) *fault {
	t.Helper()
	dir := t.TempDir()
	f := &fault{t: t, apps: filepath.Join(dir, "apps"), temp: filepath.Join(dir, "temp"), boms: filepath.Join(dir, "out", "boms")}
	for _, d := range []string{f.apps, f.temp, filepath.Dir(f.boms)} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := fixtures.Unpack(f.apps, 1); err != nil {
		t.Fatal(err)
	}
	return f
}

// slow adds a file that takes seconds to hash and no space: whoever wants to
// interfere has time for it.
func (f *fault) slow() {
	f.t.Helper()
	name := filepath.Join(f.apps, "slow.bin")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Truncate(name, 15<<30); err != nil {
		f.t.Skipf("no sparse files here: %v", err)
	}
}

// command is kinbom scan, ready to start; what it says goes to the builders.
func (f *fault) command(more ...string) (c *exec.Cmd, stdout, stderr *strings.Builder) {
	stdout, stderr = &strings.Builder{}, &strings.Builder{}
	c = exec.CommandContext(f.t.Context(), "kinbom", append([]string{"scan", f.apps, "-o", f.boms}, more...)...)
	c.Env = append(os.Environ(), "TMPDIR="+f.temp)
	c.Stdout, c.Stderr = stdout, stderr
	return c, stdout, stderr
}

// until waits for something that is bound to come.
func (f *fault) until(what string, ok func() bool) {
	f.t.Helper()
	for range 60_000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	f.t.Fatalf("waited in vain: %s", what)
}

// found says whether a pattern matches something in the temporary folder.
func (f *fault) found(pattern string) bool {
	m, _ := filepath.Glob(filepath.Join(f.temp, pattern))
	return len(m) > 0
}

// clean says what a run left behind that it should not have.
func (f *fault) clean() {
	f.t.Helper()
	for _, dir := range []string{f.temp, filepath.Dir(f.boms)} {
		list, err := os.ReadDir(dir)
		if err != nil {
			f.t.Fatal(err)
		}
		for _, e := range list {
			f.t.Errorf("left behind: %s in %s", e.Name(), filepath.Base(dir))
		}
	}
}

// many adds files that take a while to read: libraries of different content.
func (f *fault) many() {
	f.t.Helper()
	dir := filepath.Join(f.apps, "Halcyon Cleaner.app/Contents")
	code, err := os.ReadFile(filepath.Join(dir, "MacOS/HalcyonCleaner"))
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range 300 {
		b := fmt.Appendf(slices.Clone(code), "%d", i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("Resources/many-%d.dylib", i)), b, 0o644); err != nil {
			f.t.Fatal(err)
		}
	}
}

// zipped adds an archive that takes a while to unpack: the same deflated bytes
// over and over.
func (f *fault) zipped() {
	f.t.Helper()
	const chunk, times = 1 << 20, 2000
	noise := make([]byte, 2<<10)
	rand.NewChaCha8([32]byte{}).Read(noise)
	var one bytes.Buffer
	d, err := flate.NewWriter(&one, flate.BestSpeed)
	if err != nil {
		f.t.Fatal(err)
	}
	d.Write(bytes.Repeat(noise, chunk/len(noise)))
	d.Flush() // not closed: the next chunk follows
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&zip.FileHeader{Name: "slow.bin", Method: zip.Deflate,
		CompressedSize64: uint64(one.Len()*times + 5), UncompressedSize64: chunk * times})
	if err != nil {
		f.t.Fatal(err)
	}
	for range times {
		w.Write(one.Bytes())
	}
	w.Write([]byte{1, 0, 0, 0xff, 0xff}) // an empty last block
	if err := z.Close(); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.apps, "slow.zip"), b.Bytes(), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// moments are the points of a scan at which a test strikes: what makes the scan
// stay there, and the file in the temporary folder that shows that it is there.
var moments = []struct {
	name, sign string
	prepare    func(*fault)
}{
	{"hashing", "kinbom-*/rules", (*fault).slow},
	{"unpacking", "kinbom-*/spool/*", (*fault).zipped},
	{"reading", "kinbom-*/read-*", (*fault).many},
}

// A killed scan leaves nothing in the temporary folder, and no result.
func TestKilledScanLeavesNothing(t *testing.T) {
	for _, m := range moments {
		t.Run(m.name, func(t *testing.T) {
			f := newFault(t)
			m.prepare(f)
			c, _, _ := f.command()
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			f.until(m.sign, func() bool { return f.found(m.sign) })
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if c.Wait(); c.ProcessState.Exited() {
				t.Fatalf("the scan was over too soon: %v", c.ProcessState)
			}
			f.until("the end of the private folder", func() bool { return !f.found("*") })
			f.clean()
		})
	}
}

// An interrupted scan says so, fails, and leaves nothing.
func TestSignals(t *testing.T) {
	for i, m := range moments {
		sig := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
		t.Run(m.name+" "+sig.String(), func(t *testing.T) {
			f := newFault(t)
			m.prepare(f)
			c, out, errs := f.command()
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			f.until(m.sign, func() bool { return f.found(m.sign) })
			if err := c.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			c.Wait()
			if got := c.ProcessState.ExitCode(); got != statusFailed {
				t.Errorf("exit status %d, want %d", got, statusFailed)
			}
			if got, want := errs.String(), "kinbom: error: interrupted; nothing was written\n"; got != want || out.Len() > 0 {
				t.Errorf("said %q and %q, want %q", got, out, want)
			}
			f.clean()
		})
	}
}

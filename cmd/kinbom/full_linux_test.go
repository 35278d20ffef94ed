package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/kinbom/kinbom/fixtures"
)

// A full disk ends the run with a clear error and leaves nothing, wherever in
// the scan it strikes; with enough room the same run passes.
func TestFullDisk(t *testing.T) {
	for _, c := range []struct {
		name, size string
		zip        bool
		passes     bool
	}{
		{"no file fits", "4k", false, false},
		{"the rules do not fit", "32k", false, false},
		{"results do not fit", "72k", false, false},
		{"an archive does not fit", "1m", true, false},
		{"all fits", "64m", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFault(t)
			if err := syscall.Mount("tmpfs", f.temp, "tmpfs", 0, "size="+c.size); err != nil {
				t.Skipf("a small disk cannot be mounted here (only root can): %v", err)
			}
			t.Cleanup(func() {
				if err := syscall.Unmount(f.temp, 0); err != nil {
					t.Error(err)
				}
			})
			if c.zip {
				if err := os.WriteFile(filepath.Join(f.apps, "again.zip"), fixtures.Release(1), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			cmd, out, errs := f.command()
			cmd.Run()
			status := cmd.ProcessState.ExitCode()
			if c.passes {
				if status != statusClean || errs.Len() > 0 {
					t.Errorf("exit status %d: %s", status, errs)
				}
				return
			}
			if status != statusFailed || out.Len() > 0 {
				t.Errorf("exit status %d, said %q", status, out)
			}
			const want = "kinbom: error: no room in the folder for temporary files: "
			if !strings.HasPrefix(errs.String(), want) || !strings.Contains(errs.String(), "\nkinbom: hint: set TMPDIR") || strings.Contains(errs.String(), f.temp) {
				t.Errorf("said %q", errs)
			}
			f.clean()
		})
	}
}

// A disk that fills up while the result is written: a clear error, and what was
// there stays.
func TestFullDiskOfTheResult(t *testing.T) {
	f := newFault(t)
	disk := filepath.Dir(f.boms)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small disk cannot be mounted here (only root can): %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	for n, free := 0, []int{0, 64 << 10}; n < 2; n++ {
		fill := filepath.Join(disk, "fill")
		if err := os.WriteFile(fill, bytes.Repeat([]byte("x"), 1<<20-free[n]-8<<10), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd, out, errs := f.command()
		cmd.Run()
		if status := cmd.ProcessState.ExitCode(); status != statusFailed || out.Len() > 0 || !strings.Contains(errs.String(), "no space left on device") {
			t.Errorf("exit status %d, said %q and %q", status, out, errs)
		}
		if list, _ := os.ReadDir(f.boms); len(list) > 0 {
			t.Errorf("half-written: %v", list)
		}
		os.Remove(fill)
	}
}

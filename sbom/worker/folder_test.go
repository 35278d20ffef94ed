package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// role makes a command that starts the test binary in a role.
func role(name string) Command {
	return func(ctx context.Context) *exec.Cmd {
		c := exec.CommandContext(ctx, os.Args[0])
		c.Env = append(os.Environ(), roleEnv+"="+name)
		return c
	}
}

// beFolder makes a private folder with something in it, says where, and waits
// to be killed.
func beFolder() {
	f, err := MakeFolder(role("watcher"))
	if err == nil {
		err = os.MkdirAll(filepath.Join(f.Path, "spool", "deep"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(f.Path, "spool", "deep", "file"), []byte("x"), 0o400)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Print(f.Path)
	os.Stdout.Close()
	io.Copy(io.Discard, os.Stdin)
	select {}
}

// temp makes the folder for temporary files an empty one of the test.
func temp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if os.TempDir() != dir {
		t.Skip("this system has no TMPDIR")
	}
	return dir
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

// Without its parent, the watcher removes the folder, and only that.
func TestFolderGoesWithAKilledParent(t *testing.T) {
	dir := temp(t)
	if err := os.WriteFile(filepath.Join(dir, "kinbom-mine"), []byte("not yours"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := role("folder")(t.Context())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	path := string(said)
	if _, err := os.Stat(filepath.Join(path, "spool", "deep", "file")); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	for range 600 {
		if _, err := os.Lstat(path); err != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := names(t, dir); len(got) != 1 || got[0] != "kinbom-mine" {
		t.Errorf("left over: %q", got)
	}
}

// A normal end removes the folder and ends the watcher.
func TestFolderRemove(t *testing.T) {
	dir := temp(t)
	for _, watcher := range []Command{nil, role("watcher")} {
		f, err := MakeFolder(watcher)
		if err != nil {
			t.Fatal(err)
		}
		if fi, err := os.Stat(f.Path); err != nil || fi.Mode().Perm() != 0o700 {
			t.Errorf("folder %v, %v", fi, err)
		}
		if err := f.Remove(); err != nil {
			t.Error(err)
		}
		if got := names(t, dir); len(got) != 0 {
			t.Errorf("left over: %q", got)
		}
		if watcher != nil && f.watcher.ProcessState == nil {
			t.Error("the watcher was not reaped")
		}
	}
}

func TestFolderCannotBeMade(t *testing.T) {
	dir := temp(t)
	if _, err := MakeFolder(func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, filepath.Join(dir, "none")) }); err == nil {
		t.Error("a watcher that cannot be started gave no error")
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	if f, err := MakeFolder(role("watcher")); err == nil {
		t.Errorf("made %s", f.Path)
	}
}

// A watcher that died before it was told what to watch is noticed, and another
// one is started.
func TestWatcherGoneTooEarly(t *testing.T) {
	dir := temp(t)
	once := func(gone bool) (*Folder, error) {
		f := &Folder{}
		if err := f.watch(role("watcher")); err != nil {
			t.Fatal(err)
		}
		if gone {
			killGroup(f.watcher.Process)
			f.watcher.Wait()
		}
		return f, f.make()
	}
	for deaths, want := range map[int]int{0: 1, 1: 2, 2: 3, 3: 3, 4: 3} { // tries
		tries := 0
		f, err := insist(func() (*Folder, error) { tries++; return once(tries <= deaths) })
		if tries != want || (err == nil) != (deaths < maxWatchers) {
			t.Errorf("%d watchers die: %d tries, %v", deaths, tries, err)
		}
		if err == nil {
			err = f.Remove()
		} else if errors.Is(err, syscall.EPIPE) {
			err = nil
		}
		if err != nil {
			t.Error(err)
		}
		if got := names(t, dir); len(got) != 0 {
			t.Errorf("%d watchers die: left over: %q", deaths, got)
		}
	}
	tries := 0
	if _, err := insist(func() (*Folder, error) { tries++; return nil, syscall.ENOSPC }); tries != 1 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d tries of what fails otherwise, %v", tries, err)
	}
}

// A watcher touches nothing that MakeFolder cannot have made.
func TestWatcherRefuses(t *testing.T) {
	dir := temp(t)
	mark := func(parts ...string) string {
		t.Helper()
		p := filepath.Join(append([]string{dir}, parts...)...)
		if err := os.MkdirAll(p, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p, folderMark), []byte(filepath.Base(p)), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := mark("kinbom-1")
	link := filepath.Join(dir, "kinbom-2")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(dir, "kinbom-3")
	if err := os.Mkdir(bare, 0o700); err != nil {
		t.Fatal(err)
	}
	other := mark("kinbom-4")
	if err := os.WriteFile(filepath.Join(other, folderMark), []byte("kinbom-5"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{mark("other-1"), mark("deeper", "kinbom-1"), link, bare, other, mark("kinbom-"),
		dir, good + "/", good + "/../kinbom-1", dir + "/./kinbom-4"} {
		if err := WatchFolder(strings.NewReader(path)); err == nil {
			t.Errorf("%s was accepted", path)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"", filepath.Join(dir, "kinbom-none")} { // gone already
		if err := WatchFolder(strings.NewReader(path)); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	if err := WatchFolder(strings.NewReader(good)); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(good); err == nil {
		t.Errorf("%s is still there", good)
	}
}

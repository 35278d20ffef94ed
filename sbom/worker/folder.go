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
	"time"
)

// The name of a private folder, and of the file in it that says whose it is.
const (
	folderPrefix = "kinbom-"
	folderMark   = ".kinbom-private"
)

// Folder is the private folder of one run. It goes away with the run, however
// that ends: a watcher, which is a process of its own, removes it when this
// process is gone without having done so.
type Folder struct {
	Path string

	watcher *exec.Cmd // nil: nobody watches
	line    *os.File  // the watcher's standard input: it ends when this process does
}

// MakeFolder makes a private folder below os.TempDir. The command starts the
// watcher: it must run WatchFolder on its standard input. Without a command
// nobody watches.
func MakeFolder(watcher Command) (*Folder, error) {
	return insist(func() (*Folder, error) {
		f := &Folder{}
		if watcher != nil { // started first, and told last: so that a folder is never long alone
			if err := f.watch(watcher); err != nil {
				return nil, fmt.Errorf("starting the watcher of the private folder: %w", err)
			}
		}
		if err := f.make(); err != nil {
			f.dismiss()
			return nil, fmt.Errorf("making a private folder: %w", err)
		}
		return f, nil
	})
}

// maxWatchers is how many watchers are started when one dies before it is told
// what to watch.
const maxWatchers = 3

// insist makes a folder, again when its watcher is gone before it was told.
func insist(once func() (*Folder, error)) (f *Folder, err error) {
	for range maxWatchers {
		if f, err = once(); !errors.Is(err, syscall.EPIPE) {
			break
		}
	}
	return f, err
}

// watch starts the watcher. It gets no other file of this process: nobody who
// reads our output waits for it.
func (f *Folder) watch(watcher Command) error {
	in, line, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := watcher(context.Background())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, nil, nil
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		line.Close()
		return err
	}
	f.watcher, f.line = cmd, line
	return nil
}

func (f *Folder) make() error {
	path, err := os.MkdirTemp("", folderPrefix)
	if err != nil {
		return err
	}
	mark := filepath.Join(path, folderMark)
	err = os.WriteFile(mark, []byte(filepath.Base(path)), 0o600)
	if err == nil && f.line != nil {
		_, err = f.line.WriteString(path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(path))
	}
	f.Path = path
	return nil
}

// Remove removes the folder and everything in it, and ends the watcher. What
// cannot be removed is left to the watcher, which tries for some seconds more.
func (f *Folder) Remove() error {
	if err := os.RemoveAll(f.Path); err != nil {
		if f.line != nil {
			f.line.Close()
		}
		return fmt.Errorf("removing the private folder: %w", err)
	}
	f.dismiss()
	return nil
}

// dismiss ends the watcher: it has nothing left to do.
func (f *Folder) dismiss() {
	if f.watcher == nil {
		return
	}
	killGroup(f.watcher.Process)
	f.line.Close()
	f.watcher.Wait()
}

// How the watcher insists: a reader that outlives the parent for a moment may
// still write.
const (
	watchLooks = 25
	watchEvery = 200 * time.Millisecond
	longestDir = 32 << 10 // bytes of a path
)

// WatchFolder is the whole life of a watcher. It reads the path of a private
// folder from in until that ends, which is when the parent is gone, and removes
// the folder if it is still there. A path that MakeFolder cannot have made is
// refused: it must lie directly in os.TempDir, bear our prefix, be a folder and
// no link, and hold our mark with its own name.
func WatchFolder(in io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(in, longestDir))
	if err != nil {
		return fmt.Errorf("reading the path of the private folder: %w", err)
	}
	path := string(b)
	if _, err := os.Lstat(path); path == "" || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := checkFolder(path); err != nil {
		return fmt.Errorf("the private folder is left alone: %w", err)
	}
	for looks, calm := 0, 0; looks < watchLooks && calm < 2; looks++ {
		if err = os.RemoveAll(path); err == nil {
			calm++
		} else {
			calm = 0
		}
		if calm < 2 {
			time.Sleep(watchEvery)
		}
	}
	return err
}

// checkFolder says why a path is not that of a private folder.
func checkFolder(path string) error {
	dir, name := filepath.Split(path)
	sep := string(filepath.Separator) // as MkdirTemp joins the two: nothing is cleaned
	if strings.TrimSuffix(dir, sep) != strings.TrimSuffix(os.TempDir(), sep) {
		return fmt.Errorf("%s is not directly in %s", path, os.TempDir())
	}
	if !strings.HasPrefix(name, folderPrefix) || len(name) == len(folderPrefix) {
		return fmt.Errorf("the name of %s does not begin with %s", path, folderPrefix)
	}
	if fi, err := os.Lstat(path); err != nil || !fi.IsDir() {
		return fmt.Errorf("%s is not a folder", path)
	}
	fi, err := os.Lstat(filepath.Join(path, folderMark))
	if err != nil || !fi.Mode().IsRegular() || fi.Size() != int64(len(name)) {
		return fmt.Errorf("%s does not hold our mark", path)
	}
	if mark, err := os.ReadFile(filepath.Join(path, folderMark)); err != nil || string(mark) != name {
		return fmt.Errorf("%s holds the mark of another folder", path)
	}
	return nil
}

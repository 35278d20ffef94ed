package container

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/kinbom/kinbom/sbom"
)

// objects is the folder of contents in a private folder: one file for each,
// named by its digest.
const objects = "objects"

// spool stores contents under their digests. All names that it uses are its
// own: digests and numbers.
type spool struct {
	dir  string
	root *os.Root             // so that a link planted in dir leads nowhere
	made map[sbom.Digest]bool // small contents stored by this spool
	next int
	buf  []byte
}

func openSpool(dir string) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := root.Mkdir(objects, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		root.Close()
		return nil, err
	}
	return &spool{dir: dir, root: root, made: map[sbom.Digest]bool{}, buf: make([]byte, 256<<10)}, nil
}

func (s *spool) close() { s.root.Close() }

// scratch makes a file that is gone when remove is called, at the latest with
// the private folder.
func (s *spool) scratch() (f *os.File, remove func(), err error) {
	name := "scratch-" + strconv.Itoa(os.Getpid())
	s.root.Remove(name)
	f, err = s.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("making a file for unpacked bytes: %w", err)
	}
	return f, func() {
		f.Close()
		s.root.Remove(name)
	}, nil
}

// content is what was stored.
type content struct {
	disk   string
	digest sbom.Digest
	size   int64
	head   []byte // the first headSize bytes
}

// sourceError is an error of the source, not of the spool.
type sourceError struct{ err error }

func (e *sourceError) Error() string { return e.err.Error() }
func (e *sourceError) Unwrap() error { return e.err }

// put stores what r gives. When r fails, nothing is kept and the error is a
// *sourceError; other errors are the disk's.
func (s *spool) put(r io.Reader) (content, error) {
	n := 0
	for {
		m, err := r.Read(s.buf[n:])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			return content{}, &sourceError{err}
		}
		if n == len(s.buf) {
			return s.putLarge(io.MultiReader(bytes.NewReader(bytes.Clone(s.buf)), r))
		}
	}
	return s.putSmall(s.buf[:n])
}

// putSmall stores a content that is in memory: most are, and many are met more
// than once. A file that is there and has another size was left half written by
// a process that died.
func (s *spool) putSmall(data []byte) (content, error) {
	c := content{digest: sbom.DigestOf(data), size: int64(len(data)), head: bytes.Clone(data[:min(len(data), headSize)])}
	name := objects + "/" + string(c.digest)
	c.disk = filepath.Join(s.dir, objects, string(c.digest))
	if s.made[c.digest] {
		return c, nil
	}
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if info, serr := s.root.Lstat(name); serr != nil || !info.Mode().IsRegular() || info.Size() != c.size {
			return s.putLarge(bytes.NewReader(bytes.Clone(data)))
		}
		s.made[c.digest] = true
		return c, nil
	}
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
		if err != nil {
			s.root.Remove(name)
		}
	}
	if err != nil {
		return content{}, fmt.Errorf("storing unpacked bytes: %w", err)
	}
	s.made[c.digest] = true
	return c, nil
}

// putLarge stores a content piece by piece under a number, and gives it its
// name when that is known.
func (s *spool) putLarge(r io.Reader) (c content, err error) {
	f, part, err := s.create()
	if err != nil {
		return content{}, fmt.Errorf("storing unpacked bytes: %w", err)
	}
	h := sha256.New()
	c, err = s.fill(f, h, r)
	if cerr := f.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("storing unpacked bytes: %w", cerr)
	}
	if err != nil {
		s.root.Remove(part)
		return content{}, err
	}
	name := hex.EncodeToString(h.Sum(nil))
	if err := s.root.Rename(part, objects+"/"+name); err != nil {
		return content{}, fmt.Errorf("storing unpacked bytes: %w", err)
	}
	c.digest, c.disk = sbom.Digest(name), filepath.Join(s.dir, objects, name)
	return c, nil
}

// create makes a new file for a content whose digest is not known yet.
func (s *spool) create() (*os.File, string, error) {
	for {
		s.next++
		part := objects + "/part-" + strconv.Itoa(os.Getpid()) + "-" + strconv.Itoa(s.next)
		f, err := s.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, part, err
		}
	}
}

func (s *spool) fill(f *os.File, h hash.Hash, r io.Reader) (c content, err error) {
	for {
		n, rerr := r.Read(s.buf)
		p := s.buf[:n]
		c.size += int64(n)
		c.head = append(c.head, p[:min(n, headSize-len(c.head))]...)
		h.Write(p)
		if _, err := f.Write(p); err != nil {
			return content{}, fmt.Errorf("storing unpacked bytes: %w", err)
		}
		if rerr == io.EOF {
			return c, nil
		}
		if rerr != nil {
			return content{}, &sourceError{rerr}
		}
	}
}

// OpenRegular opens a regular file for reading. It does not hang on a pipe and
// does not follow a symbolic link at the end of the path, so that what is read
// is what was listed.
func OpenRegular(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil {
		var listed fs.FileInfo
		if listed, err = os.Lstat(name); err == nil && (!opened.Mode().IsRegular() || !os.SameFile(opened, listed)) {
			err = &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

var errNotRegular = errors.New("not a regular file")

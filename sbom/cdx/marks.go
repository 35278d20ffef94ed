package cdx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/kinbom/kinbom/sbom"
)

// MarksFile is the name of the file with the marks of an image, in the folder
// of marks.
func MarksFile(image sbom.Digest) string { return string(image) + marksEnd }

// MarksFolder is the folder of marks in a folder that Save wrote.
func MarksFolder(dir string) string { return filepath.Join(dir, marksDir) }

// maxMarks is the largest file of marks that is read, in bytes.
const maxMarks = 1 << 30

// Marks reads the marks of images out of a folder of marks, from several goroutines
// at once.
//
// The bytes of a file are compared with the digest that its image names when it is
// read first. After that they are compared with a sum of those first bytes, under a
// key that nobody knows: that takes a twentieth of the time, and other bytes are an
// error as before.
type Marks struct {
	dir  string
	want map[sbom.Digest]sbom.Digest // image -> digest of its file of marks
	seed maphash.Seed

	mu   sync.Mutex
	seen map[sbom.Digest]uint64 // image -> sum of its file, which was the right one
}

// NewMarks reads from a folder. want gives the digest of each image's file of marks.
func NewMarks(dir string, want map[sbom.Digest]sbom.Digest) *Marks {
	return &Marks{dir: dir, want: want, seed: maphash.MakeSeed(), seen: map[sbom.Digest]uint64{}}
}

// Read reads the file of marks of an image; other bytes than those that the image
// names are an error. Errors do not name the image: equal ones can be told together.
func (m *Marks) Read(image sbom.Digest) ([]byte, error) {
	if !image.Valid() {
		return nil, fmt.Errorf("marks of image %q: that is no digest", image)
	}
	root, err := os.OpenRoot(m.dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of marks: %w", cause(err))
	}
	defer root.Close()
	b, err := readWhole(root, MarksFile(image), maxMarks)
	if err != nil {
		return nil, fmt.Errorf("the file of marks: %w", cause(err))
	}
	if !m.right(image, b) {
		return nil, errors.New("the file of marks was changed: it is not the one that the image names")
	}
	return b, nil
}

// right reports whether the bytes are those that the image names.
func (m *Marks) right(image sbom.Digest, b []byte) bool {
	sum := maphash.Bytes(m.seed, b)
	m.mu.Lock()
	old, seen := m.seen[image]
	m.mu.Unlock()
	if seen {
		return sum == old
	}
	if sbom.DigestOf(b) != m.want[image] {
		return false
	}
	m.mu.Lock()
	m.seen[image] = sum
	m.mu.Unlock()
	return true
}

// takeMarks copies the marks of a product's images into the stage, each image's
// once. Marks that are not those that the image names are an error: they would
// tie it to code that it does not have.
func (s *Saver) takeMarks(p *sbom.Product) error {
	if s.o.Marks == "" {
		return nil
	}
	for i := range p.Images {
		m := &p.Images[i]
		if m.Marks == "" {
			continue
		}
		s.mu.Lock()
		taken := s.marks[m.Digest]
		s.marks[m.Digest] = true
		s.mu.Unlock()
		if taken {
			continue
		}
		sum, err := copyFile(filepath.Join(s.o.Marks, MarksFile(m.Digest)), filepath.Join(s.stage, MarksFile(m.Digest)))
		if err != nil {
			return fmt.Errorf("marks of image %s: %w", m.Digest.Short(), err)
		}
		if sum != m.Marks {
			return fmt.Errorf("marks of image %s are not those that it names", m.Digest.Short())
		}
	}
	return nil
}

// copyFile copies a file and returns the digest of its content.
func copyFile(from, to string) (sum sbom.Digest, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, h), in); err != nil {
		return "", err
	}
	return sbom.Digest(hex.EncodeToString(h.Sum(nil))), nil
}

// placeMarks moves the marks out of the stage and returns their names in the folder.
func (s *Saver) placeMarks() (map[string]bool, error) {
	keep := map[string]bool{}
	for image := range s.marks { // any order: nothing but files comes of it
		name := MarksFile(image)
		keep[marksDir+"/"+name] = true
		if err := os.Rename(filepath.Join(s.stage, name), filepath.Join(s.dir, marksDir, name)); err != nil {
			return nil, err
		}
	}
	return keep, nil
}

package scan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho"
)

// hasPass are the architectures that the pass over the instructions reads. The
// code of others has no marks: nothing is said of its kinship, and what was
// looked for in its literals and names stays as good as it is.
var hasPass = []string{"arm64", "arm64e", "arm64_32", "x86_64", "x86_64h"}

// mark makes the marks of one slice and saves them in a folder, in the child. It
// adds what it has to say to the answer. Equal slices have equal marks, wherever
// they were met.
func (a *sliceAnalysis) mark(in analyser, s *macho.Slice) error {
	folder := in.marks
	if folder == "" || !slices.Contains(hasPass, s.Image.Arch) || s.Image.Type == "dsym" {
		return nil
	}
	code := s.Code()
	a.Gaps = s.Gaps
	if code == nil {
		return nil
	}
	set, refs := fingerprint.Pass(code)
	set.Image, set.Arch = s.Image.Digest, s.Image.Arch
	a.Tags = locate(in.rules, &s.Unit, a.Tags, set, refs, in.file, s.Offset)
	sum, sizes, err := saveMarks(folder, set)
	if full(err) {
		return errors.New(noRoom + plainly(err).Error())
	}
	if err != nil {
		return fmt.Errorf("saving the marks of a slice: %w", err)
	}
	a.Image.Marks, a.MarkSizes = sum, sizes
	return nil
}

// saveMarks writes a file of marks. Another child may write that of the same
// slice at the same time: each gives its own file the name when it is complete,
// and both have the same content.
func saveMarks(folder string, set *fingerprint.Set) (sum sbom.Digest, sizes fingerprint.Sizes, err error) {
	f, err := os.CreateTemp(folder, ".marks-")
	if err != nil {
		return "", sizes, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	h := sha256.New()
	sizes, err = fingerprint.Write(io.MultiWriter(f, h), set)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", sizes, err
	}
	sum = sbom.Digest(hex.EncodeToString(h.Sum(nil)))
	return sum, sizes, os.Rename(f.Name(), filepath.Join(folder, cdx.MarksFile(set.Image)))
}

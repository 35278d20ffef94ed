package scan

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/attribute"
	"github.com/kinbom/kinbom/sbom/cdx"
	"github.com/kinbom/kinbom/sbom/fingerprint"
	"github.com/kinbom/kinbom/sbom/macho"
)

// hasPass are the architectures that the pass over the instructions reads.
var hasPass = []string{"arm64", "arm64e", "arm64_32", "x86_64", "x86_64h"}

// look matches the rules and makes the marks of one slice, which it saves in a
// folder, in the child. It adds what it has to say to the answer. Equal slices
// have equal marks, wherever they were met. A slice that has no code has marks
// too: those of no function. So a slice without marks always has a gap that says
// why: nothing is known of its kinship, while what was looked for in its literals
// and names stays as good as it is.
func (a *sliceAnalysis) look(in analyser, s *macho.Slice) error {
	if in.marks == "" || in.basic {
		a.Tags = attribute.Image(in.rules, s, in.file, !in.basic)
		return nil
	}
	code, set, refs := a.pass(in, s)
	if set == nil {
		a.Tags = attribute.Image(in.rules, s, in.file, true)
		return nil
	}
	set.Image, set.Arch = s.Image.Digest, s.Image.Arch
	tags, over := attribute.Units(in.rules, s, code, set, refs, in.file)
	if a.Tags = tags; over != nil {
		a.Gaps = append(a.Gaps, sbom.Gap{Kind: sbom.GapLimit, Image: s.Image.Digest, Offset: s.Offset - in.base, Count: 1, Why: over.Error()})
	}
	sum, sizes, err := saveMarks(in.marks, set)
	if full(err) {
		return errors.New(noRoom + plainly(err).Error())
	}
	if err != nil {
		return fmt.Errorf("saving the marks of a slice: %w", err)
	}
	a.Image.Marks, a.MarkSizes = sum, sizes
	return nil
}

// pass reads the instructions of a slice, or says in a gap why it cannot: then
// there is no set; without code there is a set of no function. Trouble that only the reader of code met costs marks alone.
func (a *sliceAnalysis) pass(in analyser, s *macho.Slice) (*fingerprint.Code, *fingerprint.Set, []fingerprint.Reference) {
	gap := func(format string, args ...any) {
		a.Gaps = append(a.Gaps, sbom.Gap{Kind: sbom.GapNoMarks, Image: s.Image.Digest, Offset: s.Offset - in.base, Count: 1, Why: fmt.Sprintf(format, args...)})
	}
	if !slices.Contains(hasPass, s.Image.Arch) {
		gap("the instructions of %s are not read: the kinship of this code is unknown", s.Image.Arch)
		return nil, nil, nil
	}
	before := len(s.Gaps)
	code := s.Code()
	told := len(s.Gaps) > before
	for i := before; i < len(s.Gaps); i++ {
		s.Gaps[i].Kind = sbom.GapNoMarks
	}
	a.Gaps = s.Gaps
	if s.Image.Encrypted {
		gap("encrypted code has no marks: its kinship is unknown")
		told = true
	}
	switch {
	case code != nil:
		set, refs := passed(code)
		if len(set.Functions) > 0 {
			return code, set, refs
		}
		gap("no function that the slice names lies in its code: the kinship of this code is unknown")
	case !told && before == 0:
		return nil, &fingerprint.Set{}, nil
	case !told:
		gap("no code that can be read was found in the slice: whether it has kinship is unknown")
	}
	return nil, nil, nil
}

// passed runs the pass while the collector of garbage rests: nearly all that the
// pass allocates is kept, so a collection on its way finds next to nothing. The
// limit of memory of the child stays in force: near it, garbage is collected.
func passed(code *fingerprint.Code) (*fingerprint.Set, []fingerprint.Reference) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	return fingerprint.Pass(code)
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

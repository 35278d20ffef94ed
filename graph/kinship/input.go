package kinship

import (
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Image is one image of the family. Its marks are fetched when they are needed,
// more than once, from several goroutines.
type Image struct {
	Digest   sbom.Digest
	Arch     string
	Products []uint32 // numbers of the products that carry it, sorted, each once; at least one

	Marks func() ([]fingerprint.Function, error) // as File.Marks
	Set   func() (*fingerprint.Set, error)

	// Parts of the set, for less work; nil: Set gives them.
	Named func() ([]fingerprint.Function, error) // as File.Named
	Bare  func() (*fingerprint.Set, error)       // as File.Bare
	Calls func() (*fingerprint.Set, error)       // as File.CallsAlone
}

// bare fetches what comparing the code of the image needs.
func (m *Image) bare() (*fingerprint.Set, error) {
	if m.Bare != nil {
		return m.Bare()
	}
	return m.Set()
}

// named fetches the marks and names of the functions.
func (m *Image) named() ([]fingerprint.Function, error) {
	if m.Named != nil {
		return m.Named()
	}
	s, err := m.Set()
	if err != nil {
		return nil, err
	}
	return s.Functions, nil
}

// calls fetches which functions of the image call which.
func (m *Image) calls() (*fingerprint.Set, error) {
	if m.Calls != nil {
		return m.Calls()
	}
	return m.Set()
}

// Options is what Find needs beside the images.
type Options struct {
	Thresholds Thresholds

	// Background, when given, reports that a function of an image is known
	// background code, and the number of the background library that it is of.
	// Background twins are found, but never joined with others.
	Background func(image int, f *fingerprint.Function) (library int, known bool)

	// Exact leaves out all that needs more than equal marks: other compilers,
	// levels and architectures.
	Exact bool
}

// least is how many counting instructions a function needs to be a twin. On
// x86, where instructions are shorter, chance needs more of them.
func (t *Thresholds) least(arch string) uint32 {
	if strings.HasPrefix(arch, "x86_64") {
		return uint32(t.LeastX86)
	}
	return uint32(t.LeastARM)
}

package cdx

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// MissingError says that BOMs which scan.json names are not in the folder.
type MissingError struct {
	Files []string // their names, in the order of scan.json; at least one
}

func (e *MissingError) Error() string {
	if len(e.Files) == 1 {
		return "a BOM is missing: " + scanFile + " names " + e.Files[0] + ", and the folder does not hold it"
	}
	return fmt.Sprintf("%d BOMs are missing: %s names %s, and the folder does not hold them", len(e.Files), scanFile, someOf(e.Files))
}

// Is makes the error one of fs.ErrNotExist.
func (e *MissingError) Is(target error) bool { return target == fs.ErrNotExist }

// Load reads a folder that Save wrote. The sha256 of every BOM must be the one
// in scan.json; an error names the file that differs or cannot be read, and a
// *MissingError those that are not there. BOM files that scan.json does not
// name are not read, and a gap says so. So does a gap of the scan when an input
// is of a kind that this version does not know; its word is kept.
//
// A folder of BOMs without scan.json is read too. Then nothing says what was
// given to the scan and what lay outside the products: a gap says that the
// custody record is missing. BOMs made with different rules are a gap as well.
func Load(dir string) (*sbom.Scan, error) {
	s, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", dir, err)
	}
	s.Gaps = append(s.Gaps, kindGaps(s.Inputs)...)
	sortProducts(s.Products)
	sbom.SortGaps(s.Gaps)
	s.Outside.Normalize()
	return s, nil
}

func load(dir string) (*sbom.Scan, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, cause(err)
	}
	defer root.Close()
	names, err := bomNames(dir)
	if err != nil {
		return nil, err
	}
	b, err := readRegular(root, scanFile, maxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return loadLoose(root, names)
	}
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", scanFile, err)
	}
	return loadListed(root, m, names)
}

// bomNames are the BOM files in the folder, sorted.
func bomNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, cause(err)
	}
	var names []string
	for _, e := range entries {
		if isBOMName(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func loadListed(root *os.Root, m manifest, names []string) (*sbom.Scan, error) {
	s, err := m.scan()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", scanFile, err)
	}
	if err := missing(root, m); err != nil {
		return nil, err
	}
	listed, seen := map[string]bool{}, map[sbom.Digest]bool{}
	var rules []sbom.Digest
	for _, r := range m.BOMs {
		if listed[r.File] || seen[r.Product] {
			return nil, fmt.Errorf("%s: the file or the product is listed twice in %s", r.File, scanFile)
		}
		listed[r.File], seen[r.Product] = true, true
		b, err := readRegular(root, r.File, DefaultLimits().Bytes)
		if err != nil {
			return nil, err
		}
		if got := sbom.DigestOf(b); got != r.SHA256 {
			return nil, fmt.Errorf("%s: its sha256 is %s, but %s says %s: the file was changed", r.File, got, scanFile, r.SHA256)
		}
		d, err := ReadDocument(bytes.NewReader(b), DefaultLimits())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.File, err)
		}
		if d.Product.ID != r.Product {
			return nil, fmt.Errorf("%s: it is of product %s, but %s says %s", r.File, d.Product.ID.Short(), scanFile, r.Product.Short())
		}
		s.Products = append(s.Products, d.Product)
		rules = append(rules, d.Options.Rules)
	}
	for _, name := range names {
		if !listed[name] {
			s.Gaps = append(s.Gaps, inconsistent(name, "the BOM file is not named in scan.json and was not read"))
		}
	}
	s.Gaps = append(s.Gaps, rulesGap(append(rules, m.Rules))...)
	return s, nil
}

// missing is a *MissingError when the folder does not hold every listed BOM.
func missing(root *os.Root, m manifest) error {
	var none []string
	for _, r := range m.BOMs {
		if _, err := root.Lstat(r.File); errors.Is(err, fs.ErrNotExist) {
			none = append(none, r.File)
		}
	}
	if len(none) == 0 {
		return nil
	}
	return &MissingError{Files: none}
}

func loadLoose(root *os.Root, names []string) (*sbom.Scan, error) {
	if len(names) == 0 {
		return nil, errors.New("the folder holds no scan.json and no BOM (*.cdx.json, *.cdx.xml)")
	}
	s := &sbom.Scan{}
	from := map[sbom.Digest]string{}
	var rules []sbom.Digest
	for _, name := range names {
		b, err := readRegular(root, name, DefaultLimits().Bytes)
		if err != nil {
			return nil, err
		}
		d, err := ReadDocument(bytes.NewReader(b), DefaultLimits())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if other := from[d.Product.ID]; other != "" {
			s.Gaps = append(s.Gaps, inconsistent(name, "a second BOM of the product in "+other+"; it was not used"))
			continue
		}
		from[d.Product.ID] = name
		s.Products = append(s.Products, d.Product)
		rules = append(rules, d.Options.Rules)
		s.Inputs = append(s.Inputs, d.Options.Inputs...)
		if len(s.Products) == 1 {
			s.Tool, s.Version, s.Rules = d.Options.Tool, d.Options.ToolVersion, d.Options.Rules
		}
		if d.Options.Rules != s.Rules {
			s.Rules = ""
		}
		if d.Options.ToolVersion != s.Version {
			s.Version = ""
		}
	}
	slices.SortFunc(s.Inputs, func(a, b sbom.Input) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Digest), string(b.Digest)), strings.Compare(a.Kind, b.Kind))
	})
	s.Inputs = slices.Compact(s.Inputs)
	s.Gaps = append(s.Gaps, inconsistent(scanFile, "the custody record is missing: nothing says what lay outside the products, and nothing proves that the BOMs are unchanged"))
	s.Gaps = append(s.Gaps, rulesGap(rules)...)
	return s, nil
}

// rulesGap is a gap when the digests of the rules are not all the same.
func rulesGap(rules []sbom.Digest) []sbom.Gap {
	slices.Sort(rules)
	rules = slices.Compact(rules)
	if len(rules) < 2 {
		return nil
	}
	return []sbom.Gap{inconsistent(scanFile, fmt.Sprintf("the BOMs were made with %d different sets of rules", len(rules)))}
}

// kindGaps is one gap for each input of a kind that we do not know.
func kindGaps(inputs []sbom.Input) []sbom.Gap {
	var out []sbom.Gap
	for _, i := range inputs {
		switch i.Kind {
		case sbom.InputDirectory, sbom.InputBundle, sbom.InputFile, sbom.InputZip, sbom.InputIPA,
			sbom.InputTar, sbom.InputDMG, sbom.InputPkg, sbom.InputXIP, sbom.InputAsar:
		default:
			out = append(out, inconsistent(i.Path, fmt.Sprintf("the input is of kind %q, which this version does not know", clip(i.Kind, 80))))
		}
	}
	return out
}

func inconsistent(path, why string) sbom.Gap {
	return sbom.Gap{Kind: sbom.GapInconsistent, Path: filepath.ToSlash(path), Offset: -1, Why: why, Count: 1}
}

func sortProducts(l []*sbom.Product) {
	slices.SortFunc(l, func(a, b *sbom.Product) int {
		return cmp.Or(strings.Compare(a.Paths[0], b.Paths[0]), strings.Compare(string(a.ID), string(b.ID)))
	})
}

package cdx

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/kinbom/kinbom/sbom"
)

// Save writes a scan as a folder: one BOM per product, scan.json and the folder
// marks with the marks of the images (see Options.Marks). Tool, tool version, rules and inputs of the
// BOMs come from the scan, whatever o says. An earlier result of Save in the
// folder is replaced; a folder that holds anything else gives a *ForeignError
// and stays as it is. The scan's lists are sorted.
func Save(dir string, s *sbom.Scan, o Options) error {
	o.Tool, o.ToolVersion, o.Rules, o.Inputs = s.Tool, s.Version, s.Rules, s.Inputs
	sv, err := NewSaver(dir, o)
	if err != nil {
		return err
	}
	defer sv.Discard()
	for _, p := range s.Products {
		if err := sv.Add(p); err != nil {
			return err
		}
	}
	return sv.Finish(s)
}

// Saver writes a scan product by product, so that a scan of many products need
// not hold all of them. Add may be called from several goroutines; the result
// does not depend on the order. Until Finish nothing in the folder changes but
// a subfolder for what is not finished.
type Saver struct {
	dir, stage string
	o          Options
	old        []string // files of an earlier result

	mu    sync.Mutex
	boms  map[sbom.Digest]bomRecord
	marks map[sbom.Digest]bool // images whose marks are in the stage, or on the way there
}

// NewSaver prepares the folder, which it makes when there is none. Every BOM
// gets the options as they are here, its inputs too.
func NewSaver(dir string, o Options) (*Saver, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("saving a scan: %w", err)
	}
	old, err := inspect(dir)
	if err != nil {
		return nil, fmt.Errorf("saving a scan: %w", err)
	}
	stage, err := os.MkdirTemp(dir, stageMark)
	if err != nil {
		return nil, fmt.Errorf("saving a scan: %w", err)
	}
	return &Saver{dir: dir, stage: stage, o: o, old: old, boms: map[sbom.Digest]bomRecord{}, marks: map[sbom.Digest]bool{}}, nil
}

// Add writes the BOM of one product. A product may be added once.
func (s *Saver) Add(p *sbom.Product) error {
	s.mu.Lock()
	_, twice := s.boms[p.ID]
	s.boms[p.ID] = bomRecord{}
	s.mu.Unlock()
	if twice {
		return fmt.Errorf("saving a scan: product %s is there twice", p.ID.Short())
	}
	sum, err := s.writeBOM(p)
	if err == nil {
		err = s.takeMarks(p)
	}
	if err != nil {
		return fmt.Errorf("saving a scan: %w", err)
	}
	s.mu.Lock()
	s.boms[p.ID] = bomRecord{SHA256: sum, Product: p.ID, Name: p.Name, Path: p.Paths[0]}
	s.mu.Unlock()
	return nil
}

func (s *Saver) writeBOM(p *sbom.Product) (sum sbom.Digest, err error) {
	if !p.ID.Valid() {
		return "", fmt.Errorf("product id %q is not a digest", clip(string(p.ID), 80))
	}
	f, err := os.Create(filepath.Join(s.stage, string(p.ID)))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	if err := Write(io.MultiWriter(f, h), p, s.o); err != nil {
		return "", err
	}
	return sbom.Digest(hex.EncodeToString(h.Sum(nil))), nil
}

// Finish names the BOMs, writes scan.json last, and takes away what was left
// of an earlier result. Of the scan it takes everything but the products. Its
// tool, version and rules must be those of the options.
func (s *Saver) Finish(scan *sbom.Scan) error {
	if err := s.finish(scan); err != nil {
		return fmt.Errorf("saving a scan: %w", err)
	}
	return nil
}

func (s *Saver) finish(scan *sbom.Scan) error {
	tool := cmp.Or(scan.Tool, "kinbom")
	if tool != s.o.Tool || scan.Version != s.o.ToolVersion || scan.Rules != s.o.Rules {
		return errors.New("tool, version or rules of the scan are not those of its BOMs")
	}
	sbom.SortGaps(scan.Gaps)
	scan.Outside.Normalize()
	boms := s.named()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	m := newManifest(scan, boms, s.o.Timestamp)
	m.Tool.Name = tool
	if _, err := m.scan(); err != nil {
		return err
	}
	if err := e.Encode(m); err != nil {
		return err
	}
	// The staged scan.json comes first: should the rest be cut short, the next
	// Save learns from it which files are ours.
	if err := os.WriteFile(filepath.Join(s.stage, scanFile), b.Bytes(), 0o666); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(s.dir, marksDir), 0o777); err != nil {
		return err
	}
	keep, err := s.placeMarks()
	if err != nil {
		return err
	}
	for _, r := range boms {
		keep[r.File] = true
		if err := os.Rename(filepath.Join(s.stage, string(r.Product)), filepath.Join(s.dir, r.File)); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(s.stage, scanFile), filepath.Join(s.dir, scanFile)); err != nil {
		return err
	}
	for _, name := range s.old {
		if !keep[name] && name != scanFile {
			if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(s.stage)
}

// Discard takes away what is not finished. After Finish it does nothing.
func (s *Saver) Discard() error { return os.RemoveAll(s.stage) }

// named sorts the BOMs as a scan sorts its products and gives them file names:
// a readable part and 12 characters of the id, or all of it where two names
// would be the same.
func (s *Saver) named() []bomRecord {
	end := jsonEnd
	if s.o.Format == XML {
		end = xmlEnd
	}
	var out []bomRecord
	uses := map[string]int{}
	for _, r := range s.boms {
		out = append(out, r)
		uses[slug(r.Name)+"-"+r.Product.Short()]++
	}
	slices.SortFunc(out, func(a, b bomRecord) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Product), string(b.Product)))
	})
	for i := range out {
		name := slug(out[i].Name) + "-" + out[i].Product.Short()
		if uses[name] > 1 {
			name = slug(out[i].Name) + "-" + string(out[i].Product)
		}
		out[i].File = name + end
	}
	return out
}

// slug is the part of a file name that people read: a-z, 0-9 and single dashes.
func slug(name string) string {
	var b strings.Builder
	dash := false
	for _, r := range strings.ToLower(name) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			dash = b.Len() > 0
			continue
		}
		if dash {
			b.WriteByte('-')
			dash = false
		}
		b.WriteRune(r)
		if b.Len() >= 48 {
			break
		}
	}
	return cmp.Or(b.String(), "product")
}

package cdx

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/kinbom/kinbom/sbom"
)

// schemaScan names the form of scan.json. Within version 1 new fields may
// appear; readers ignore those that they do not know.
const schemaScan = "kinbom.scan/1"

// Names in a saved folder.
const (
	scanFile  = "scan.json"
	marksDir  = "marks" // reserved: one file per image digest, <digest>.kmk
	marksEnd  = ".kmk"
	jsonEnd   = ".cdx.json"
	xmlEnd    = ".cdx.xml"
	stageMark = ".kinbom-tmp-"
)

// maxManifest bounds scan.json.
const maxManifest = 64 << 20

// manifest is scan.json: what belongs to no product, and the custody record of
// the BOMs beside it.
type manifest struct {
	Schema    string         `json:"schema"`
	Tool      toolRecord     `json:"tool"`
	Timestamp string         `json:"timestamp,omitempty"`
	Rules     sbom.Digest    `json:"rules"`
	Inputs    []inputRecord  `json:"inputs"`
	BOMs      []bomRecord    `json:"boms"`
	Outside   coverageRecord `json:"outside"`
	Gaps      []gapRecord    `json:"gaps"`
}

// bomRecord is one BOM file in the folder.
type bomRecord struct {
	File    string      `json:"file"`
	SHA256  sbom.Digest `json:"sha256"`
	Product sbom.Digest `json:"product"`
	Name    string      `json:"name"`
	Path    string      `json:"path"` // the first of the product's paths
}

type coverageRecord struct {
	Files      int            `json:"files"`
	Analysed   int            `json:"analysed"`
	Skipped    int            `json:"skipped"`
	Unreadable int            `json:"unreadable"`
	Reasons    []reasonRecord `json:"reasons,omitempty"`
}

func newManifest(s *sbom.Scan, boms []bomRecord, at time.Time) manifest {
	m := manifest{Schema: schemaScan, Tool: toolRecord{s.Tool, s.Version}, Rules: s.Rules, BOMs: boms}
	if !at.IsZero() {
		m.Timestamp = at.Format(time.RFC3339)
	}
	m.Inputs = mapped(s.Inputs, func(i sbom.Input) inputRecord { return inputRecord(i) })
	m.Gaps = mapped(s.Gaps, func(g sbom.Gap) gapRecord { return gapRecord(g) })
	o := s.Outside
	m.Outside = coverageRecord{o.Files, o.Analysed, o.Skipped, o.Unreadable,
		mapped(o.Reasons, func(r sbom.Reason) reasonRecord { return reasonRecord(r) })}
	if m.Inputs == nil {
		m.Inputs = []inputRecord{}
	}
	if m.Gaps == nil {
		m.Gaps = []gapRecord{}
	}
	if m.BOMs == nil {
		m.BOMs = []bomRecord{}
	}
	return m
}

// scan is the noun of a manifest, without its products.
func (m manifest) scan() (*sbom.Scan, error) {
	s := &sbom.Scan{Tool: m.Tool.Name, Version: m.Tool.Version, Rules: m.Rules}
	s.Inputs = mapped(m.Inputs, func(i inputRecord) sbom.Input { return sbom.Input(i) })
	s.Gaps = mapped(m.Gaps, func(g gapRecord) sbom.Gap { return sbom.Gap(g) })
	s.Outside = sbom.Coverage{Files: m.Outside.Files, Analysed: m.Outside.Analysed, Skipped: m.Outside.Skipped,
		Unreadable: m.Outside.Unreadable,
		Reasons:    mapped(m.Outside.Reasons, func(r reasonRecord) sbom.Reason { return sbom.Reason(r) })}
	if err := checkCoverage(s.Outside); err != nil {
		return nil, err
	}
	for _, d := range append([]sbom.Digest{m.Rules}, mapped(s.Gaps, func(g sbom.Gap) sbom.Digest { return g.Image })...) {
		if err := digest("rules or image of a gap", d); err != nil {
			return nil, err
		}
	}
	if err := checkInputs(s.Inputs); err != nil {
		return nil, err
	}
	return s, nil
}

// parseManifest reads scan.json. Another file of that name gives errNotOurs.
func parseManifest(b []byte) (manifest, error) {
	var head struct {
		Schema string `json:"schema"`
	}
	if err := json.Unmarshal(b, &head); err != nil || !strings.HasPrefix(head.Schema, "kinbom.scan/") {
		return manifest{}, errNotOurs
	}
	if head.Schema != schemaScan {
		return manifest{}, fmt.Errorf("schema %q is not known; this version reads %s", clip(head.Schema, 80), schemaScan)
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return manifest{}, err
	}
	for _, r := range m.BOMs {
		if !isBOMName(r.File) {
			return manifest{}, fmt.Errorf("%q is not the name of a BOM file", clip(r.File, 120))
		}
		if !r.SHA256.Valid() || !r.Product.Valid() {
			return manifest{}, fmt.Errorf("%s: its product or its sha256 is not a digest", r.File)
		}
	}
	return m, nil
}

var errNotOurs = errors.New("it is no scan.json of kinbom")

// isBOMName accepts plain names that end as a BOM file does.
func isBOMName(name string) bool {
	stem, ok := strings.CutSuffix(name, jsonEnd)
	if !ok {
		stem, ok = strings.CutSuffix(name, xmlEnd)
	}
	return ok && stem != "" && !strings.HasPrefix(stem, ".") && !strings.ContainsAny(name, "/\\\x00:")
}

// isOwnName accepts the names that Save gives to BOM files, and no others.
func isOwnName(name string) bool {
	if !isBOMName(name) {
		return false
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(name, jsonEnd), xmlEnd)
	id := stem[strings.LastIndexByte(stem, '-')+1:]
	return (len(id) == 12 || len(id) == 64) && len(id) < len(stem) && strings.Trim(id, "0123456789abcdef") == ""
}

// readRegular reads a regular file of the folder, up to limit bytes. It does
// not follow links out of the folder and does not wait on pipes.
func readRegular(root *os.Root, name string, limit int64) ([]byte, error) {
	b, err := readWhole(root, name, limit)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", name, cause(err))
	}
	return b, nil
}

func readWhole(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := &limitedReader{r: f, left: limit}
	size := info.Size()
	if size > limit {
		return nil, ErrTooLarge
	}
	b := make([]byte, size) // of a regular file: that much is there, or it was cut since
	n, err := io.ReadFull(in, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return b[:n], nil
	}
	if err != nil {
		return nil, err
	}
	more, err := io.ReadAll(in) // it has grown since
	return append(b, more...), err
}

// cause is an error of the file system without the name of the system call and
// the path: the text around it says both in plain words.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

package cdx

import (
	"cmp"
	"fmt"
	"path"
	"strconv"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// imageOccurrences are the places of an image in the order of the noun, and
// behind them the evidence of its tags in the order of these: all that a reader
// of other make needs to find the bytes. The same bytes for the same capability
// are listed once.
func imageOccurrences(m *sbom.Image, tags []*sbom.Tag) []cyclonedx.EvidenceOccurrence {
	var at []cyclonedx.EvidenceOccurrence
	for _, p := range m.Places {
		o := occurrence(p.Path)
		o.Offset = offset(p.Offset)
		o.AdditionalContext = "slice of " + strconv.FormatInt(m.Size, 10) + " bytes"
		if p.File != "" {
			o.AdditionalContext += " in the file with sha256 " + string(p.File)
		}
		at = append(at, o)
	}
	seen := map[cyclonedx.EvidenceOccurrence]bool{}
	for _, t := range tags {
		for i := range t.Evidence {
			o := evidenceOccurrence(m, t, &t.Evidence[i])
			key := o
			key.Offset = nil
			key.Location += fmt.Sprintf(" %d", t.Evidence[i].Offset)
			if !seen[key] {
				seen[key] = true
				at = append(at, o)
			}
		}
	}
	return at
}

// offset is a byte of a file for a field that is an int in our library.
func offset(at int64) *int {
	n := int(at)
	if n < 0 || int64(n) != at {
		return nil
	}
	return &n
}

// evidenceOccurrence is one piece of evidence: in which file at which byte, the
// function that refers to it, and the bytes themselves.
func evidenceOccurrence(m *sbom.Image, t *sbom.Tag, e *sbom.Evidence) cyclonedx.EvidenceOccurrence {
	o := occurrence(placeOf(m, e))
	o.Offset = offset(e.Offset)
	o.Symbol = plain(function(e.Symbol, e.Function))
	text := fmt.Sprintf("%s (%s): %s (%s), %d bytes", t.Capability, t.Grade, e.Signal, e.Kind, e.Length)
	if e.Section != "" {
		text += " in " + e.Section
	}
	if len(e.Bytes) > 0 {
		text += ": " + strconv.QuoteToASCII(string(e.Bytes))
	}
	if e.How != "" {
		text += ", " + e.How + ": " + strconv.QuoteToASCII(string(e.Meaning))
	}
	if e.Use != "" {
		text += ", which the code " + e.Use
	}
	o.AdditionalContext = plain(text)
	return o
}

// placeOf is the path of the file that holds the evidence: of the place with its
// file and slice, else of the first one; another file says where it lies.
func placeOf(m *sbom.Image, e *sbom.Evidence) string {
	if e.Path != "" {
		return e.Path
	}
	for _, p := range m.Places {
		if p.File == e.File && p.Offset == e.Slice {
			return p.Path
		}
	}
	return m.Places[0].Path
}

// function is the name of a function, else its address, else "".
func function(name string, address uint64) string {
	if name == "" && address != 0 {
		return hexadecimal(address)
	}
	return name
}

// callstack lists the code units in which the tags of an image start, and the
// functions that refer to their evidence: one frame each, in the order of the
// tags. It is a list of places in code, not of calls in a row. nil: none is
// known.
func (w *writer) callstack(m *sbom.Image, tags []*sbom.Tag) *cyclonedx.Callstack {
	pack := w.p.Name
	if b := w.bundles[m.Places[0].Bundle]; b != nil {
		pack = cmp.Or(b.ID, b.Name, pack)
	}
	var frames []cyclonedx.CallstackFrame
	seen := map[string]bool{}
	add := func(name, file string) {
		if name == "" || seen[name+"\x00"+file] {
			return
		}
		seen[name+"\x00"+file] = true
		frames = append(frames, cyclonedx.CallstackFrame{Package: plain(pack), Module: cmp.Or(plain(path.Base(file)), "."), Function: plain(name), FullFilename: plain(file)})
	}
	for _, t := range tags {
		file := m.Places[0].Path
		if len(t.Evidence) > 0 {
			file = placeOf(m, &t.Evidence[0])
		}
		if t.Address != nil {
			add(cmp.Or(t.Symbol, hexadecimal(*t.Address)), file)
		}
		for i := range t.Evidence {
			add(function(t.Evidence[i].Symbol, t.Evidence[i].Function), file)
		}
	}
	if len(frames) == 0 {
		return nil
	}
	return &cyclonedx.Callstack{Frames: &frames}
}

package sbom

import (
	"errors"
	"fmt"
)

// Validate checks what must hold in every finished product, and names each
// thing that does not. Tests call it on everything they make.
func (p *Product) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf(format, a...)) }
	if !p.ID.Valid() {
		bad("product id %q is not a digest", p.ID)
	}
	if p.Name == "" || len(p.Paths) == 0 {
		bad("product %s has no name or no path", p.ID.Short())
	}
	images := map[Digest]bool{}
	for i := range p.Images {
		m := &p.Images[i]
		if !m.Digest.Valid() || images[m.Digest] {
			bad("image %q: not a digest, or listed twice", m.Digest)
		}
		images[m.Digest] = true
		if len(m.Places) == 0 {
			bad("image %s has no place", m.Digest.Short())
		}
	}
	for _, l := range p.Links {
		if !images[l.From] {
			bad("link %s from unknown image %s", l.Kind, l.From.Short())
		}
		if (l.Target == TargetInside) != (l.To != "") || (l.To != "" && !images[l.To]) {
			bad("link %s %q of %s: target %s with id %q", l.Kind, l.Name, l.From.Short(), l.Target, l.To)
		}
	}
	for _, t := range p.Tags {
		if !images[t.Image] {
			bad("tag %s on unknown image %s", t.Capability, t.Image.Short())
		}
		if t.Grade.Rank() == 0 || len(t.Evidence) == 0 {
			bad("tag %s of rule %s has no grade or no evidence", t.Capability, t.Rule)
		}
		for _, e := range t.Evidence {
			if e.outOfBounds() {
				bad("tag %s: evidence %q at %d is out of bounds", t.Capability, e.Signal, e.Offset)
			}
		}
	}
	for _, k := range p.Packages {
		for _, e := range k.Evidence {
			if e.outOfBounds() {
				bad("package %s: evidence at %d is out of bounds", k.Name, e.Offset)
			}
		}
	}
	if err := p.Coverage.Validate(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// outOfBounds reports whether an evidence cannot be of any file.
func (e *Evidence) outOfBounds() bool {
	return len(e.Bytes) > MaxEvidenceBytes || len(e.Meaning) > MaxEvidenceBytes || int64(len(e.Bytes)) > max(e.Length, 0) || e.Offset < e.Slice
}

// Validate checks that the counts add up.
func (c Coverage) Validate() error {
	if c.Files != c.Analysed+c.Skipped+c.Unreadable {
		return fmt.Errorf("coverage: %d files, but %d analysed + %d skipped + %d unreadable", c.Files, c.Analysed, c.Skipped, c.Unreadable)
	}
	n := 0
	for _, r := range c.Reasons {
		n += r.Count
	}
	if n != c.Skipped+c.Unreadable {
		return fmt.Errorf("coverage: reasons sum to %d, but %d files were skipped or unreadable", n, c.Skipped+c.Unreadable)
	}
	return nil
}

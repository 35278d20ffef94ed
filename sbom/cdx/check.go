package cdx

import (
	"fmt"

	"github.com/kinbom/kinbom/sbom"
)

// shortError keeps the message of a list of errors readable: a hostile BOM can
// have a million of them.
type shortError struct{ err error }

func (e shortError) Error() string {
	s := e.err.Error()
	if c := clip(s, 2000); c != s {
		return c + " ..."
	}
	return s
}

func (e shortError) Unwrap() error { return e.err }

// checkIDs looks at what Product.Validate does not: bundle paths name one
// bundle each, digests are digests, counts are not below zero.
func checkIDs(p *sbom.Product) error {
	paths := map[string]bool{}
	for _, b := range p.Bundles {
		if paths[b.Path] {
			return fmt.Errorf("bundle %q is listed twice", clip(b.Path, 200))
		}
		paths[b.Path] = true
	}
	for i := range p.Images {
		for _, pl := range p.Images[i].Places {
			if err := digest("file of a place", pl.File); err != nil {
				return err
			}
		}
	}
	for _, l := range p.Links {
		if err := evidenceDigests(l.Evidence); err != nil {
			return err
		}
	}
	for _, t := range p.Tags {
		if err := digest("rules of a tag", t.RulesDigest); err != nil {
			return err
		}
		if err := evidenceDigests(t.Evidence); err != nil {
			return err
		}
	}
	for _, k := range p.Packages {
		if err := evidenceDigests(k.Evidence); err != nil {
			return err
		}
	}
	for _, n := range p.Notes {
		if err := digest("a note", n.Digest); err != nil {
			return err
		}
	}
	for _, g := range p.Gaps {
		if err := digest("image of a gap", g.Image); err != nil {
			return err
		}
	}
	return checkCoverage(p.Coverage)
}

func checkCoverage(c sbom.Coverage) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Files < 0 || c.Analysed < 0 || c.Skipped < 0 || c.Unreadable < 0 {
		return fmt.Errorf("coverage: a count is below zero")
	}
	for _, r := range c.Reasons {
		if r.Count < 0 {
			return fmt.Errorf("coverage: the count of %q is below zero", clip(r.Why, 200))
		}
	}
	return nil
}

func evidenceDigests(l []sbom.Evidence) error {
	for _, e := range l {
		if err := digest("file of evidence", e.File); err != nil {
			return err
		}
		if len(e.Bytes) > sbom.MaxEvidenceBytes {
			return fmt.Errorf("evidence %q holds %d bytes, more than %d", clip(e.Signal, 80), len(e.Bytes), sbom.MaxEvidenceBytes)
		}
		if len(e.Meaning) > sbom.MaxEvidenceBytes {
			return fmt.Errorf("evidence %q has a meaning of %d bytes, more than %d", clip(e.Signal, 80), len(e.Meaning), sbom.MaxEvidenceBytes)
		}
	}
	return nil
}

// checkInputs looks at an input manifest. Any kind of input passes: a later
// version may know more of them (see kindGaps).
func checkInputs(l []sbom.Input) error {
	for _, i := range l {
		if err := digest("an input", i.Digest); err != nil {
			return err
		}
		if i.Files < 0 || i.Bytes < 0 {
			return fmt.Errorf("the input %q: a count is below zero", clip(i.Path, 200))
		}
	}
	return nil
}

// digest accepts a digest or "".
func digest(what string, d sbom.Digest) error {
	if d != "" && !d.Valid() {
		return fmt.Errorf("%s: %q is not a digest", what, clip(string(d), 80))
	}
	return nil
}

// check is what a product must fulfil to be written, and to be read.
func check(p *sbom.Product) error {
	if err := p.Validate(); err != nil {
		return shortError{err}
	}
	return checkIDs(p)
}

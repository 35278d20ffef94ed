package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
)

// Headline is the composite that the summary of a report is about.
const Headline = "browser-collection"

// FailNever as the only token of Options.FailOn: no verdict fails the run.
const FailNever = "none"

// Options are the user's words for one run.
type Options struct {
	FailOn          []string   // verdicts that give status 1; nil: unexpected
	MinGrade        sbom.Grade // lowest grade whose verdict counts, likely or shown; "": likely
	RequireComplete bool       // status 3 when something could not be looked at
	Composites      []propagate.Composite
	Version         string              // of kinbom
	Rules           *capability.Set     // in force; nil: nothing is said of why a grade is not higher
	Marks           library.Store       // code marks of the images; nil: statically linked code is not compared
	Background      *library.Background // code that is no kinship; nil: told by names alone
}

// normalize fills the defaults and refuses unknown tokens, and a list of
// verdicts that was given and names none.
func (o Options) normalize() (Options, error) {
	if o.FailOn == nil {
		o.FailOn = []string{finding.VerdictUnexpected}
	}
	words := strings.Join(finding.Verdicts(), ", ") + ", " + FailNever
	if len(o.FailOn) == 0 || slices.Contains(o.FailOn, "") {
		return o, fmt.Errorf("cannot fail on an empty word: it is one of %s", words)
	}
	for _, v := range o.FailOn {
		if !slices.Contains(finding.Verdicts(), v) && v != FailNever {
			return o, fmt.Errorf("cannot fail on %q: it is not one of %s", v, words)
		}
	}
	if slices.Contains(o.FailOn, FailNever) && len(o.FailOn) > 1 {
		return o, fmt.Errorf("cannot fail on %s and on something", FailNever)
	}
	if o.MinGrade == "" {
		o.MinGrade = sbom.GradeLikely
	}
	switch {
	case o.MinGrade == sbom.GradeMentions:
		return o, fmt.Errorf("cannot set the lowest grade to %s: mentions have no verdict, so none can fail a run; it is one of likely, shown", o.MinGrade)
	case o.MinGrade.Rank() == 0:
		return o, fmt.Errorf("unknown grade %q: it is one of likely, shown", o.MinGrade)
	}
	return o, nil
}

// ErrNoProduct says that the input holds no product at all.
var ErrNoProduct = errors.New("the input holds no product")

// NoMatchError says that the input holds products, but the family file selects
// none of them. Nothing was judged, so it must not pass for a clean run.
type NoMatchError struct {
	Met    int    // products met
	Family string // name of the family file
}

// Error names the numbers.
func (e *NoMatchError) Error() string {
	if e.Met == 1 {
		return "the one product met does not belong to the family of " + e.Family
	}
	return fmt.Sprintf("none of the %d products met belongs to the family of %s", e.Met, e.Family)
}

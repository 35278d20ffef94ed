package scan

import (
	"context"
	"errors"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/limit"
)

// over says which limit stands in the way: that of err, or else the run's time
// when it is used up. It is nil when there is none.
func (s *scanner) over(err error) *limit.Error {
	var over *limit.Error
	if errors.As(err, &over) || s.work.Err() != nil && errors.As(context.Cause(s.work), &over) {
		return over
	}
	return nil
}

// limitGap is the gap of what a limit of the run left out.
func (s *scanner) limitGap(over *limit.Error, path string) *sbom.Gap {
	return &sbom.Gap{Kind: sbom.GapLimit, Path: path, Offset: -1, Count: 1, Why: limit.New(s.Max).Reason(over)}
}

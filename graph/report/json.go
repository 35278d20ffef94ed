package report

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/graph/finding"
)

// JSON writes the report as indented JSON in the format kinbom.report/1, with
// a newline at its end. The same report gives the same bytes.
func JSON(w io.Writer, r *finding.Report) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	return nil
}

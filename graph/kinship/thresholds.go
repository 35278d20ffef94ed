package kinship

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed thresholds.txt
var thresholdsText string

// Thresholds are the numbers that decide; thresholds.txt says what each means.
type Thresholds struct {
	LeastARM, LeastX86             float64 // counting instructions
	Gap                            float64 // functions
	Adjacent, Enclosed             float64 // shares
	Features, Contained, Candidate float64 // number, shares
	Similar                        float64 // share
	Rare                           float64 // places
	Functions, Share               float64 // number, share
	Jaccard, Weight, Margin        float64 // share, bits, factor
	Size                           float64 // factor
}

// Measured gives the thresholds that ship with the tool.
func Measured() Thresholds {
	t, err := parseThresholds(thresholdsText)
	if err != nil {
		panic("kinship: " + err.Error()) // cannot happen: the text is embedded and tested
	}
	return t
}

func parseThresholds(text string) (Thresholds, error) {
	var t Thresholds
	fields := map[string]*float64{"least-arm": &t.LeastARM, "least-x86": &t.LeastX86, "gap": &t.Gap, "adjacent": &t.Adjacent,
		"enclosed": &t.Enclosed, "features": &t.Features, "contained": &t.Contained, "candidate": &t.Candidate, "similar": &t.Similar, "rare": &t.Rare,
		"functions": &t.Functions, "share": &t.Share, "jaccard": &t.Jaccard, "weight": &t.Weight, "margin": &t.Margin, "size": &t.Size}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		p := fields[f[0]]
		if p == nil || len(f) != 2 || *p != 0 {
			return t, fmt.Errorf("reading the thresholds: line %d is not a new \"name value\"", i+1)
		}
		v, err := strconv.ParseFloat(f[1], 64)
		if err != nil || v <= 0 {
			return t, fmt.Errorf("reading the thresholds: line %d: %q is no number above zero", i+1, f[1])
		}
		*p = v
	}
	for name, p := range fields {
		if *p == 0 {
			return t, fmt.Errorf("reading the thresholds: %s is missing", name)
		}
	}
	return t, nil
}

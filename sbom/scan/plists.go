package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/bundle"
	"github.com/kinbom/kinbom/sbom/plist"
)

// plists reads the property lists of one product, in one request; if that
// fails, one by one, so that a deadly one costs only itself.
func (s *scanner) plists(ctx context.Context, d *draft) error {
	byPath := map[string]*file{}
	for _, f := range d.files {
		byPath[d.rel(f)] = f
	}
	want := d.set.Plists()
	want = slices.DeleteFunc(want, func(p bundle.Plist) bool { return byPath[p.File].trouble != nil })
	answers, err := s.askPlists(want, byPath)
	if err != nil {
		if fatal(ctx, err) {
			return err
		}
		answers = make([]plistAnswer, len(want))
		for i := range want {
			one, err := s.askPlists(want[i:i+1], byPath)
			if err != nil {
				if fatal(ctx, err) {
					return err
				}
				g := s.gapOf(err)
				answers[i].Trouble, answers[i].Kind = g.Why, g.Kind
				continue
			}
			answers[i] = one[0]
		}
	}
	d.facts = bundle.Facts{Info: map[string]plist.InfoFacts{}, Privacy: map[string]sbom.Privacy{}}
	d.infoAt, d.listed = map[string]infoAt{}, map[string][]listed{}
	for i, w := range want {
		d.usePlist(w, answers[i], byPath[w.File])
	}
	return nil
}

func (s *scanner) askPlists(want []bundle.Plist, byPath map[string]*file) ([]plistAnswer, error) {
	if len(want) == 0 {
		return nil, nil
	}
	q := plistsRequest{Rules: s.packed}
	for _, w := range want {
		q.Lists = append(q.Lists, plistRequest{Disk: byPath[w.File].disk, Privacy: w.Kind == bundle.PlistPrivacy})
	}
	b, err := s.ask(s.pool, askPlists, q, deadline(int64(len(want))<<20))
	if err != nil {
		return nil, err
	}
	var out []plistAnswer
	if err := json.Unmarshal(b, &out); err != nil || len(out) != len(want) {
		return nil, fmt.Errorf("decoding what the property lists say: %d of %d answers: %w", len(out), len(want), err)
	}
	return out, nil
}

func (d *draft) usePlist(w bundle.Plist, a plistAnswer, f *file) {
	switch {
	case a.Trouble != "":
		f.trouble = &sbom.Gap{Kind: a.Kind, Path: f.path, Offset: -1, Count: 1, Why: "property list: " + a.Trouble}
		return
	case a.Privacy != nil:
		m := *a.Privacy
		m.File = w.File
		d.facts.Privacy[w.Bundle] = m
	case a.Info != nil:
		d.facts.Info[w.Bundle] = *a.Info
		d.infoAt[w.Bundle] = infoAt{w.File, f.digest, a.BuildAt}
	}
	f.used = "property list"
	d.listed[w.Bundle] = append(d.listed[w.Bundle], listed{path: w.File, file: f.digest, facts: a.Facts})
}

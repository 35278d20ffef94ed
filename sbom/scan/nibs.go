package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/bundle"
	"github.com/kinbom/kinbom/sbom/container"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/nib"
)

// nibsAtOnce is how many nibs one request asks for.
const nibsAtOnce = 128

// nibRequest asks for one nib.
type nibRequest struct{ Disk string }

// nibAnswer is what one nib says, or why it could not be read.
type nibAnswer struct {
	Nib     nib.Nib
	Trouble string       `json:",omitempty"`
	Kind    sbom.GapKind `json:",omitempty"` // of the trouble
}

// readNibs reads some nibs, in the child.
func readNibs(list []nibRequest) ([]nibAnswer, error) {
	out := make([]nibAnswer, len(list))
	for i, q := range list {
		n, err := readNib(q.Disk)
		if err != nil {
			out[i].Trouble, out[i].Kind = strings.TrimPrefix(reason(err), "nib: "), sbom.GapUnreadable
			if over := (*limit.Error)(nil); errors.As(err, &over) {
				out[i].Kind = sbom.GapLimit
			}
			continue
		}
		out[i].Nib = *n
	}
	return out, nil
}

func readNib(disk string) (*nib.Nib, error) {
	f, err := container.OpenRegular(disk)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, nib.MaxSize+1))
	if err != nil {
		return nil, err
	}
	return nib.Read(b)
}

// nibs reads the interface files of one product, each content once; where a
// request for several fails, one by one, so that a deadly one costs only itself.
func (s *scanner) nibs(ctx context.Context, d *draft) error {
	d.nibAnswers = map[sbom.Digest]*nibAnswer{}
	var want []*file
	for _, f := range d.files {
		if f.trouble != nil || f.kind != "" || f.ignored || f.special || !nib.Is(f.path) || !d.ownsNib(f) {
			continue
		}
		d.nibFiles = append(d.nibFiles, f)
		if d.nibAnswers[f.digest] == nil {
			d.nibAnswers[f.digest] = &nibAnswer{}
			want = append(want, f)
		}
	}
	for list := range slices.Chunk(want, nibsAtOnce) {
		if err := s.someNibs(ctx, d, list); err != nil {
			return err
		}
	}
	for _, f := range d.nibFiles {
		if a := d.nibAnswers[f.digest]; a.Trouble != "" {
			f.trouble = &sbom.Gap{Kind: a.Kind, Path: f.path, Offset: -1, Count: 1, Why: "nib: " + a.Trouble}
		} else {
			f.used = "nib"
		}
	}
	return nil
}

// ownsNib reports whether a file lies in a bundle that loads nibs.
func (d *draft) ownsNib(f *file) bool {
	k := bundle.KindOf(d.set.Innermost(d.rel(f)))
	return k != sbom.BundleDSYM && k != sbom.BundleAsar && (k != "" || d.kind == sbom.KindApp)
}

func (s *scanner) someNibs(ctx context.Context, d *draft, list []*file) error {
	answers, err := s.askNibs(list)
	if err != nil && fatal(ctx, err) {
		return err
	}
	if err != nil && len(list) == 1 {
		g := s.gapOf(err)
		answers = []nibAnswer{{Trouble: g.Why, Kind: g.Kind}}
	} else if err != nil {
		for i := range list {
			if err := s.someNibs(ctx, d, list[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	for i, f := range list {
		*d.nibAnswers[f.digest] = answers[i]
	}
	return nil
}

func (s *scanner) askNibs(list []*file) ([]nibAnswer, error) {
	var q []nibRequest
	size := int64(0)
	for _, f := range list {
		q = append(q, nibRequest{f.disk})
		size += min(f.size, nib.MaxSize)
	}
	b, err := s.ask(s.pool, askNibs, q, deadline(4*size))
	if err != nil {
		return nil, err
	}
	var out []nibAnswer
	if err := json.Unmarshal(b, &out); err != nil || len(out) != len(list) {
		return nil, fmt.Errorf("decoding what the nibs say: %d of %d answers: %w", len(out), len(list), err)
	}
	return out, nil
}

// addNibs gives the bundles what their nibs name. Classes that bear the prefix
// of a system library are left out where no image of the product defines them.
func (d *draft) addNibs(p *sbom.Product) {
	own := map[string]bool{}
	for i := range p.Images {
		for _, c := range p.Images[i].Classes {
			own[c] = true
		}
	}
	by := map[string][]*file{}
	for _, f := range d.nibFiles {
		b := d.set.Innermost(d.rel(f))
		by[b] = append(by[b], f)
	}
	for i := range p.Bundles {
		b := &p.Bundles[i]
		if len(by[b.Path]) == 0 {
			continue
		}
		b.Nibs = &sbom.Nibs{}
		classes, sends := map[string]bool{}, map[string]bool{}
		for _, f := range by[b.Path] {
			if f.trouble != nil {
				b.Nibs.Unread++
				continue
			}
			b.Nibs.Read++
			a := d.nibAnswers[f.digest]
			for _, c := range a.Nib.Classes {
				if !classes[c] && (own[c] || !ofSystem(c)) {
					classes[c] = true
					b.Nibs.Classes = append(b.Nibs.Classes, sbom.KeyValue{Key: d.rel(f), Value: c})
				}
			}
			for _, x := range a.Nib.Sends {
				if !sends[x] {
					sends[x] = true
					b.Nibs.Sends = append(b.Nibs.Sends, x)
				}
			}
		}
	}
}

// systemPrefixes begin the names of classes of the system's libraries that nibs
// are full of, in front of a capital letter.
var systemPrefixes = []string{"NS", "UI", "_NS", "_UI", "WK", "MK", "AV", "IB", "SK", "SCN", "PDF", "QC", "IK"}

// ofSystem reports whether a name in a nib looks like a class of the system.
func ofSystem(class string) bool {
	switch class {
	case "$null", "FirstResponder", "View", "WebView", "WebPreferences":
		return true
	}
	return slices.ContainsFunc(systemPrefixes, func(prefix string) bool {
		rest, ok := strings.CutPrefix(class, prefix)
		return ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z'
	})
}

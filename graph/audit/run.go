package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/policy"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/graph/reach"
	"github.com/kinbom/kinbom/sbom"
)

// run holds everything that one report is made from.
type run struct {
	scan       *sbom.Scan
	family     *policy.Family
	options    Options
	table      *policy.Table
	products   []*sbom.Product // every product once, sorted by id
	selections map[sbom.Digest]policy.Selection
	judged     []*sbom.Product

	graph      *graph.Graph
	libraries  []library.Library
	unread     []library.Unread // images whose code could not be compared
	result     *propagate.Result
	judgements map[sbom.Digest]map[string]policy.Judgement
}

// Run audits one scan. fam may be nil: then every product is judged and no
// purpose is known. It fails with ErrNoProduct or *NoMatchError when there is
// nothing to judge, and when the options hold an unknown word.
func Run(scan *sbom.Scan, fam *policy.Family, o Options) (*finding.Report, error) {
	r, err := begin(scan, fam, o)
	if err != nil {
		return nil, err
	}
	if r.graph, err = graph.Build(r.judged); err != nil {
		return nil, fmt.Errorf("building the graph: %w", err)
	}
	r.libraries, r.unread = library.Find(r.graph, library.Options{Store: r.options.Marks, Background: r.options.Background})
	r.result = propagate.RunWith(r.graph, r.libraries, r.options.Composites, reach.Store(r.options.Marks))
	return r.finish()
}

// begin checks the options and selects the products to judge.
func begin(scan *sbom.Scan, fam *policy.Family, o Options) (*run, error) {
	o, err := o.normalize()
	if err != nil {
		return nil, err
	}
	if scan == nil || len(scan.Products) == 0 {
		return nil, ErrNoProduct
	}
	table, err := policy.Builtin()
	if err != nil {
		return nil, err
	}
	r := &run{scan: scan, family: fam, options: o, table: table,
		products: once(scan.Products), selections: map[sbom.Digest]policy.Selection{}}
	for _, p := range r.products {
		s := fam.Select(p)
		r.selections[p.ID] = s
		if s.Judged {
			r.judged = append(r.judged, p)
		}
	}
	if len(r.judged) == 0 {
		return nil, &NoMatchError{Met: len(r.products), Family: fam.File}
	}
	return r, nil
}

// once makes one product of those with the same id: the same release met in
// two inputs. Its paths, gaps and coverage are put together. The given
// products are not changed.
func once(list []*sbom.Product) []*sbom.Product {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *sbom.Product) int {
		return cmp.Or(strings.Compare(string(a.ID), string(b.ID)), slices.Compare(a.Paths, b.Paths))
	})
	var out []*sbom.Product
	for _, p := range sorted {
		n := len(out)
		if n == 0 || out[n-1].ID != p.ID {
			c := *p
			out = append(out, &c)
			continue
		}
		q := out[n-1]
		q.Paths = slices.Compact(slices.Sorted(slices.Values(slices.Concat(q.Paths, p.Paths))))
		q.Gaps = slices.Concat(q.Gaps, p.Gaps)
		sbom.SortGaps(q.Gaps)
		q.Gaps = slices.Compact(q.Gaps)
		sum := sbom.Coverage{}
		sum.Add(q.Coverage)
		sum.Add(p.Coverage)
		q.Coverage = sum
	}
	return out
}

// finish judges and assembles the report.
func (r *run) finish() (*finding.Report, error) {
	r.judgements = map[sbom.Digest]map[string]policy.Judgement{}
	for _, j := range policy.Judge(policy.Case{Graph: r.graph, Libraries: r.libraries, Result: r.result,
		Family: r.family, Table: r.table, Unread: r.unread}) {
		if r.judgements[j.Product] == nil {
			r.judgements[j.Product] = map[string]policy.Judgement{}
		}
		r.judgements[j.Product][j.Capability] = j
	}
	report := r.report()
	if err := report.Validate(); err != nil {
		return nil, fmt.Errorf("the report does not hold together: %w", err)
	}
	return report, nil
}

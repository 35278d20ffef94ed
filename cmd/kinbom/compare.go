package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/query"
	"github.com/kinbom/kinbom/graph/report"
	"github.com/kinbom/kinbom/sbom"
)

type compareOptions struct {
	scanFlags
	modelFlag
	format  string
	product string
}

func newCompareCommand(e *env) *cobra.Command {
	o := &compareOptions{}
	c := &cobra.Command{
		Use: "compare A B [INPUT...]", Short: "Say what two products or two releases share, in both directions",
		Long: `Compare says what two sides share: files, images on the sameness ladder,
functions, libraries; in both directions, because a small app can be wholly
contained in a large one; and what only one of them has.

  kinbom compare boms-1/ boms-2/               two releases, or two apps
  kinbom compare boms-1/ boms-2/ --product P   one product in two releases
  kinbom compare P Q boms/                     two products of one input

P and Q are a name, a bundle id, a path, or the beginning of a product id. A
and B are apps, folders, archives, or folders of SBOMs that kinbom scan wrote.

What B was not found to have is not proved to be gone: the coverage says what
could not be looked at.

Exit status: 0 the answer was given, whatever it is; 2 the call or the tool
failed.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return runCompare(c.Context(), o, e, args) },
	}
	c.Flags().StringVar(&o.format, "format", "text", "text or json")
	c.Flags().StringVar(&o.product, "product", "", "compare only this product of both inputs")
	o.modelFlag.add(c)
	o.scanFlags.add(c)
	complete(c, "format", "text", "json")
	return c
}

func runCompare(ctx context.Context, o *compareOptions, e *env, args []string) error {
	if err := textOrJSON(o.format); err != nil {
		return err
	}
	model, err := o.model()
	if err != nil {
		return err
	}
	var r *query.Comparison
	if len(args) == 2 {
		r, err = o.inputs(ctx, e, model, args[0], args[1])
	} else {
		r, err = o.products(ctx, e, model, args[0], args[1], args[2:])
	}
	if err != nil {
		return asked(err, "kinbom audit INPUT lists the products")
	}
	if o.format == "json" {
		return report.QueryJSON(e.stdout, r)
	}
	return report.Compare(e.stdout, r)
}

// products compares two products of one input.
func (o *compareOptions) products(ctx context.Context, e *env, model *library.Background, a, b string, inputs []string) (*query.Comparison, error) {
	if o.product != "" {
		return nil, usageError{"--product is for two inputs; here two products are given", "leave it out"}
	}
	l, err := o.load(ctx, e, inputs)
	if err != nil {
		return nil, err
	}
	defer l.done()
	p, err := query.Choose(l.scan.Products, a)
	if err != nil {
		return nil, err
	}
	q, err := query.Choose(l.scan.Products, b)
	if err != nil {
		return nil, err
	}
	f, err := l.family(model)
	if err != nil {
		return nil, err
	}
	return query.Compare(query.Case{All: f, InA: []sbom.Digest{p.ID}, InB: []sbom.Digest{q.ID}, LabelA: a, LabelB: b})
}

// inputs compares all products of two inputs, or one product of both.
func (o *compareOptions) inputs(ctx context.Context, e *env, model *library.Background, a, b string) (*query.Comparison, error) {
	for _, in := range []string{a, b} {
		if _, err := os.Stat(in); err != nil {
			return nil, usageError{fmt.Sprintf("input %s: %v", in, plainly(err)), "two products of one input: kinbom compare P Q INPUT"}
		}
	}
	x, err := o.load(ctx, e, []string{a})
	if err != nil {
		return nil, err
	}
	defer x.done()
	y, err := o.load(ctx, e, []string{b})
	if err != nil {
		return nil, err
	}
	defer y.done()
	sideA, sideB := query.Products(x.scan), query.Products(y.scan)
	if o.product != "" {
		p, err := query.Choose(x.scan.Products, o.product)
		if err != nil {
			return nil, fmt.Errorf("in %s: %w", a, err)
		}
		q, err := query.Choose(y.scan.Products, o.product)
		if err != nil {
			return nil, fmt.Errorf("in %s: %w", b, err)
		}
		sideA, sideB = []sbom.Digest{p.ID}, []sbom.Digest{q.ID}
	}
	f, err := openFamily(model, either(x.store(), y.store()), x.scan, y.scan)
	if err != nil {
		return nil, err
	}
	first, err := x.family(model)
	if err != nil {
		return nil, err
	}
	second, err := y.family(model)
	if err != nil {
		return nil, err
	}
	return query.Compare(query.Case{All: f, A: first, B: second, InA: sideA, InB: sideB, LabelA: a, LabelB: b})
}

// either gives marks from the first store that has some.
func either(a, b library.Store) library.Store {
	return func(image sbom.Digest) ([]byte, error) {
		m, err := a(image)
		if errors.Is(err, library.ErrNoMarks) {
			return b(image)
		}
		return m, err
	}
}

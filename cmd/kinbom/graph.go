package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/report"
)

type graphOptions struct {
	scanFlags
	modelFlag
	format string
}

func newGraphCommand(e *env) *cobra.Command {
	o := &graphOptions{}
	c := &cobra.Command{
		Use: "graph INPUT...", Short: "Print the family's graph",
		Long: `Graph prints one graph of all products: what contains, loads, calls, launches
and opens what, which images are the same, which libraries products share, and
where capabilities start.

  kinbom graph boms/ --format dot | dot -Tsvg > family.svg

  json     everything: nodes and edges by id, for programs of your own
  dot      a drawing for Graphviz with a legend; system libraries and packages
           are left out
  graphml  everything, for programs such as yEd and Gephi

INPUT is apps, or a folder of SBOMs that kinbom scan wrote.

Exit status: 0 the graph was printed, whatever it shows; 2 the call or the
tool failed.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runGraph(c.Context(), o, e, args) },
	}
	c.Flags().StringVar(&o.format, "format", "json", "json, dot or graphml")
	o.modelFlag.add(c)
	o.scanFlags.add(c)
	complete(c, "format", "json", "dot", "graphml")
	return c
}

// graphFormats are the writers of a graph.
var graphFormats = map[string]func(io.Writer, *graph.Graph) error{"json": report.GraphJSON, "dot": report.Dot, "graphml": report.GraphML}

func runGraph(ctx context.Context, o *graphOptions, e *env, inputs []string) error {
	write, ok := graphFormats[o.format]
	if !ok {
		return usageError{fmt.Sprintf("unknown format %q", o.format), "--format json, dot or graphml"}
	}
	model, err := o.model()
	if err != nil {
		return err
	}
	l, err := o.load(ctx, e, inputs)
	if err != nil {
		return err
	}
	defer l.done()
	g, err := graph.Build(l.scan.Products)
	if err != nil {
		return err
	}
	if _, unread := library.Find(g, library.Options{Store: l.store(), Background: model}); len(unread) > 0 {
		e.say("warning", "the kinship of %s is unknown: %s: %s", count(len(unread), "image"), unread[0].Image.Short(), unread[0].Why())
	}
	return write(e.stdout, g)
}

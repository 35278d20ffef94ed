package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/query"
	"github.com/kinbom/kinbom/graph/report"
	"github.com/kinbom/kinbom/sbom"
)

type libsOptions struct {
	scanFlags
	modelFlag
	format     string
	library    string
	background bool
}

func newLibsCommand(e *env) *cobra.Command {
	o := &libsOptions{}
	c := &cobra.Command{
		Use: "libs INPUT...", Short: "List the libraries that products share, static ones too",
		Long: `Libs lists the code that two or more products carry: whole images, and code
that was linked statically into several. For each library it says who carries
how much of it, how sure that is (IDENTICAL, SAME SOURCE, SIMILAR EVIDENCE),
what names it, and whether it is background: runtimes, toolchains and widely
known open-source code, which is no kinship.

--library shows one library with its copies and all its functions. It takes a
name, the beginning of one, or an id or its beginning (four characters or
more); a beginning must be that of one library only.

INPUT is apps, or a folder of SBOMs that kinbom scan wrote.

Exit status: 0 the answer was given, whatever it is; 2 the call or the tool
failed.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runLibs(c.Context(), o, e, args) },
	}
	c.Flags().StringVar(&o.format, "format", "text", "text or json")
	c.Flags().StringVar(&o.library, "library", "", "show one library with its copies and functions: a name or an id")
	c.Flags().BoolVar(&o.background, "background", false, "list background libraries in the text, too (JSON has them always)")
	o.modelFlag.add(c)
	o.scanFlags.add(c)
	complete(c, "format", "text", "json")
	return c
}

func runLibs(ctx context.Context, o *libsOptions, e *env, inputs []string) error {
	if err := textOrJSON(o.format); err != nil {
		return err
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
	f, err := l.family(model)
	if err != nil {
		return err
	}
	r, err := f.Libs(o.library)
	if err != nil {
		return asked(err, "kinbom libs lists the libraries; --background lists all of them")
	}
	if o.format == "json" {
		return report.QueryJSON(e.stdout, r)
	}
	return report.Libs(e.stdout, r, report.LibsOptions{Background: o.background})
}

// textOrJSON refuses other formats.
func textOrJSON(format string) error {
	if format != "text" && format != "json" {
		return usageError{fmt.Sprintf("unknown format %q", format), "--format text or --format json"}
	}
	return nil
}

// family prepares queries of what was loaded.
func (l *loaded) family(model *library.Background) (*query.Family, error) {
	return openFamily(model, l.store(), l.scan)
}

// openFamily prepares queries of scans together.
func openFamily(model *library.Background, marks library.Store, scans ...*sbom.Scan) (*query.Family, error) {
	return query.Open(scans, query.Options{Version: version, Marks: marks, Background: model})
}

// asked makes a word that names nothing, or too much, a fault of the call.
func asked(err error, hint string) error {
	var w *query.WordError
	if errors.As(err, &w) {
		return usageError{err.Error(), hint}
	}
	return err
}

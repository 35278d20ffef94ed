package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/report"
)

type whoOptions struct {
	scanFlags
	modelFlag
	format string
}

func newWhoCommand(e *env) *cobra.Command {
	o := &whoOptions{}
	c := &cobra.Command{
		Use: "who LIBRARY|CLASS|SYMBOL|HASH INPUT...", Short: "Say who carries a library, class, symbol or hash",
		Long: `Who names the products that carry what a word names, with the bundle, file,
image and address, and how each is known. The word is one of

  a name     of a library (found, shipped or loaded), an Objective-C class,
             category, protocol or selector, a Swift type, a function, a Go
             package, an imported name, or a package
  digits     of a file's sha256, an image digest, a cdhash, a UUID, a code
             mark (full or shape), a library id or a product id

A whole name wins over one that differs by case, and that over a beginning
of four characters or more, which must be of one name only. Who holds the
thing carries it; who only uses its name refers to it.

INPUT is apps, or a folder of SBOMs that kinbom scan wrote.

Exit status: 0 the answer was given, also when nothing was found: that is
worth as much as the coverage printed with it; 2 the call or the tool
failed, or the word is the beginning of several names.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error { return runWho(c.Context(), o, e, args[0], args[1:]) },
	}
	c.Flags().StringVar(&o.format, "format", "text", "text or json")
	o.modelFlag.add(c)
	o.scanFlags.add(c)
	complete(c, "format", "text", "json")
	return c
}

func runWho(ctx context.Context, o *whoOptions, e *env, word string, inputs []string) error {
	if err := textOrJSON(o.format); err != nil {
		return err
	}
	if word == "" {
		return usageError{"an empty word names nothing", "kinbom who CollectKit APPS"}
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
	r, err := f.Who(word)
	if err != nil {
		return asked(err, "give more of it, or the whole")
	}
	if o.format == "json" {
		return report.QueryJSON(e.stdout, r)
	}
	return report.Who(e.stdout, r)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/audit"
	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/report"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
)

type whyOptions struct {
	auditOptions
	apps  string
	paths int
}

func newWhyCommand(e *env) *cobra.Command {
	o := &whyOptions{}
	c := &cobra.Command{
		Use: "why PRODUCT CAPABILITY INPUT...", Short: "Show what a product carries, and the bytes that say so",
		Long: `Why prints, for one product and one capability, the sources, the paths that
lead from the product to them, how each step is known, and the bytes: each
with a command that shows them again in the shipped file. It says why the
grade is not a higher one, what was declared about it and where, what would
change the verdict, and what could not be looked at.

PRODUCT is a name, a bundle id, a path, or the beginning of a product id.
INPUT is apps, or a folder of SBOMs that kinbom scan wrote; for saved SBOMs
--apps says where the apps lie now.

Exit status: 0 it was explained; 2 the call or the tool failed.`,
		Args: cobra.MinimumNArgs(3),
		RunE: func(c *cobra.Command, args []string) error {
			return runWhy(c.Context(), o, e, args[0], args[1], args[2:])
		},
	}
	c.Flags().StringVar(&o.family, "family", "", "family file: vendor, products and their purposes")
	c.Flags().StringVar(&o.apps, "apps", "", "where the scanned input lies now, for the commands that show bytes")
	c.Flags().StringVar(&o.format, "format", "text", "text or json")
	c.Flags().IntVar(&o.paths, "paths", 0, "most paths to show for one source (default: all that are known)")
	o.add(c)
	complete(c, "format", "text", "json")
	return c
}

func runWhy(ctx context.Context, o *whyOptions, e *env, product, capability string, inputs []string) error {
	write, ok := whyFormats[o.format]
	if !ok {
		return usageError{fmt.Sprintf("unknown format %q", o.format), "--format text or --format json"}
	}
	if o.paths < 0 {
		return usageError{fmt.Sprintf("--paths %d: a number of paths is wanted", o.paths), "leave it out to see all that are known"}
	}
	r, err := o.report(ctx, e, inputs)
	if err != nil {
		return err
	}
	x, err := audit.Explain(r, product, capability)
	var miss *audit.LookupError
	if errors.As(err, &miss) {
		return usageError{err.Error(), "kinbom audit lists the products and what they carry; kinbom rules list lists capabilities"}
	}
	if err != nil {
		return err
	}
	root := o.root(r, inputs)
	if err := write(e.stdout, r, x.Product.ID, x.Capability, report.WhyOptions{Root: root, Paths: o.paths}); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(firstPart(x.Product.Path)))); err != nil && x.Carried != nil {
		e.say("hint", "the apps are not at %q from here: --apps says where the scanned input lies now", root)
	}
	return nil
}

// whyFormats are the forms of an explanation.
var whyFormats = map[string]func(io.Writer, *finding.Report, sbom.Digest, string, report.WhyOptions) error{"text": report.Why, "json": report.WhyJSON}

// firstPart is the first component of a path: in an archive it is all that is
// on disk.
func firstPart(p string) string {
	first, _, _ := strings.Cut(p, "/")
	return first
}

// root is what stands before a product's path to make it a path on this disk.
func (o *whyOptions) root(r *finding.Report, inputs []string) string {
	folder := len(r.Inputs) == 1 && r.Inputs[0].Kind == sbom.InputDirectory
	at := inputs[0]
	switch {
	case o.apps != "":
		at = o.apps
	case cdx.IsSaved(inputs[0]):
		at = ""
		if folder {
			at = r.Inputs[0].Path
		}
		return at
	case len(inputs) > 1:
		return ""
	}
	if !folder {
		return filepath.Dir(at) // the product's path begins with the input's own name
	}
	return at
}

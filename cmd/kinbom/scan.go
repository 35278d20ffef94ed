package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
)

type scanOptions struct {
	scanFlags
	output string
	format string
	spec   string
}

func newScanCommand(e *env) *cobra.Command {
	o := &scanOptions{}
	c := &cobra.Command{
		Use: "scan INPUT... -o DIR", Short: "Write one CycloneDX SBOM for each product",
		Long: `Scan reads apps and writes one CycloneDX SBOM per product into a folder, with
scan.json for what belongs to no product. Every later verb works from that
folder alone and gives the same result as from the apps.

Without SOURCE_DATE_EPOCH the SBOMs carry no timestamp, and say so: the same
input gives the same bytes.

An app and all that lies in it is one product. With --split the apps that it
holds as an installer does (in Contents/Resources, archives there, and wherever
an app does not keep its own helpers) are products of their own.

What the run may cost is limited (--limit changes that): a limit that is hit
is a gap that names it, and the scan goes on with the rest.

Exit status: 0 the SBOMs were written, whatever they say; 2 the call or the
tool failed.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runScan(c.Context(), o, e, args) },
	}
	c.Flags().StringVarP(&o.output, "output", "o", "", "folder to write (required)")
	c.Flags().StringVar(&o.format, "format", "json", "json or xml")
	c.Flags().StringVar(&o.spec, "spec", "1.6", "CycloneDX version: 1.6 or 1.7")
	o.add(c)
	complete(c, "format", "json", "xml")
	complete(c, "spec", "1.6", "1.7")
	return c
}

func (o *scanOptions) cdx(e *env) (cdx.Options, error) {
	out := cdx.Options{Version: o.spec, Tool: "kinbom", ToolVersion: version}
	switch o.format {
	case "json":
		out.Format = cdx.JSON
	case "xml":
		out.Format = cdx.XML
	default:
		return out, usageError{fmt.Sprintf("unknown format %q", o.format), "--format json or --format xml"}
	}
	if o.spec != "1.6" && o.spec != "1.7" {
		return out, usageError{fmt.Sprintf("unknown CycloneDX version %q", o.spec), "--spec 1.6 or --spec 1.7"}
	}
	when, err := e.timestamp()
	out.Timestamp = when
	return out, err
}

func runScan(ctx context.Context, o *scanOptions, e *env, inputs []string) error {
	if o.output == "" {
		return usageError{"no output folder", "kinbom scan APPS -o boms"}
	}
	if in := holding(inputs, o.output); in != "" {
		return usageError{fmt.Sprintf("the output folder %s lies inside the input %s: the next scan would take it for a part of it", o.output, in), "write the SBOMs beside the apps: -o boms"}
	}
	opts, err := o.cdx(e)
	if err != nil {
		return err
	}
	l, err := o.load(ctx, e, inputs)
	if err != nil {
		return err
	}
	defer l.done()
	s := l.scan
	opts.Marks = l.marks
	if err := cdx.Save(o.output, s, opts); err != nil {
		return err
	}
	total := sbom.Coverage{}
	total.Add(s.Outside)
	gaps, untested := 0, ""
	for _, g := range s.Gaps {
		if g.Kind.Missing() {
			gaps++
			continue
		}
		untested += fmt.Sprintf("untested: %s: %s\n", printable(g.Path), printable(g.Why))
	}
	for _, p := range s.Products {
		total.Add(p.Coverage)
		gaps += len(p.Gaps)
	}
	_, err = fmt.Fprintf(e.stdout, "%s written to %s\n%d files: %d analysed, %d skipped, %d unreadable; %s\n%s",
		count(len(s.Products), "product"), o.output, total.Files, total.Analysed, total.Skipped, total.Unreadable, count(gaps, "gap"), untested)
	return err
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// holding is the input folder that a path lies in, or "".
func holding(inputs []string, out string) string {
	out, err := filepath.Abs(out)
	if err != nil {
		return ""
	}
	for _, in := range inputs {
		if dir, err := filepath.Abs(in); err == nil && strings.HasPrefix(out+string(filepath.Separator), dir+string(filepath.Separator)) {
			return in
		}
	}
	return ""
}

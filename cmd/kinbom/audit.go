package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/audit"
	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/policy"
	"github.com/kinbom/kinbom/graph/report"
	"github.com/kinbom/kinbom/sbom"
)

type auditOptions struct {
	scanFlags
	family          string
	format          string
	output          string
	failOn          []string
	minGrade        string
	requireComplete bool
}

func newAuditCommand(e *env) *cobra.Command {
	o := &auditOptions{}
	c := &cobra.Command{
		Use: "audit INPUT...", Short: "Name the apps that carry a capability, and through which code",
		Long: `Audit takes apps, or a folder of SBOMs that kinbom scan wrote, and answers:
which apps of the family carry browser-collection, who inherited it, from
what, through which library, how sure, and what could not be looked at.

The family file gives purposes; without it provenance is unknown or shared,
and every verdict is ask.

Exit status, equal in all formats: 2 the call or the tool failed; else 1 some
verdict is unexpected (--fail-on and --min-grade change that); else 3
something could not be looked at and --require-complete was given; else 0.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runAudit(c.Context(), o, e, args) },
	}
	c.Flags().StringVar(&o.family, "family", "", "family file: vendor, products and their purposes")
	c.Flags().StringVar(&o.format, "format", "text", "text or json")
	c.Flags().StringVarP(&o.output, "output", "o", "", "write the report to a file instead of standard output")
	c.Flags().StringSliceVar(&o.failOn, "fail-on", nil, "verdicts that give exit status 1: unexpected, ask, expected, or none (default unexpected)")
	c.Flags().StringVar(&o.minGrade, "min-grade", "", "lowest grade whose verdict counts: likely or shown (default likely)")
	c.Flags().BoolVar(&o.requireComplete, "require-complete", false, "exit with 3 when something could not be looked at")
	o.add(c)
	complete(c, "format", "text", "json")
	complete(c, "fail-on", "unexpected", "ask", "expected", "none")
	complete(c, "min-grade", "likely", "shown")
	return c
}

// complete names the words that a flag takes, for the shell.
func complete(c *cobra.Command, flag string, words ...string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // cannot happen: the flag was added above
	}
}

func runAudit(ctx context.Context, o *auditOptions, e *env, inputs []string) error {
	write, ok := formats[o.format]
	if !ok {
		return usageError{fmt.Sprintf("unknown format %q", o.format), "--format text or --format json"}
	}
	r, err := o.report(ctx, e, inputs)
	if err != nil {
		return err
	}
	if err := o.write(e, r, write); err != nil {
		return err
	}
	if r.Exit.Status != statusClean {
		return statusError(r.Exit.Status)
	}
	return nil
}

// formats are the readers of a report.
var formats = map[string]func(io.Writer, *finding.Report) error{"text": report.Text, "json": report.JSON}

// report makes the report of the inputs.
func (o *auditOptions) report(ctx context.Context, e *env, inputs []string) (*finding.Report, error) {
	fam, err := readFamily(o.family)
	if err != nil {
		return nil, err
	}
	model, err := background(fam, o.family)
	if err != nil {
		return nil, err
	}
	opts := audit.Options{FailOn: o.failOn, MinGrade: sbom.Grade(o.minGrade), RequireComplete: o.requireComplete, Version: version, Background: model}
	l, err := o.load(ctx, e, inputs)
	if err != nil {
		return nil, err
	}
	defer l.done()
	opts.Composites, opts.Marks, opts.Rules = audit.Composites(l.rules.Composites()), l.store(), l.rules
	r, err := audit.Run(l.scan, fam, opts)
	var none *audit.NoMatchError
	if errors.As(err, &none) {
		return nil, usageError{err.Error(), "look at match: in the family file, or make a new one: kinbom init APPS"}
	}
	return r, err
}

func readFamily(path string) (*policy.Family, error) {
	if path == "" {
		return nil, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{fmt.Sprintf("family file %s: %v", path, plainly(err)), "make one: kinbom init APPS > family.yaml"}
	}
	return policy.Parse(b, filepath.Base(path))
}

// write puts the report on standard output, or into a file that appears whole
// or not at all.
func (o *auditOptions) write(e *env, r *finding.Report, format func(io.Writer, *finding.Report) error) error {
	if o.output == "" {
		return format(e.stdout, r)
	}
	var b bytes.Buffer
	if err := format(&b, r); err != nil {
		return err
	}
	return writeWhole(o.output, b.Bytes())
}

// writeWhole writes a file under a temporary name and renames it.
func writeWhole(path string, b []byte) error {
	t, err := os.CreateTemp(filepath.Dir(path), ".kinbom-*")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	defer os.Remove(t.Name())
	_, err = t.Write(b)
	if err := errors.Join(err, t.Chmod(0o644), t.Close()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.Rename(t.Name(), path); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

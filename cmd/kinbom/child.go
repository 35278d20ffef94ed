package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/sbom/scan"
	"github.com/kinbom/kinbom/sbom/worker"
)

// childVerb starts a reader process: not for people.
const childVerb = "read-child"

func newChildCommand(*env) *cobra.Command {
	return &cobra.Command{
		Use: childVerb, Hidden: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runChild(c.Context()) },
	}
}

// runChild serves requests on standard input until it ends.
func runChild(ctx context.Context) error {
	return worker.Serve(ctx, os.Stdin, os.Stdout, scan.Handlers(), worker.Limits{})
}

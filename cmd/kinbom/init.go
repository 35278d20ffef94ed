package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/policy"
)

func newInitCommand(e *env) *cobra.Command {
	o := &scanFlags{}
	c := &cobra.Command{
		Use: "init INPUT...", Short: "Write a starter family file",
		Long: `Init prints a family file that lists every product found, with the purpose
left to confirm. Take out what is not of the family, confirm the purposes, and
give the file to kinbom audit --family.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runInit(c.Context(), o, e, args) },
	}
	o.add(c)
	return c
}

func runInit(ctx context.Context, o *scanFlags, e *env, inputs []string) error {
	l, err := o.load(ctx, e, inputs)
	if err != nil {
		return err
	}
	defer l.done()
	_, err = e.stdout.Write(policy.Starter(l.scan.Products))
	return err
}

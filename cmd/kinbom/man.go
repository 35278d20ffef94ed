package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "man DIR", Short: "Write the manual pages into a folder", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runMan(c.Root(), args[0], e) },
	}
}

func runMan(root *cobra.Command, dir string, e *env) error {
	when, err := e.timestamp()
	if err != nil {
		return err
	}
	if when.IsZero() {
		when = time.Unix(0, 0).UTC()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the folder for manual pages: %w", err)
	}
	if err := doc.GenManTree(root, &doc.GenManHeader{Title: "KINBOM", Section: "1", Date: &when, Source: "kinbom " + version}, dir); err != nil {
		return fmt.Errorf("writing manual pages: %w", err)
	}
	return nil
}

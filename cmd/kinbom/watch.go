package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/sbom/worker"
)

// watchVerb starts the watcher of a scan's private folder: not for people.
const watchVerb = "watch-folder"

func newWatchCommand(*env) *cobra.Command {
	return &cobra.Command{
		Use: watchVerb, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runWatch() },
	}
}

// runWatch waits for the end of the run. What ends the run by a signal must
// not end its watcher.
func runWatch() error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return worker.WatchFolder(os.Stdin)
}

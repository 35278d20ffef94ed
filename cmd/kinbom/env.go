package main

import (
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/term"

	"github.com/kinbom/kinbom/sbom/worker"
)

// env is what a verb may use of the world outside: tests hand in their own.
type env struct {
	stdout   io.Writer
	stderr   io.Writer
	getenv   func(string) string
	terminal bool           // progress may be drawn on stderr
	child    worker.Command // starts a reader process
	watcher  worker.Command // starts the watcher of a scan's private folder
}

func systemEnv() *env {
	return &env{
		stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
		child:    worker.Self("kinbom", childVerb),
		watcher:  worker.Self("kinbom", watchVerb),
	}
}

// timestamp is the only source of time: SOURCE_DATE_EPOCH (reproducible-builds.org).
// Without it saved data carry no time and say so.
func (e *env) timestamp() (time.Time, error) {
	v := e.getenv("SOURCE_DATE_EPOCH")
	if v == "" {
		return time.Time{}, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, usageError{"SOURCE_DATE_EPOCH is not a number of seconds: " + v, "unset it, or give seconds since 1970"}
	}
	return time.Unix(n, 0).UTC(), nil
}

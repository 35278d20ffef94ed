package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/term"
)

// env is what a verb may use of the world outside: tests hand in their own.
type env struct {
	stdout   io.Writer
	stderr   io.Writer
	getenv   func(string) string
	terminal bool                            // progress may be drawn on stderr
	child    func(context.Context) *exec.Cmd // starts a reader process
}

func systemEnv() *env {
	return &env{
		stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
		child: func(ctx context.Context) *exec.Cmd {
			exe, err := os.Executable()
			if err != nil {
				exe = os.Args[0]
			}
			c := exec.CommandContext(ctx, exe, childVerb)
			c.Args[0] = "kinbom" // whatever the file is called
			return c
		},
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

package worker

import (
	"context"
	"os"
	"os/exec"
)

// Command makes the command that runs Serve on its standard input and output.
type Command func(ctx context.Context) *exec.Cmd

// Self starts the running program again with these arguments. The child sees
// name as its own, whatever the file is called.
func Self(name string, args ...string) Command {
	return func(ctx context.Context) *exec.Cmd {
		exe, err := os.Executable()
		if err != nil {
			exe = os.Args[0]
		}
		c := exec.CommandContext(ctx, exe, args...)
		c.Args[0] = name
		return c
	}
}

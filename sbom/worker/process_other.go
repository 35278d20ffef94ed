//go:build !unix

package worker

import (
	"io"
	"os"
	"os/exec"
)

// ownGroup does nothing: this system has no process groups of this kind.
func ownGroup(*exec.Cmd) {}

// killGroup kills the child alone.
func killGroup(p *os.Process) { p.Kill() }

// endReason cannot tell an outside kill from a crash on this system.
func endReason(*os.ProcessState) Reason { return Crashed }

// keepOutput leaves the output as it is.
func keepOutput(out io.Writer) (io.Writer, error) { return out, nil }

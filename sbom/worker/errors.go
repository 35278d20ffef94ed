package worker

import (
	"errors"

	"github.com/kinbom/kinbom/sbom"
)

// ErrClosed is returned by Do when the pool is closed, also while it runs.
var ErrClosed = errors.New("pool of readers is closed")

// Reason says why a child died.
type Reason string

// The reasons.
const (
	Crashed     Reason = "crashed"       // ended by itself: fatal error, exit, or a signal of its own making
	Killed      Reason = "killed"        // ended by a signal that neither it nor the pool sent
	OutOfMemory Reason = "out-of-memory" // passed the limit on address space or resident memory
	Timeout     Reason = "timeout"       // passed its deadline
	Protocol    Reason = "protocol"      // its output is no frame, or too long a frame
)

// DeadError says that the child died on this request.
type DeadError struct {
	Reason Reason
	// Detail is the most useful line of its standard error, or what the pool
	// saw; at most 512 bytes of valid UTF-8. It may differ from run to run: do
	// not put it into output that must be the same for the same input.
	Detail string
}

func (e *DeadError) Error() string {
	if e.Detail == "" {
		return "reader process died: " + string(e.Reason)
	}
	return "reader process died: " + string(e.Reason) + ": " + e.Detail
}

// Gap is the gap that stands for the request. Its text depends on the Reason
// alone.
func (e *DeadError) Gap(path string) sbom.Gap {
	g := sbom.Gap{Kind: sbom.GapWorkerDied, Path: path, Offset: -1, Count: 1, Why: "the process that read it died"}
	switch e.Reason {
	case Crashed:
		g.Why = "the process that read it crashed"
	case Killed:
		g.Why = "the process that read it was killed"
	case OutOfMemory:
		g.Why = "the process that read it ran out of memory"
	case Timeout:
		g.Kind, g.Why = sbom.GapTimeout, "reading it took too long"
	case Protocol:
		g.Why = "the process that read it gave no usable answer"
	}
	return g
}

// HandlerError is an error that the handler returned, or a panic of the
// handler. The child lives on.
type HandlerError struct {
	Text  string // of the error or the panic value
	Panic bool
	Stack string // first lines of the stack, for a panic; differs from run to run
}

func (e *HandlerError) Error() string {
	if e.Panic {
		return "reader panicked: " + e.Text
	}
	return e.Text
}

// StartError says that no child could be started: a fault of the call or of
// the system, not of the input.
type StartError struct{ Err error }

func (e *StartError) Error() string { return "starting a reader process: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

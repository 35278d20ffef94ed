package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Exit statuses; the report says 0, 1 or 3.
const (
	statusClean      = 0
	statusUnexpected = 1
	statusFailed     = 2
	statusIncomplete = 3
)

// usageError is a fault of the call, with the next thing to type.
type usageError struct{ text, hint string }

func (e usageError) Error() string { return e.text }

// statusError carries the exit status of a verdict; it prints nothing.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// finish prints what went wrong and gives the exit status.
func finish(err error, e *env) int {
	var status statusError
	var usage usageError
	switch {
	case err == nil:
		return statusClean
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled):
		e.say("error", "interrupted; nothing was written")
	case errors.As(err, &usage):
		e.say("error", "%v", err)
		if usage.hint != "" {
			e.say("hint", "%s", usage.hint)
		}
	default:
		e.say("error", "%v", err)
		if strings.HasPrefix(err.Error(), "unknown command") { // cobra has no type for it
			e.say("hint", "kinbom --help lists the commands")
		}
	}
	return statusFailed
}

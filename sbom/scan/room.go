package scan

import (
	"errors"
	"strings"
	"syscall"

	"github.com/kinbom/kinbom/sbom/worker"
)

// NoRoomError says that the folder for temporary files is full: a fault of the
// environment, not of an input, so it ends the run.
type NoRoomError struct{ Err error }

func (e *NoRoomError) Error() string {
	return "no room in the folder for temporary files: " + plainly(e.Err).Error()
}

// Unwrap returns the cause.
func (e *NoRoomError) Unwrap() error { return e.Err }

// noRoom begins a child's answer when it could not write what it unpacks or
// makes: of an error only the text comes back from a child.
const noRoom = "no room for what is unpacked: "

// full reports whether an error, here or in a child, is a full disk.
func full(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, e) {
			return true
		}
	}
	var h *worker.HandlerError
	return errors.As(err, &h) && !h.Panic && strings.HasPrefix(h.Text, noRoom)
}

// roomError gives an error of a full disk its type.
func roomError(err error) error {
	if err == nil || !full(err) {
		return err
	}
	var h *worker.HandlerError
	if errors.As(err, &h) {
		err = errors.New(strings.TrimPrefix(h.Text, noRoom))
	}
	return &NoRoomError{err}
}

// Package malformed says what is wrong with bytes that a reader was given, and
// at which of them. All readers of containers and property lists share its
// Error, so that callers ask for it in one way.
//
// It parses nothing. What a message quotes of hostile input is short when the
// reader gives a short value: the package cuts nothing off.
package malformed

import (
	"errors"
	"fmt"
)

// Error says what is wrong, and where.
type Error struct {
	Format string // of the bytes, as in a message: "cpio", "disk image"
	Offset int64  // byte of what the reader was given, or -1 when it is not known
	What   string // what is wrong, in lower case
	Value  any    // the value at fault, or nil
	Err    error  // the cause, or nil
}

// New makes an Error. A value that is an error is its cause.
func New(format string, offset int64, what string, value any) *Error {
	if err, ok := value.(error); ok {
		return &Error{format, offset, what, nil, err}
	}
	return &Error{format, offset, what, value, nil}
}

func (e *Error) Error() string {
	s := e.What
	if e.Format != "" {
		s = e.Format + ": " + s
	}
	if e.Value != nil {
		s += fmt.Sprintf(" (%v)", e.Value)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	var inner *Error
	if e.Offset >= 0 && errors.As(e.Err, &inner) && inner.Offset >= 0 {
		s += " of the stream" // which begins, or is met, at this one's byte
	}
	if e.Offset >= 0 {
		s += fmt.Sprintf(" at byte %d", e.Offset)
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// In finds the outermost Error of a format in a chain of errors, or nil: the
// bytes of one format often lie in those of another.
func In(err error, format string) *Error {
	for {
		var e *Error
		if !errors.As(err, &e) {
			return nil
		}
		if e.Format == format {
			return e
		}
		err = e.Err
	}
}

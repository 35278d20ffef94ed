package malformed

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestText(t *testing.T) {
	for want, e := range map[string]*Error{
		"ar: magic is missing (2a) at byte 0":                                                              New("ar", 0, "magic is missing", "2a"),
		"cpio: ends too early: unexpected EOF at byte 7":                                                   {"cpio", 7, "ends too early", nil, io.ErrUnexpectedEOF},
		"xar: stored data (x): unexpected EOF at byte 1":                                                   {"xar", 1, "stored data", "x", io.ErrUnexpectedEOF},
		"gzip data are damaged at byte 9":                                                                  New("", 9, "gzip data are damaged", nil),
		"property list: root is not a dictionary":                                                          New("property list", -1, "root is not a dictionary", nil),
		"hfs+ volume: has no blocks (0) at byte 1068":                                                      New("hfs+ volume", 1068, "has no blocks", uint64(0)),
		"adc: data ends inside a step: unexpected EOF at byte 4":                                           New("adc", 4, "data ends inside a step", io.ErrUnexpectedEOF),
		"disk image: chunk cannot be unpacked: block checksum differs at byte 20 of the stream at byte 40": New("disk image", 40, "chunk cannot be unpacked", fmt.Errorf("%w", New("", 20, "block checksum differs", nil))),
		"pbzx: chunk: block checksum differs at byte 20":                                                   New("pbzx", -1, "chunk", New("", 20, "block checksum differs", nil)),
		"cpio: reading: adc: ends at byte 9":                                                               New("cpio", 9, "reading", New("adc", -1, "ends", nil)),
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestCause(t *testing.T) {
	if err := error(New("adc", 4, "ends", io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v has lost its cause", err)
	}
	if err := error(New("adc", 4, "ends", 5)); errors.Unwrap(err) != nil {
		t.Errorf("%v has a cause", err)
	}
}

func TestIn(t *testing.T) {
	inner := New("compressed data", 3, "damaged", io.EOF)
	outer := &Error{"xar", 10, "stored data", nil, fmt.Errorf("reading: %w", inner)}
	err := fmt.Errorf("opening: %w", outer)
	for format, want := range map[string]*Error{"xar": outer, "compressed data": inner, "cpio": nil} {
		if got := In(err, format); got != want {
			t.Errorf("%s: got %v, want %v", format, got, want)
		}
	}
	if got := In(io.EOF, "xar"); got != nil {
		t.Errorf("an error of another kind gave %v", got)
	}
	if got := In(nil, ""); got != nil {
		t.Errorf("no error gave %v", got)
	}
}

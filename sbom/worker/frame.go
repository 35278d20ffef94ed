package worker

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// frameType is the type of a frame.
type frameType byte

const (
	frameHello   frameType = 'H' // child: limits are in force
	frameRequest frameType = 'Q' // parent: kind, a zero byte, request
	frameAnswer  frameType = 'A' // child: response
	frameError   frameType = 'E' // child: the handler's error text
	framePanic   frameType = 'P' // child: panic text, a zero byte, first lines of the stack
)

const (
	frameMagic  = "KBW1"
	frameHeader = 24
)

// frame is one message.
type frame struct {
	kind    frameType
	id      uint64
	payload []byte
}

// protocolError says that what was read is not a frame of ours.
type protocolError struct{ what string }

func (e *protocolError) Error() string { return e.what }

// writeFrame writes one frame. The parts of the payload are written one after
// the other, so that a large one is not copied.
func writeFrame(w io.Writer, kind frameType, id uint64, parts ...[]byte) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	head := make([]byte, 0, frameHeader)
	head = append(head, frameMagic...)
	head = append(head, byte(kind), 0, 0, 0)
	head = binary.BigEndian.AppendUint64(head, id)
	head = binary.BigEndian.AppendUint64(head, uint64(n))
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// readFrame reads one frame of at most top payload bytes. io.EOF means that
// the other side ended between two frames.
func readFrame(r io.Reader, top int64) (frame, error) {
	var head [frameHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	if string(head[:4]) != frameMagic || head[5]|head[6]|head[7] != 0 {
		return frame{}, &protocolError{fmt.Sprintf("not a frame: begins with %q", head[:8])}
	}
	n := binary.BigEndian.Uint64(head[16:])
	if top >= 0 && n > uint64(top) || n > 1<<62 {
		return frame{}, &protocolError{fmt.Sprintf("frame of %d bytes is over the limit of %d", n, top)}
	}
	payload, err := limit.ReadN(r, int64(n))
	if err != nil {
		return frame{}, err
	}
	return frame{frameType(head[4]), binary.BigEndian.Uint64(head[8:]), payload}, nil
}

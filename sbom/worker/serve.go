package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// Handler answers requests of one kind in the child. The context ends when the
// child is to stop.
type Handler func(ctx context.Context, request []byte) (response []byte, err error)

// Serve is the whole life of a child. It puts the limits in force, greets, and
// answers one request after the other until in ends (nil), ctx ends, or a frame
// is wrong. A handler's error or panic is answered and does not end it.
//
// When Serve returns, a handler may still be running: the process is to exit.
// If out is the process's standard output, Serve keeps it for itself and sends
// what anything else prints there to standard error (unix).
func Serve(ctx context.Context, in io.Reader, out io.Writer, handlers map[string]Handler, l Limits) error {
	l = l.withDefaults()
	out, err := keepOutput(out)
	if err != nil {
		return fmt.Errorf("keeping standard output: %w", err)
	}
	if err := l.apply(); err != nil {
		return fmt.Errorf("limiting the reader process: %w", err)
	}
	if err := writeFrame(out, frameHello, 0); err != nil {
		return fmt.Errorf("greeting the parent: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	requests := make(chan frame)
	ended := make(chan error, 1)
	go func() { ended <- readRequests(ctx, in, requests, l.Request) }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case q := <-requests:
			answered := make(chan answer, 1)
			go run(ctx, handlers, q, answered)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case err := <-ended: // the parent is gone: so is the reason to go on
				return err
			case a := <-answered:
				if err := writeFrame(out, a.kind, q.id, a.parts...); err != nil {
					return fmt.Errorf("answering the parent: %w", err)
				}
			}
		}
	}
}

// readRequests hands requests over until the input ends. It reads on while a
// handler runs, so that the end of the input is seen at once.
func readRequests(ctx context.Context, in io.Reader, requests chan<- frame, top int64) error {
	for {
		q, err := readFrame(in, top)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		if q.kind != frameRequest {
			return fmt.Errorf("reading a request: frame of type %q", q.kind)
		}
		select {
		case requests <- q:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// answer is what a handler's run came to.
type answer struct {
	kind  frameType
	parts [][]byte
}

// run runs one handler and always answers, also when the handler panics or
// ends its goroutine.
func run(ctx context.Context, handlers map[string]Handler, q frame, answered chan<- answer) {
	a := answer{frameError, [][]byte{[]byte("handler ended its goroutine")}}
	defer func() {
		if v := recover(); v != nil {
			text := strings.ReplaceAll(bounded(fmt.Sprint(v), maxText), "\x00", " ")
			a = answer{framePanic, [][]byte{[]byte(text), {0}, []byte(panicLines(debug.Stack()))}}
		}
		answered <- a
	}()
	kind, request, ok := bytes.Cut(q.payload, []byte{0})
	if !ok {
		a.parts = [][]byte{[]byte("request without a kind")}
		return
	}
	h := handlers[string(kind)]
	if h == nil {
		a.parts = [][]byte{fmt.Appendf(nil, "no handler for requests of kind %q", kind)}
		return
	}
	response, err := h(ctx, request)
	if err != nil {
		a.parts = [][]byte{[]byte(bounded(err.Error(), maxText))}
		return
	}
	a = answer{frameAnswer, [][]byte{response}}
}

// Bounds of texts that come from a child.
const (
	maxText   = 4096
	maxDetail = 512
	maxFrames = 16 // lines of a stack
)

// panicLines cuts a stack to the lines from the panic on.
func panicLines(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "panic(") {
			lines = lines[i:]
			break
		}
	}
	if len(lines) > maxFrames {
		lines = lines[:maxFrames]
	}
	return bounded(strings.Join(lines, "\n"), maxText)
}

// bounded makes s valid UTF-8 of at most n bytes.
func bounded(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	for len(s) > n { // the replacement is longer than what it replaced
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

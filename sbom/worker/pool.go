package worker

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"
)

// Config says how a pool starts its children and what it expects of them.
type Config struct {
	// Command makes the command that runs Serve on its standard input and
	// output; the pool sets those, standard error and the process group. The
	// context that it is given never ends: a child outlives the request that
	// started it.
	Command Command
	Size    int    // most children at a time; 0: one for each processor
	Limits  Limits // the same as the children are given
	// MaxResponse is the most bytes of one response; 0: 256 MiB. Memory grows
	// with what arrives, not with what the frame claims.
	MaxResponse int64
	// Deadline is for requests that come without one; 0: one minute.
	Deadline time.Duration
}

// Pool runs requests in child processes. It is safe for concurrent use. Children
// are started when they are needed.
type Pool struct {
	config Config
	slots  chan *child   // Size slots; nil: no child there now
	closed chan struct{} // closed by Close
	once   sync.Once
}

// NewPool makes a pool. It starts no process.
func NewPool(c Config) *Pool {
	if c.Size <= 0 {
		c.Size = runtime.NumCPU()
	}
	c.Limits = c.Limits.withDefaults()
	if c.MaxResponse <= 0 {
		c.MaxResponse = 256 << 20
	}
	if c.Deadline <= 0 {
		c.Deadline = time.Minute
	}
	p := &Pool{config: c, slots: make(chan *child, c.Size), closed: make(chan struct{})}
	for range c.Size {
		p.slots <- nil
	}
	return p
}

// Do runs one request in a child and returns the response. The deadline counts
// from the moment the child gets the request; 0 stands for the pool's.
//
// Errors: *DeadError when the child died on it, *HandlerError when the handler
// failed or panicked, *StartError when no child can be started, ErrClosed, or
// the context's error (wrapped), in which case the child was killed at once.
func (p *Pool) Do(ctx context.Context, kind string, request []byte, deadline time.Duration) ([]byte, error) {
	if strings.Contains(kind, "\x00") {
		return nil, fmt.Errorf("kind of request %q holds a zero byte", kind)
	}
	if n := int64(len(kind) + 1 + len(request)); p.config.Limits.Request >= 0 && n > p.config.Limits.Request {
		return nil, fmt.Errorf("request of %d bytes is over the limit of %d", n, p.config.Limits.Request)
	}
	if deadline <= 0 {
		deadline = p.config.Deadline
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("waiting for a reader process: %w", err)
	}
	select {
	case <-p.closed:
		return nil, ErrClosed
	default:
	}
	select {
	case <-p.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for a reader process: %w", ctx.Err())
	case ch := <-p.slots:
		// Closing the pool ends what runs like a cancelled call does.
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		stop := p.cancelWhenClosed(cancel)
		ch, response, err := p.use(inner, ch, kind, request, deadline)
		stop()
		p.slots <- ch
		if err != nil && inner.Err() != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("reading in a child process: %w", ctx.Err())
			}
			return nil, ErrClosed
		}
		return response, err
	}
}

// cancelWhenClosed cancels when the pool closes. The function it returns ends
// that; the context is cancelled later by the caller's own means.
func (p *Pool) cancelWhenClosed(cancel context.CancelFunc) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-p.closed:
			cancel()
		case <-quit:
		}
	}()
	return func() { close(quit); <-done }
}

// use runs one request in the child of a slot, or in a new one, and returns
// the child that the slot has from now on.
func (p *Pool) use(ctx context.Context, ch *child, kind string, request []byte, deadline time.Duration) (*child, []byte, error) {
	if ch != nil && ch.dead() { // it died idle: no request's fault
		ch.kill(nil)
		<-ch.gone
		ch = nil
	}
	for try := 1; ch == nil; try++ {
		var err error
		if ch, err = start(ctx, p.config); err != nil && (try == startTries || ctx.Err() != nil) {
			return nil, nil, &StartError{err}
		}
	}
	f, err := ch.exchange(ctx, p.config, kind, request, deadline)
	if err != nil {
		return nil, nil, ch.autopsy(err)
	}
	if ch.condemned() { // the watch struck just as the answer was in
		<-ch.gone
		ch = nil
	} else if top := p.config.Limits.Retire; top > 0 && resident(ch.cmd.Process.Pid) > top {
		ch.end()
		ch = nil
	}
	switch f.kind {
	case frameAnswer:
		return ch, f.payload, nil
	case frameError:
		return ch, nil, &HandlerError{Text: bounded(string(f.payload), maxText)}
	}
	text, stack, _ := strings.Cut(string(f.payload), "\x00")
	return ch, nil, &HandlerError{Text: bounded(text, maxText), Panic: true, Stack: bounded(stack, maxText)}
}

// exchange sends a request and reads the answer, under watch.
func (ch *child) exchange(ctx context.Context, c Config, kind string, request []byte, deadline time.Duration) (frame, error) {
	ch.served++
	stop := ch.watch(ctx, deadline, c.Limits.Resident)
	defer stop()
	werr := writeFrame(ch.in, frameRequest, ch.served, []byte(kind), []byte{0}, request)
	f, err := readFrame(ch.frames, c.MaxResponse) // also after a failed write: garbage tells more than a broken pipe
	switch {
	case err != nil:
		return frame{}, err
	case werr != nil:
		return frame{}, werr
	case f.id != ch.served:
		return frame{}, &protocolError{fmt.Sprintf("answer to request %d instead of %d", f.id, ch.served)}
	case f.kind != frameAnswer && f.kind != frameError && f.kind != framePanic:
		return frame{}, &protocolError{fmt.Sprintf("answer of type %q", f.kind)}
	}
	return f, nil
}

// Close ends all children and waits for them. Requests that run get ErrClosed;
// their children are killed. Close may be called twice.
func (p *Pool) Close() error {
	first := false
	p.once.Do(func() { first = true; close(p.closed) })
	if !first {
		return nil
	}
	var wg sync.WaitGroup
	for range p.config.Size {
		if ch := <-p.slots; ch != nil {
			wg.Go(ch.end)
		}
	}
	wg.Wait()
	return nil
}

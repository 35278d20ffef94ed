package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// child is the parent's view of one child process.
type child struct {
	cmd    *exec.Cmd
	in     *os.File // its standard input
	out    *os.File // its standard output
	frames *bufio.Reader
	errs   *tail         // what it says on standard error
	served uint64        // requests sent to it; the number of the latest
	gone   chan struct{} // closed when it is reaped and its standard error is read

	mu     sync.Mutex
	reaped bool
	why    *DeadError // set by whoever kills it; nil when it died by itself
}

// start starts a child and waits for its greeting. A child that dies first
// gives an error and is reaped.
func start(ctx context.Context, c Config) (*child, error) {
	ch, err := launch(ctx, c)
	if err != nil {
		return nil, err
	}
	stop := ch.watch(ctx, startWithin, c.Limits.Resident)
	f, err := readFrame(ch.frames, c.MaxResponse)
	stop()
	if err == nil && f.kind != frameHello {
		err = &protocolError{fmt.Sprintf("greeting has type %q", f.kind)}
	}
	if err != nil {
		return nil, ch.autopsy(err)
	}
	return ch, nil
}

// launch starts the process with three pipes. The pipes are our own: those of
// os/exec are closed by Wait, which could lose an answer.
func launch(ctx context.Context, c Config) (*child, error) {
	if c.Command == nil {
		return nil, errors.New("no command given")
	}
	var ends [6]*os.File
	shut := func(files ...*os.File) {
		for _, f := range files {
			if f != nil {
				f.Close()
			}
		}
	}
	for i := 0; i < 6; i += 2 {
		var err error
		if ends[i], ends[i+1], err = os.Pipe(); err != nil {
			shut(ends[:]...)
			return nil, err
		}
	}
	cmd := c.Command(context.WithoutCancel(ctx))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = ends[0], ends[3], ends[5]
	ownGroup(cmd)
	err := cmd.Start()
	shut(ends[0], ends[3], ends[5])
	if err != nil {
		shut(ends[1], ends[2], ends[4])
		return nil, err
	}
	ch := &child{cmd: cmd, in: ends[1], out: ends[2], frames: bufio.NewReaderSize(ends[2], 64<<10), errs: &tail{}, gone: make(chan struct{})}
	go ch.reap(ends[4])
	return ch, nil
}

// reap waits for the end of the process and of its standard error.
func (ch *child) reap(stderr *os.File) {
	read := make(chan struct{})
	go func() {
		io.Copy(ch.errs, stderr)
		close(read)
	}()
	ch.cmd.Wait()
	killGroup(ch.cmd.Process) // what it left behind
	ch.mu.Lock()
	ch.reaped = true
	ch.mu.Unlock()
	select {
	case <-read:
	case <-time.After(endWithin): // somebody outside the group holds the pipe
	}
	stderr.Close()
	<-read
	close(ch.gone)
}

// kill kills the child for a reason; the first reason counts. It closes the
// pipes as well, so that nobody waits on them.
func (ch *child) kill(why *DeadError) {
	ch.mu.Lock()
	if ch.why == nil && !ch.reaped {
		ch.why = why
	}
	if !ch.reaped {
		killGroup(ch.cmd.Process)
	}
	ch.mu.Unlock()
	ch.in.Close()
	ch.out.Close()
}

// end asks an idle child to stop and makes sure that it does.
func (ch *child) end() {
	ch.in.Close()
	select {
	case <-ch.gone:
	case <-time.After(endWithin):
	}
	ch.kill(nil)
	<-ch.gone
}

// dead reports whether the process has ended.
func (ch *child) dead() bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.reaped
}

// condemned reports whether the pool has killed the child.
func (ch *child) condemned() bool {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.why != nil
}

// watch kills the child when the deadline passes, ctx ends, or its memory
// swells. The function it returns ends the watch and waits for its end.
func (ch *child) watch(ctx context.Context, deadline time.Duration, top int64) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		timer := time.NewTimer(deadline)
		defer timer.Stop()
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ctx.Done():
				ch.kill(&DeadError{Killed, "the call was cancelled"})
				return
			case <-timer.C:
				ch.kill(&DeadError{Timeout, fmt.Sprintf("no answer within %s", deadline)})
				return
			case <-look.C:
				if top > 0 && resident(ch.cmd.Process.Pid) > top {
					ch.kill(&DeadError{OutOfMemory, fmt.Sprintf("more than %d MiB of resident memory", top>>20)})
					return
				}
			}
		}
	}()
	return func() { close(quit); <-done }
}

// autopsy takes a child that failed with err to its end and says why it died.
func (ch *child) autopsy(err error) *DeadError {
	var p *protocolError
	if errors.As(err, &p) {
		ch.kill(&DeadError{Protocol, bounded(p.what, maxDetail)})
	}
	select {
	case <-ch.gone:
	case <-time.After(endWithin):
		ch.kill(&DeadError{Protocol, "closed its output and did not end"})
	}
	<-ch.gone
	ch.in.Close()
	ch.out.Close()
	ch.mu.Lock()
	why := ch.why
	ch.mu.Unlock()
	if why != nil {
		return why
	}
	line, memory := ch.errs.useful()
	if memory {
		return &DeadError{OutOfMemory, line}
	}
	if line == "" {
		line = ch.cmd.ProcessState.String()
	}
	return &DeadError{endReason(ch.cmd.ProcessState), line}
}

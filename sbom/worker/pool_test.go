package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func dead(t *testing.T, err error) *DeadError {
	t.Helper()
	var d *DeadError
	if !errors.As(err, &d) {
		t.Fatalf("error is %v (%T), want a *DeadError", err, err)
	}
	return d
}

func echo(t *testing.T, p *Pool, text string) {
	t.Helper()
	got, err := p.Do(t.Context(), "echo", []byte(text), 0)
	if err != nil || string(got) != text {
		t.Fatalf("echo %q: %q, %v", text, got, err)
	}
}

// Each deed kills its child in one way, and the pool goes on.
func TestDeaths(t *testing.T) {
	huge := bytes.NewBuffer(nil)
	writeFrame(huge, frameAnswer, 1)
	copy(huge.Bytes()[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	wrongID := bytes.NewBuffer(nil)
	writeFrame(wrongID, frameAnswer, 77, []byte("mine"))
	oddType := bytes.NewBuffer(nil)
	writeFrame(oddType, 'Z', 1)
	tests := []struct {
		name, role, kind string
		request          []byte
		deadline         time.Duration
		reason           Reason
		detail           string
	}{
		{"exit", "serve", "exit", nil, 0, Crashed, "giving up"},
		{"loop", "serve", "loop", nil, 300 * time.Millisecond, Timeout, "no answer within 300ms"},
		{"stack", "serve", "recurse", nil, 0, Crashed, "fatal error: stack overflow"},
		{"swell", "serve", "swell", nil, 0, OutOfMemory, ""},
		{"shout", "serve", "shout", nil, 0, Crashed, "long line long line"},
		{"long answer", "serve", "big", nil, 0, Protocol, "frame of 2097152 bytes is over the limit of 1048576"},
		{"garbage", "bare", "chatter", nil, 0, Protocol, `not a frame: begins with "found NE"`},
		{"huge frame", "bare", "frame", huge.Bytes(), 0, Protocol, "frame of 9223372036854775807 bytes is over the limit"},
		{"another's answer", "bare", "frame", wrongID.Bytes(), 0, Protocol, "answer to request 77 instead of 1"},
		{"odd type", "bare", "frame", oddType.Bytes(), 0, Protocol, "answer of type"},
	}
	if !raceEnabled && runtime.GOOS == "linux" {
		tests = append(tests, tests[0])
		last := &tests[len(tests)-1]
		last.name, last.kind, last.reason, last.detail = "10 GB", "huge-alloc", OutOfMemory, "out of memory"
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := testConfig(tt.role)
			c.Size = 1
			p := newPool(t, c)
			_, err := p.Do(t.Context(), tt.kind, tt.request, tt.deadline)
			d := dead(t, err)
			if d.Reason != tt.reason || !strings.Contains(d.Detail, tt.detail) {
				t.Errorf("got %s: %q, want %s: %q", d.Reason, d.Detail, tt.reason, tt.detail)
			}
			if len(d.Detail) > maxDetail {
				t.Errorf("detail has %d bytes", len(d.Detail))
			}
			if g := d.Gap("a/b"); g.Path != "a/b" || g.Why == "" || g.Count != 1 || g.Offset != -1 {
				t.Errorf("gap %+v", g)
			}
			echo(t, p, "still here")
		})
	}
}

func TestHandlerErrorsLeaveTheChildAlive(t *testing.T) {
	c := testConfig("serve")
	c.Size = 1
	p := newPool(t, c)
	pid, err := p.Do(t.Context(), "pid", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		kind, text string
		panics     bool
	}{
		{"error", "no such section", false},
		{"panic", "slice bounds out of range", true},
		{"nil", "assignment to entry in nil map", true},
		{"goexit", "x y", true},
		{"unheard of", `no handler for requests of kind "unheard of"`, false},
	} {
		_, err := p.Do(t.Context(), tt.kind, nil, 0)
		var h *HandlerError
		if !errors.As(err, &h) {
			t.Errorf("%s: %v", tt.kind, err)
			continue
		}
		if !strings.Contains(h.Text, tt.text) || h.Panic != tt.panics || tt.panics != strings.Contains(h.Stack, "testHandlers") {
			t.Errorf("%s: %+v", tt.kind, h)
		}
	}
	if again, err := p.Do(t.Context(), "pid", nil, 0); err != nil || !bytes.Equal(pid, again) {
		t.Errorf("child changed from %s to %s, %v", pid, again, err)
	}
}

func TestPrintedTextDoesNotBreakFrames(t *testing.T) {
	p := newPool(t, testConfig("serve"))
	for range 3 {
		if got, err := p.Do(t.Context(), "chatter", nil, 0); err != nil || string(got) != "fine" {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

func TestSwollenChildIsRetiredAfterItsAnswer(t *testing.T) {
	if raceEnabled || resident(os.Getpid()) < 0 {
		t.Skip("resident memory is not known, or not ours")
	}
	c := testConfig("serve")
	c.Size = 1
	p := newPool(t, c)
	first, err := p.Do(t.Context(), "grow", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := p.Do(t.Context(), "pid", nil, 0); err != nil || bytes.Equal(first, second) {
		t.Errorf("child %s is still there (%s, %v)", first, second, err)
	}
}

func TestChildThatCannotStart(t *testing.T) {
	for role, want := range map[string]string{"exit-at-start": "no such verb", "babble": `begins with "usage: t"`} {
		p := newPool(t, testConfig(role))
		_, err := p.Do(t.Context(), "echo", nil, 0)
		var s *StartError
		if !errors.As(err, &s) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", role, err)
		}
	}
	c := testConfig("serve")
	c.Command = func(context.Context) *exec.Cmd { return exec.Command(filepath.Join(t.TempDir(), "missing")) }
	if _, err := newPool(t, c).Do(t.Context(), "echo", nil, 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing program: %v", err)
	}
	if _, err := newPool(t, Config{}).Do(t.Context(), "echo", nil, 0); err == nil {
		t.Error("no command, and no error")
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	c := testConfig("serve")
	c.Limits.Request = 10
	p := newPool(t, c)
	if _, err := p.Do(t.Context(), "echo", make([]byte, 6), 0); err == nil || !strings.Contains(err.Error(), "11 bytes is over the limit of 10") {
		t.Errorf("too long: %v", err)
	}
	if _, err := p.Do(t.Context(), "a\x00b", nil, 0); err == nil {
		t.Error("zero byte in kind passed")
	}
}

func TestCancelKillsAtOnce(t *testing.T) {
	c := testConfig("serve")
	c.Size = 1
	p := newPool(t, c)
	echo(t, p, "warm")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := p.Do(ctx, "loop", nil, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := p.Do(ctx, "echo", nil, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	echo(t, p, "after")
}

func TestCloseWhileBusy(t *testing.T) {
	p := NewPool(testConfig("serve"))
	results := make(chan error, 6)
	for range cap(results) { // two run, four wait
		go func() {
			_, err := p.Do(context.Background(), "loop", nil, time.Hour)
			results <- err
		}()
	}
	time.Sleep(200 * time.Millisecond)
	p.Close()
	for range cap(results) {
		if err := <-results; !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
	if _, err := p.Do(context.Background(), "echo", nil, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("after close: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

// The answers depend on the requests, not on who asks when.
func TestManyAtOnce(t *testing.T) {
	p := newPool(t, testConfig("serve"))
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			text := strings.Repeat(fmt.Sprintf("%d ", i), 1+i*300)
			kind, want := "echo", ""
			switch i % 10 {
			case 3:
				kind, want = "exit", "crashed"
			case 7:
				kind, want = "panic", "panicked"
			}
			got, err := p.Do(t.Context(), kind, []byte(text), 0)
			if want == "" && (err != nil || string(got) != text) {
				t.Errorf("request %d: %d bytes, %v", i, len(got), err)
			}
			if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("request %d: %v, want %s", i, err, want)
			}
		})
	}
	wg.Wait()
}

func TestNoGoroutineStays(t *testing.T) {
	before := runtime.NumGoroutine()
	p := NewPool(testConfig("serve"))
	for _, kind := range []string{"echo", "exit", "loop", "panic", "echo"} {
		p.Do(t.Context(), kind, nil, 200*time.Millisecond)
	}
	p.Close()
	for range 50 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), buf[:runtime.Stack(buf, true)])
}

func TestIdleDeathCostsNothing(t *testing.T) {
	c := testConfig("serve")
	c.Size = 1
	p := newPool(t, c)
	echo(t, p, "one")
	ch := <-p.slots
	ch.cmd.Process.Kill()
	<-ch.gone
	p.slots <- ch
	echo(t, p, "two")
}

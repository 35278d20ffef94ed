package limit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// small is a budget whose limits are easy to pass.
func small() *Budget {
	return New(Max{Entries: 3, Bytes: 10, Depth: 2, Containers: 1, PathLength: 4, FileSize: 8, Ratio: 5, RatioFloor: 20})
}

func wantLimit(t *testing.T, err error, k Kind, top, value int64) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v is not a limit error", err)
	}
	if *e != (Error{k, top, value}) {
		t.Errorf("got %+v, want %s %d %d", *e, k, top, value)
	}
}

func TestTakeUpToTheLimit(t *testing.T) {
	b := small()
	for _, n := range []int64{1, 2, 0} {
		if err := b.TakeEntries(n); err != nil {
			t.Fatalf("entries fit, got %v", err)
		}
	}
	wantLimit(t, b.TakeEntries(1), Entries, 3, 4)
	wantLimit(t, b.TakeBytes(11), Bytes, 10, 11)
	if err := b.TakeBytes(10); err != nil {
		t.Errorf("a take that failed was counted: %v", err)
	}
	wantLimit(t, b.TakeBytes(math.MaxInt64), Bytes, 10, math.MaxInt64)
	wantLimit(t, b.TakeBytes(-1), Bytes, 10, math.MaxInt64)
	if e, n := b.Used(); e != 3 || n != 10 {
		t.Errorf("used %d entries and %d bytes, want 3 and 10", e, n)
	}
}

func TestChecks(t *testing.T) {
	b := small()
	for what, err := range map[string]error{
		"depth": b.CheckDepth(2), "containers": b.CheckContainers(1), "path": b.CheckPath("abcd"),
		"size": b.CheckFileSize(8), "small output": b.CheckRatio(0, 20), "ratio": b.CheckRatio(5, 25),
	} {
		if err != nil {
			t.Errorf("%s at its limit: %v", what, err)
		}
	}
	wantLimit(t, b.CheckDepth(3), Depth, 2, 3)
	wantLimit(t, b.CheckContainers(2), Containers, 1, 2)
	wantLimit(t, b.CheckPath("abcde"), PathLength, 4, 5)
	wantLimit(t, b.CheckFileSize(9), FileSize, 8, 9)
	wantLimit(t, b.CheckFileSize(-1), FileSize, 8, math.MaxInt64)
	wantLimit(t, b.CheckRatio(5, 26), Ratio, 5, 6)
	wantLimit(t, b.CheckRatio(0, 21), Ratio, 5, 21)
}

func TestDefaultsFillZeroFields(t *testing.T) {
	got := New(Max{Depth: 7, Bytes: -3}).Max()
	want := Defaults()
	want.Depth = 7
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNilBudgetAllowsNothing(t *testing.T) {
	var b *Budget
	for i, err := range []error{b.TakeEntries(0), b.TakeBytes(0), b.CheckDepth(0), b.CheckContainers(0), b.CheckPath(""), b.CheckFileSize(0), b.CheckRatio(1, 0)} {
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("call %d passed without a budget", i)
		}
	}
	if _, err := io.ReadAll(b.Reader(strings.NewReader("x"))); err == nil {
		t.Error("read without a budget")
	}
}

func TestConcurrentTakesNeverPassTheLimit(t *testing.T) {
	b := New(Max{Bytes: 1000})
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := int64(0)
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if b.TakeBytes(3) == nil {
					mu.Lock()
					taken += 3
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if _, used := b.Used(); used != taken || used != 999 {
		t.Errorf("used %d, taken %d, want 999", used, taken)
	}
}

func TestReadN(t *testing.T) {
	long := bytes.Repeat([]byte("abcdefg"), 700_000) // more than one chunk
	for _, n := range []int{0, 1, 7, len(long)} {
		got, err := ReadN(iotest.HalfReader(bytes.NewReader(long)), int64(n))
		if err != nil || !bytes.Equal(got, long[:n]) {
			t.Errorf("n=%d: %d bytes, %v", n, len(got), err)
		}
	}
	for _, n := range []int64{-1, int64(len(long)) + 1, math.MaxInt64} {
		got, err := ReadN(bytes.NewReader(long), n)
		if !errors.Is(err, io.ErrUnexpectedEOF) || got != nil {
			t.Errorf("n=%d: %d bytes, %v", n, len(got), err)
		}
	}
}

func TestFalseClaimCostsLittleMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadN(strings.NewReader("few"), 1<<50); err == nil {
		t.Fatal("no error")
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4*chunk {
		t.Errorf("allocated %d bytes for three", got)
	}
}

func TestReadNAt(t *testing.T) {
	r := strings.NewReader("0123456789")
	if got, err := ReadNAt(r, 3, 4, 10); err != nil || string(got) != "3456" {
		t.Errorf("%q, %v", got, err)
	}
	for _, c := range [][2]int64{{-1, 2}, {9, 2}, {11, 0}, {2, -1}, {5, math.MaxInt64}, {math.MaxInt64, 5}} {
		if _, err := ReadNAt(r, c[0], c[1], 10); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("range %v: %v", c, err)
		}
	}
}

func TestReadAll(t *testing.T) {
	if got, err := ReadAll(strings.NewReader("12345"), 5); err != nil || string(got) != "12345" {
		t.Errorf("%q, %v", got, err)
	}
	_, err := ReadAll(strings.NewReader("123456"), 5)
	wantLimit(t, err, FileSize, 5, 6)
	if _, err := ReadAll(strings.NewReader("x"), math.MaxInt64); err != nil {
		t.Errorf("largest limit: %v", err)
	}
}

func TestReaderTakesFromTheBudget(t *testing.T) {
	b := New(Max{Bytes: 10, FileSize: 6})
	if got, err := io.ReadAll(b.Reader(strings.NewReader("123456"))); err != nil || string(got) != "123456" {
		t.Fatalf("%q, %v", got, err)
	}
	_, err := io.ReadAll(b.Reader(strings.NewReader("12345")))
	wantLimit(t, err, Bytes, 10, 11)
	_, err = io.ReadAll(New(Max{FileSize: 6}).Reader(strings.NewReader("1234567")))
	wantLimit(t, err, FileSize, 6, 7)
}

// The text of a gap names the key that raises the limit, unless it is another
// limit of the same kind, and does not depend on what was asked for.
func TestReason(t *testing.T) {
	b := New(Max{Bytes: 10, PathLength: 4, Time: 90 * time.Second})
	for want, e := range map[string]*Error{
		"limit on bytes hit: more than 10; --limit bytes raises it":            {Bytes, 10, 11},
		"limit on path length hit: more than 4; --limit path-length raises it": {PathLength, 4, 500},
		"limit on time hit: more than 1m30s; --limit time raises it":           {Time, int64(90 * time.Second), 0},
		"limit on bytes hit: more than 9":                                      {Bytes, 9, 11},
		"limit on decoder window hit: more than 8":                             {"decoder window", 8, 9},
	} {
		if got := b.Reason(e); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got, want := (&Error{Time, int64(time.Hour), 0}).Error(), "limit on time hit: more than 1h0m0s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWithTime(t *testing.T) {
	ctx, cancel := WithTime(t.Context(), Max{Time: 1})
	defer cancel()
	<-ctx.Done()
	wantLimit(t, context.Cause(ctx), Time, 1, 2)
	user, stop := context.WithCancel(t.Context())
	ctx, cancel = WithTime(user, Max{})
	defer cancel()
	stop()
	if err := context.Cause(ctx); err != context.Canceled {
		t.Errorf("a run that the user ended: %v", err)
	}
}

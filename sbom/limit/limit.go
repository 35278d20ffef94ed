// Package limit says how much work a hostile input may cost.
//
// A Budget belongs to one run: what is counted (entries, bytes) is counted over
// all inputs, and what is checked (depth, containers, path length, file size,
// ratio) is checked for each path or file. Readers take from it before they do
// the work and stop with a typed *Error that names the limit; the caller turns it
// into a gap (sbom.GapLimit) and goes on with what is left. The package also
// holds the reading functions for sizes that a file merely claims (see ReadN):
// memory grows with the bytes that are really there, never with the claim.
//
// Time is a limit too, and the only one whose result is not the same in every
// run. A Budget does not look at a clock: WithTime ends a context.
//
// Nothing here panics on hostile input, and no call blocks.
package limit

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Kind names one limit.
type Kind string

// The limits. The first three are for a whole run.
const (
	Entries    Kind = "entries"     // files, folders, links and other entries met
	Bytes      Kind = "bytes"       // bytes unpacked or decoded in total
	Time       Kind = "time"        // wall-clock time, in nanoseconds
	Depth      Kind = "depth"       // folders in folders, structures in structures
	Containers Kind = "containers"  // containers in containers (a zip in a zip)
	PathLength Kind = "path length" // bytes of one path
	FileSize   Kind = "file size"   // bytes of one file
	Ratio      Kind = "ratio"       // bytes out for each byte in
)

// Error says which limit was hit.
type Error struct {
	Limit Kind
	Max   int64 // the limit
	Value int64 // what the input asked for; at least Max+1
}

func (e *Error) Error() string {
	if e.Limit == Time {
		return "limit on time hit: more than " + time.Duration(e.Max).String()
	}
	return fmt.Sprintf("limit on %s hit: %d is more than %d", e.Limit, e.Value, e.Max)
}

// WithTime ends a context once the time of a run is used up, with an *Error as
// its cause. A time that is zero or less stands for its default.
func WithTime(ctx context.Context, m Max) (context.Context, context.CancelFunc) {
	top := m.withDefaults().Time
	return context.WithTimeoutCause(ctx, top, &Error{Time, int64(top), int64(top) + 1})
}

// Max holds the limits of a Budget. A field that is zero or less stands for its
// default, so Max{} is Defaults().
type Max struct {
	Entries    int64
	Bytes      int64
	Depth      int64
	Containers int64
	PathLength int64
	FileSize   int64
	Ratio      int64
	RatioFloor int64 // outputs up to this many bytes pass whatever their ratio is
	Time       time.Duration
}

// Defaults are the limits that every legitimate product passes, and a run over
// several of the largest ones.
func Defaults() Max {
	return Max{
		Entries:    4_000_000,      // the largest developer suites ship some 500,000 files
		Bytes:      128 << 30,      // the largest suites unpack to some 20 GiB
		Depth:      256,            // a macOS path of 1,024 bytes rarely has 60 folders
		Containers: 4,              // an ipa in a zip on a disk image in an archive
		PathLength: 4096,           // PATH_MAX of Linux; macOS has 1,024
		FileSize:   16 << 30,       // game data and virtual disks, the largest single files
		Ratio:      200,            // product archives stay under 20; see RatioFloor
		RatioFloor: 256 << 20,      // runs of zeros reach 1,000 in deflate: harmless while small
		Time:       12 * time.Hour, // a run over hundreds of apps takes minutes; hostile ones must end
	}
}

func (m Max) withDefaults() Max {
	d := Defaults()
	for _, f := range []struct{ have, def *int64 }{
		{&m.Entries, &d.Entries}, {&m.Bytes, &d.Bytes}, {&m.Depth, &d.Depth}, {&m.Containers, &d.Containers},
		{&m.PathLength, &d.PathLength}, {&m.FileSize, &d.FileSize}, {&m.Ratio, &d.Ratio}, {&m.RatioFloor, &d.RatioFloor},
	} {
		if *f.have <= 0 {
			*f.have = *f.def
		}
	}
	if m.Time <= 0 {
		m.Time = d.Time
	}
	return m
}

// Budget counts what a run has cost so far. It is safe for concurrent use.
// A take that does not fit fails and is not counted, so that smaller work may
// still pass. Nothing is given back: a budget measures work, not what is kept.
// A nil *Budget allows nothing: every method returns an *Error.
type Budget struct {
	max     Max
	entries atomic.Int64
	bytes   atomic.Int64
}

// New makes a budget; fields of m that are zero or less get their default.
func New(m Max) *Budget { return &Budget{max: m.withDefaults()} }

// Resume makes a budget of which some is used already: a process goes on with
// the counts of another. Limits and messages are those of the whole.
func Resume(m Max, entries, bytes int64) *Budget {
	b := New(m)
	b.entries.Store(max(entries, 0))
	b.bytes.Store(max(bytes, 0))
	return b
}

// Max returns the limits in force; for a nil Budget all are zero.
func (b *Budget) Max() Max {
	if b == nil {
		return Max{}
	}
	return b.max
}

// Reason is the text of a gap for a limit: the same however far the input went
// over it. It says what raises the limit when it is one of the budget; readers
// have fixed limits of the same kinds too.
func (b *Budget) Reason(e *Error) string {
	top := fmt.Sprint(e.Max)
	if e.Limit == Time {
		top = time.Duration(e.Max).String()
	}
	s := fmt.Sprintf("limit on %s hit: more than %s", e.Limit, top)
	m := b.Max()
	if have := m.field(e.Limit); have != nil && *have == e.Max || e.Limit == Time && int64(m.Time) == e.Max {
		s += "; --limit " + e.Limit.key() + " raises it"
	}
	return s
}

// Used returns the entries and bytes taken so far.
func (b *Budget) Used() (entries, bytes int64) {
	if b == nil {
		return 0, 0
	}
	return b.entries.Load(), b.bytes.Load()
}

// TakeEntries counts n more entries.
func (b *Budget) TakeEntries(n int64) error {
	if b == nil {
		return &Error{Entries, 0, max(n, 1)}
	}
	return take(&b.entries, Entries, b.max.Entries, n)
}

// TakeBytes counts n more bytes that are unpacked or decoded.
func (b *Budget) TakeBytes(n int64) error {
	if b == nil {
		return &Error{Bytes, 0, max(n, 1)}
	}
	return take(&b.bytes, Bytes, b.max.Bytes, n)
}

// take adds n to c unless the sum passes top. A negative n counts as a value
// that no limit allows: it comes from an overflow in the caller's sum.
func take(c *atomic.Int64, k Kind, top, n int64) error {
	if n < 0 {
		return &Error{k, top, 1<<63 - 1}
	}
	for {
		have := c.Load()
		if n > top-have {
			return &Error{k, top, saturatedSum(have, n)}
		}
		if c.CompareAndSwap(have, have+n) {
			return nil
		}
	}
}

func saturatedSum(a, b int64) int64 {
	if a > 1<<63-1-b {
		return 1<<63 - 1
	}
	return a + b
}

// CheckDepth fails when n levels are too many.
func (b *Budget) CheckDepth(n int) error { return check(Depth, b.Max().Depth, int64(n)) }

// CheckContainers fails when n containers in each other are too many; the
// container that the user gave counts 1.
func (b *Budget) CheckContainers(n int) error {
	return check(Containers, b.Max().Containers, int64(n))
}

// CheckPath fails when a path has too many bytes.
func (b *Budget) CheckPath(path string) error {
	return check(PathLength, b.Max().PathLength, int64(len(path)))
}

// CheckFileSize fails when one file is too large; it is for claims as well as
// for sizes that were measured. A negative size fails.
func (b *Budget) CheckFileSize(n int64) error {
	if n < 0 {
		n = 1<<63 - 1
	}
	return check(FileSize, b.Max().FileSize, n)
}

// CheckRatio fails when out bytes came from in bytes at too high a ratio.
func (b *Budget) CheckRatio(in, out int64) error {
	m := b.Max()
	if out <= m.RatioFloor && b != nil {
		return nil
	}
	return check(Ratio, m.Ratio, (out-1)/max(in, 1)+1) // rounded up
}

func check(k Kind, top, n int64) error {
	if n > top || top == 0 {
		return &Error{k, top, n}
	}
	return nil
}

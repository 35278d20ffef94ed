package worker

import (
	"runtime"
	"runtime/debug"
	"time"
)

// Limits bound one child. The parent and the child are given the same value. A
// field that is zero stands for its default; a negative one switches it off.
type Limits struct {
	// AddressSpace is the most bytes of address space (RLIMIT_AS), set by the
	// child. The Go runtime reserves more than 1 GB of it for nothing, so this is
	// far above Resident.
	AddressSpace int64
	// Resident is the most bytes of resident memory while a request runs; the
	// parent looks every 50 ms.
	Resident int64
	// Retire is the resident memory above which a child that answered is
	// replaced, so that one large file does not stay paid for.
	Retire int64
	// Heap is the size that the child's garbage collector works to stay under.
	// It never fails an allocation.
	Heap int64
	// Stack is the most bytes of one goroutine's stack. Growing a stack copies
	// it, so this is far below Resident: endless recursion then always ends as
	// a crash and never, by luck of timing, as swollen memory.
	Stack int64
	// Procs is how many threads of a child run Go code. One is the default: a
	// pool has a child for each core, and a garbage collector that runs beside
	// the reader would make the count of cores a lie.
	Procs int
	// Request is the most bytes of one request.
	Request int64
}

// DefaultLimits are the limits that every legitimate file passes.
func DefaultLimits() Limits {
	return Limits{
		AddressSpace: 4 << 30, Resident: 1 << 30, Retire: 384 << 20, Heap: 512 << 20,
		Stack: 64 << 20, Procs: 1, Request: 64 << 20,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ have, def *int64 }{
		{&l.AddressSpace, &d.AddressSpace}, {&l.Resident, &d.Resident}, {&l.Retire, &d.Retire},
		{&l.Heap, &d.Heap}, {&l.Stack, &d.Stack}, {&l.Request, &d.Request},
	} {
		if *f.have == 0 {
			*f.have = *f.def
		}
	}
	if l.Procs == 0 {
		l.Procs = d.Procs
	}
	return l
}

// apply puts the limits in force in this process.
func (l Limits) apply() error {
	if l.Procs > 0 {
		runtime.GOMAXPROCS(l.Procs)
	}
	if l.Heap > 0 {
		debug.SetMemoryLimit(l.Heap)
	}
	if l.Stack > 0 {
		debug.SetMaxStack(int(l.Stack))
	}
	return applySystem(l)
}

// Times of the parent's side.
const (
	lookEvery   = 50 * time.Millisecond // at a child's resident memory
	startWithin = 20 * time.Second      // a child must greet, on a busy machine too
	startTries  = 3                     // for children that die before they greet
	endWithin   = 2 * time.Second       // a child that closed its output must be gone
)

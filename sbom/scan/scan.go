// Package scan is the order of one scan: inputs become trees of files, files
// are hashed, binaries and property lists are read in child processes, and each
// product is put together from what they say. It decides nothing about
// capabilities or kinship; it ends in saved nouns (sbom.Scan).
//
// Hostile input: this process walks folders, hashes files and looks at their
// first bytes; everything that parses runs in children (see Handlers). A file
// that kills its child costs itself: it becomes a gap, and is tried once more at
// a shallow level. The order of inputs, the number of children and equal
// content at other places do not change a byte of the result.
//
// All inputs of a run share one budget and are charged in the order of their
// names. The limit on time is the exception to "not a byte": how far a run comes
// in a time is chance. What it does not come to is a gap that names the limit.
package scan

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/worker"
)

// NoProductError says that the inputs hold nothing that kinbom calls a product.
type NoProductError struct {
	Gaps []sbom.Gap // what could not be looked at: a product may have been in it
}

func (e *NoProductError) Error() string {
	return "no product found: no app, executable or library in Mach-O format"
}

// Options is what one scan needs to know.
type Options struct {
	Inputs   []string        // paths as the user gave them
	Rules    *capability.Set // in force for the whole scan
	Command  worker.Command  // starts a child that serves Handlers
	Watcher  worker.Command  // starts a process that runs worker.WatchFolder; nil: a killed run leaves its private folder
	Version  string          // of kinbom, for the record
	Jobs     int             // children and hashers; 0: one for each core
	Split    bool            // apps that an app holds, as installers do, become products of their own
	Max      limit.Max       // what the whole run may cost
	Limits   worker.Limits   // what one child may cost
	Marks    string          // existing folder for the marks of the images' code, one file each (see cdx.MarksFile); "": none are made
	Progress func(done, total int, what string)
}

// scanner is one run.
type scanner struct {
	Options
	work     context.Context // ends with the run's own, and when the time is used up
	temp     string          // private folder, removed at the end
	packed   ruleFile        // the rules in force, in the private folder
	pool     *worker.Pool
	packages *worker.Pool // one child for syft: its start is dear

	mu       sync.Mutex
	progress int
	total    int
}

// Run scans the inputs. Trouble with a file is a gap in the result; an error is
// the call's or the environment's (a *NoRoomError when the folder for temporary
// files is full), or a *NoProductError.
func Run(ctx context.Context, o Options) (*sbom.Scan, error) {
	work, stop := limit.WithTime(ctx, o.Max)
	defer stop()
	return runWithin(ctx, work, o)
}

// runWithin is Run with a context that is below ctx and may end before it, with
// a *limit.Error as its cause: the time is used up.
func runWithin(ctx, work context.Context, o Options) (*sbom.Scan, error) {
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	folder, err := worker.MakeFolder(o.Watcher)
	if err != nil {
		return nil, roomError(err)
	}
	defer folder.Remove() // what cannot be removed costs no result: the watcher tries on
	s := &scanner{Options: o, work: work, temp: folder.Path}
	if i, err := os.Stat(o.Marks); o.Marks != "" && (err != nil || !i.IsDir()) {
		return nil, fmt.Errorf("the folder for marks %s is no folder", o.Marks)
	}
	if err := s.writeRules(); err != nil {
		return nil, roomError(err)
	}
	s.pool = worker.NewPool(worker.Config{Command: o.Command, Size: o.Jobs, Limits: o.Limits})
	defer s.pool.Close()
	s.packages = worker.NewPool(worker.Config{Command: o.Command, Size: 1, Limits: packageLimits(o.Limits)})
	defer s.packages.Close()
	out, err := s.run(ctx)
	return out, roomError(err)
}

// packageLimits gives syft's child room for its licence texts.
func packageLimits(l worker.Limits) worker.Limits {
	l.Retire = -1
	return l
}

func (s *scanner) run(ctx context.Context) (*sbom.Scan, error) {
	out := &sbom.Scan{Tool: "kinbom", Version: s.Version, Rules: s.Rules.Digest()}
	trees, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	var files []*file
	for _, t := range trees {
		files = append(files, t.files...)
	}
	if err := s.hash(ctx, files); err != nil {
		return nil, err
	}
	for _, t := range trees {
		t.settle()
		out.Inputs = append(out.Inputs, t.manifest())
	}
	slices.SortFunc(out.Inputs, func(a, b sbom.Input) int { return strings.Compare(a.Path, b.Path) })
	drafts := s.partition(trees, out)
	if len(drafts) == 0 {
		sbom.SortGaps(out.Gaps)
		return nil, &NoProductError{Gaps: out.Gaps}
	}
	if err := s.read(ctx, drafts); err != nil {
		return nil, err
	}
	products := make([]*sbom.Product, len(drafts))
	err = s.parallel(ctx, len(drafts), func(i int) error {
		p, err := s.assemble(drafts[i])
		products[i] = p
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Products = merge(products)
	out.Outside.Normalize()
	sbom.SortGaps(out.Gaps)
	return out, nil
}

// parallel runs f for 0..n-1 on as many goroutines as there are jobs and
// returns the first error in order.
func (s *scanner) parallel(ctx context.Context, n int, f func(i int) error) error {
	errs := make([]error, n)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(s.Jobs, n) {
		wg.Go(func() {
			for i := range next {
				errs[i] = f(i)
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// step reports progress, when somebody wants to know.
func (s *scanner) step(what string) {
	if s.Progress == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress++
	s.Progress(s.progress, s.total, what)
}

// deadline is how long reading a file of a size may take: generous on a busy
// machine, and far below what a person would wait for a hang.
func deadline(size int64) time.Duration {
	return 20*time.Second + time.Duration(size/(1<<20))*250*time.Millisecond
}

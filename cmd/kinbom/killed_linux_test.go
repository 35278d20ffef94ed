package main

import (
	"cmp"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
)

// childrenOf lists the running processes that a process started.
func childrenOf(parent int) []int {
	var out []int
	list, _ := os.ReadDir("/proc")
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, _ := os.ReadFile("/proc/" + e.Name() + "/stat")
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:])) // the name before it may hold anything
		if len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
			out = append(out, pid)
		}
	}
	return out
}

// Whichever children are killed, readers or the watcher, and whenever: the
// result is whole and valid. Each kill costs one content at most (which may lie
// in many products), and says so.
func TestChildrenKilled(t *testing.T) {
	f := newFault(t)
	c, _, errs := f.command()
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %s", err, errs)
	}
	plain, err := cdx.Load(f.boms)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(3, 5)) // when and whom; the machine's pace does the rest
	total := 0
	for range 5 {
		c, _, errs := f.command()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.Wait()
		}()
		kills := f.killChildren(c.Process.Pid, 2, rnd, done) // a third might meet a reader that starts for the third time: that is a fault of the run
		<-done
		total += kills
		if status := c.ProcessState.ExitCode(); status != statusClean || errs.Len() > 0 {
			t.Fatalf("exit status %d after %d kills: %s", status, kills, errs)
		}
		got, err := cdx.Load(f.boms)
		if err != nil {
			t.Fatal(err)
		}
		if lost := compareKilled(t, plain, got); lost > kills {
			t.Errorf("%d kills cost %d contents", kills, lost)
		}
		f.until("no private folder", func() bool { return !f.found("*") })
	}
	if total == 0 {
		t.Error("nobody was killed")
	}
	t.Logf("%d children killed", total)
}

// killChildren kills up to n children of a process at random moments.
func (f *fault) killChildren(parent, n int, rnd *rand.Rand, done <-chan struct{}) (kills int) {
	for kills < n {
		select {
		case <-done:
			return kills
		case <-time.After(time.Duration(rnd.IntN(400)) * time.Millisecond):
		}
		if pids := childrenOf(parent); len(pids) > 0 && syscall.Kill(pids[rnd.IntN(len(pids))], syscall.SIGKILL) == nil {
			kills++
		}
	}
	return kills
}

// compareKilled compares a result with that of a calm run: the same products
// and files, and gaps for what was lost. It returns how many contents have one.
func compareKilled(t *testing.T, plain, got *sbom.Scan) int {
	t.Helper()
	contents := map[string]bool{}
	if len(got.Products) != len(plain.Products) {
		t.Fatalf("%d products, want %d", len(got.Products), len(plain.Products))
	}
	for i, p := range got.Products {
		want := plain.Products[i]
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
		if p.ID != want.ID || p.Coverage.Files != want.Coverage.Files || len(p.Images) > len(want.Images) {
			t.Errorf("%s: %s with %d files and %d images; want %s, %d and %d", p.Name, p.ID.Short(), p.Coverage.Files, len(p.Images),
				want.ID.Short(), want.Coverage.Files, len(want.Images))
		}
		files := map[string]string{} // path -> content
		for _, m := range want.Images {
			for _, place := range m.Places {
				files[place.Path] = string(place.File)
			}
		}
		told := false
		for _, g := range p.Gaps {
			if g.Kind == sbom.GapWorkerDied || strings.Contains(g.Why, "was killed") {
				told = true
				contents[cmp.Or(files[g.Path], g.Path)] = true
			}
		}
		if len(p.Images) < len(want.Images) && !told {
			t.Errorf("%s lost an image without a gap", p.Name)
		}
	}
	return len(contents)
}

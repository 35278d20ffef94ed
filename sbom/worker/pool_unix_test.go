//go:build unix

package worker

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// 200 requests run while somebody kills children at random: each request is
// answered right or gets one DeadError, and the pool goes on.
func TestKilledAtRandom(t *testing.T) {
	p := newPool(t, testConfig("serve"))
	rnd := rand.New(rand.NewPCG(1, 2)) // which times; the children's pace does the rest
	var pids sync.Map
	quit, done := make(chan struct{}), make(chan struct{})
	var kills atomic.Int64
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-time.After(time.Duration(rnd.IntN(40)) * time.Millisecond):
			}
			pids.Range(func(pid, _ any) bool {
				pids.Delete(pid)
				if syscall.Kill(pid.(int), syscall.SIGKILL) == nil {
					kills.Add(1)
				}
				return rnd.IntN(2) == 0
			})
		}
	}()
	var wg sync.WaitGroup
	var right, died atomic.Int64
	for i := range 4 {
		wg.Go(func() {
			for j := range 50 {
				text := fmt.Sprintf("request %d of %d", j, i)
				kind := "echo"
				if j%2 == 0 {
					kind = "pid"
				}
				got, err := p.Do(t.Context(), kind, []byte(text), 0)
				var d *DeadError
				switch {
				case errors.As(err, &d):
					if d.Reason != Killed {
						t.Errorf("%s: %v", text, err)
					}
					died.Add(1)
				case err != nil:
					t.Errorf("%s: %v", text, err)
				case kind == "echo" && string(got) != text:
					t.Errorf("%s: got %q", text, got)
				default:
					right.Add(1)
					if pid, err := strconv.Atoi(string(got)); kind == "pid" && err == nil {
						pids.Store(pid, true)
					}
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	wg.Wait()
	close(quit)
	<-done
	if right.Load()+died.Load() != 200 || kills.Load() == 0 || right.Load() < 20 {
		t.Errorf("%d right, %d died, %d kills", right.Load(), died.Load(), kills.Load())
	}
	t.Logf("%d right, %d died, %d kills", right.Load(), died.Load(), kills.Load())
	for pid := range pidsInSlots(p) {
		if syscall.Kill(pid, 0) != nil {
			t.Errorf("child %d in a slot does not exist", pid)
		}
	}
	for range 4 {
		if _, err := p.Do(t.Context(), "echo", nil, 0); err != nil {
			t.Logf("after the storm: %v", err) // a last kill may have been under way
		}
	}
	echo(t, p, "calm")
}

// pidsInSlots returns the children of an idle pool that it believes alive.
func pidsInSlots(p *Pool) map[int]bool {
	pids := map[int]bool{}
	for range p.config.Size {
		ch := <-p.slots
		if ch != nil && !ch.dead() {
			pids[ch.cmd.Process.Pid] = true
		}
		p.slots <- ch
	}
	return pids
}

func TestGrandchildrenDieToo(t *testing.T) {
	p := newPool(t, testConfig("serve"))
	name := filepath.Join(t.TempDir(), "pid")
	_, err := p.Do(t.Context(), "grandchild", []byte(name), time.Second)
	if d := dead(t, err); d.Reason != Timeout {
		t.Errorf("%v", d)
	}
	waitGone(t, waitFile(t, name))
}

func TestChildDiesWithItsParent(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "pid")
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleEnv+"=parent", "KINBOM_WORKER_TEST_FILE="+name)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := waitFile(t, name)
	cmd.Process.Kill()
	cmd.Wait()
	waitGone(t, pid)
}

// waitGone waits until a process is gone or is a zombie of somebody else.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	for range 200 {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && zombie(string(stat)) {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Errorf("process %d is still there", pid)
}

func zombie(stat string) bool {
	for i := len(stat) - 1; i > 0; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] == 'Z'
		}
	}
	return false
}

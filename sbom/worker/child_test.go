package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// roleEnv makes the test binary a child.
const roleEnv = "KINBOM_WORKER_TEST_CHILD"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleEnv); role {
	case "":
		os.Exit(m.Run())
	case "serve", "bare":
		var out io.Writer = os.Stdout
		if role == "bare" { // not an *os.File: standard output is shared with whoever prints
			out = struct{ io.Writer }{os.Stdout}
		}
		if err := Serve(context.Background(), os.Stdin, out, testHandlers(), testLimits()); err != nil {
			fmt.Fprintln(os.Stderr, "serve:", err)
			os.Exit(1)
		}
	case "exit-at-start":
		fmt.Fprintln(os.Stderr, "no such verb")
		os.Exit(2)
	case "babble":
		fmt.Println("usage: this program speaks no frames and prints more than one header of text")
		io.Copy(io.Discard, os.Stdin)
	case "parent":
		beParent()
	case "watcher":
		if err := WatchFolder(os.Stdin); err != nil {
			os.Exit(1)
		}
	case "folder":
		beFolder()
	}
}

// testLimits are small enough that the tests are quick.
func testLimits() Limits {
	l := Limits{Resident: 256 << 20, Heap: 128 << 20, Retire: 96 << 20}
	if raceEnabled { // the race detector maps terabytes
		l.AddressSpace, l.Resident, l.Retire = -1, 1<<30, 512<<20
	}
	return l
}

func testHandlers() map[string]Handler {
	say := func(text string) ([]byte, error) { return []byte(text), nil }
	return map[string]Handler{
		"echo":  func(_ context.Context, r []byte) ([]byte, error) { return r, nil },
		"pid":   func(context.Context, []byte) ([]byte, error) { return say(strconv.Itoa(os.Getpid())) },
		"error": func(context.Context, []byte) ([]byte, error) { return nil, errors.New("no such section") },
		"panic": func(_ context.Context, r []byte) ([]byte, error) { return r[: len(r)+1 : 0], nil },
		//lint:ignore SA5000 the crash is what is tested
		"nil": func(context.Context, []byte) ([]byte, error) { var m map[string]int; m["x"] = 1; return nil, nil },
		"exit": func(context.Context, []byte) ([]byte, error) {
			fmt.Fprintln(os.Stderr, "giving up")
			os.Exit(0)
			return nil, nil
		},
		"loop": func(context.Context, []byte) ([]byte, error) {
			for i := 0; ; i++ {
				_ = i
			}
		},
		"recurse": func(_ context.Context, r []byte) ([]byte, error) { return say(strconv.Itoa(recurse(len(r)))) },
		"huge-alloc": func(context.Context, []byte) ([]byte, error) {
			b := make([]byte, 10<<30)
			b[len(b)-1] = 1
			return b[:1], nil
		},
		"swell": func(context.Context, []byte) ([]byte, error) {
			var all [][]byte
			for range 2000 {
				all = append(all, bytes.Repeat([]byte{7}, 1<<20))
				time.Sleep(time.Millisecond)
			}
			return all[0][:1], nil
		},
		"grow": func(context.Context, []byte) ([]byte, error) {
			kept = bytes.Repeat([]byte{7}, 160<<20)
			return say(strconv.Itoa(os.Getpid()))
		},
		"chatter": func(context.Context, []byte) ([]byte, error) {
			os.Stdout.WriteString("found NEW load command 0x99\n")
			return say("fine")
		},
		"frame": func(_ context.Context, r []byte) ([]byte, error) { os.Stdout.Write(r); return say("fine") },
		"big":   func(context.Context, []byte) ([]byte, error) { return make([]byte, 2<<20), nil },
		"shout": func(context.Context, []byte) ([]byte, error) {
			fmt.Fprint(os.Stderr, strings.Repeat("x", 1<<20), "\n", strings.Repeat("long line ", 1000), "\n")
			os.Exit(3)
			return nil, nil
		},
		"grandchild": func(_ context.Context, r []byte) ([]byte, error) {
			cmd := exec.Command("sleep", "300")
			cmd.Stderr = os.Stderr // holds the pipe
			if err := cmd.Start(); err != nil {
				return nil, err
			}
			os.WriteFile(string(r), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600)
			select {}
		},
		"goexit": func(context.Context, []byte) ([]byte, error) { panic(http("x\x00y")) },
	}
}

// http is a panic value that is no string and holds a zero byte.
type http string

var kept []byte // of the "grow" handler, in the child only

func recurse(n int) int {
	var pad [256]byte
	pad[n%256] = byte(n)
	//lint:ignore SA5007 the overflow is what is tested
	return recurse(n+1) + int(pad[(n+1)%256])
}

// testConfig runs the test binary as a child of the given role.
func testConfig(role string) Config {
	return Config{
		Command: func(ctx context.Context) *exec.Cmd {
			exe, err := os.Executable()
			if err != nil {
				panic(err) // cannot happen while the test runs
			}
			cmd := exec.CommandContext(ctx, exe, "-test.run=^$")
			cmd.Env = append(os.Environ(), roleEnv+"="+role)
			return cmd
		},
		Size: 2, Limits: testLimits(), MaxResponse: 1 << 20, Deadline: 30 * time.Second,
	}
}

func newPool(t *testing.T, c Config) *Pool {
	t.Helper()
	p := NewPool(c)
	t.Cleanup(func() { p.Close() })
	return p
}

// beParent starts a child on an endless loop, writes its number to the file
// that the environment names, and waits to be killed.
func beParent() {
	c := testConfig("serve")
	c.Size = 1
	p := NewPool(c)
	pid, err := p.Do(context.Background(), "pid", nil, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go p.Do(context.Background(), "loop", nil, time.Hour)
	time.Sleep(100 * time.Millisecond)
	name := os.Getenv("KINBOM_WORKER_TEST_FILE")
	if err := os.WriteFile(name+".new", pid, 0o600); err != nil {
		os.Exit(1)
	}
	os.Rename(name+".new", name)
	select {}
}

// waitFile waits until a file has content and returns it as a number.
func waitFile(t *testing.T, name string) int {
	t.Helper()
	for range 400 {
		data, err := os.ReadFile(name)
		if n, aerr := strconv.Atoi(string(data)); err == nil && aerr == nil {
			return n
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("%s did not appear", filepath.Base(name))
	return 0
}

//go:build linux

package macho

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	gomacho "github.com/blacktop/go-macho"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// These tests reproduce what makes own readers and child processes necessary:
// calls of go-macho that end a process or never end, on files of 3 KB. Each
// call runs in a copy of the test program with 2 GB of address space and a
// deadline. When go-macho learns to refuse one of the files, its test says so.

const (
	deadlyCall = "KINBOM_DEADLY_CALL"
	survives   = "survives"
	control    = "control" // a valid image: shows that the limits alone kill nobody
)

// deadly are the calls, by the hostile image that they are given.
func deadly(f *gomacho.File) map[string]func() error {
	return map[string]func() error{
		"trie":      func() error { _, err := f.GetExports(); return err },
		"cstrings":  func() error { _, err := f.GetCStrings(); return err },
		"cfstrings": func() error { _, err := f.GetCFStrings(); return err },
		"swift":     func() error { _, err := f.GetSwiftTypes(); return err },
		"binds":     func() error { _, err := f.GetBindInfo(); return err },
		control:     func() error { _, err := f.GetExports(); return err },
		"classlist": func() error { _, err := f.GetObjCClasses(); return err },
	}
}

func deadlyImage(name string) []byte {
	if name == control {
		return machotest.Sample(false)
	}
	return machotest.Hostiles()[name]
}

// TestMain turns the copy of the test program into the victim.
func TestMain(m *testing.M) {
	name := os.Getenv(deadlyCall)
	if name == "" {
		os.Exit(m.Run())
	}
	log.SetOutput(io.Discard)
	limit := syscall.Rlimit{Cur: 2 << 30, Max: 2 << 30}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		fmt.Println("limit:", err)
		os.Exit(3)
	}
	f, err := gomacho.NewFile(bytes.NewReader(deadlyImage(name)))
	if err == nil {
		err = deadly(f)[name]()
	}
	fmt.Println("survived:", err)
	os.Exit(0)
}

// TestDeadlyCalls wants each call to die or hang, and ReadBytes to survive the same file.
func TestDeadlyCalls(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Skip("no path to the test program")
	}
	for name := range deadly(nil) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ReadBytes(deadlyImage(name), Options{}); err != nil {
				t.Errorf("ReadBytes: %v", err)
			}
			out, how := runDeadly(t, self, name)
			if alive := name == control; alive != (how == survives) {
				t.Errorf("go-macho %s: %.300s", how, out)
			}
			t.Logf("go-macho %s: %.100s", how, out)
		})
	}
}

// runDeadly says how the child ended.
func runDeadly(t *testing.T, self, name string) (out, how string) {
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), deadlyCall+"="+name)
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(4*time.Second, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	stop.Stop()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() < 0:
		return b.String(), "hangs"
	case errors.As(err, &exit):
		return b.String(), "dies"
	case strings.HasPrefix(b.String(), "survived"):
		return b.String(), survives
	}
	return b.String(), "ends without a word"
}

package ar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func open(b []byte, m limit.Max) (*Reader, error) {
	return New(bytes.NewReader(b), int64(len(b)), limit.New(m))
}

func list(a *Reader) string {
	var got []string
	for i := range a.Members {
		m := &a.Members[i]
		data, err := io.ReadAll(a.Open(m))
		if m.Kind != KindFile {
			got = append(got, fmt.Sprint(m.Name, " ", m.Kind))
			continue
		}
		got = append(got, fmt.Sprintf("%s=%q%v", m.Name, data, err))
	}
	return strings.Join(got, "|")
}

func sample(gnu bool) []byte {
	table := archivetest.File{Name: "__.SYMDEF SORTED", Data: "1234"}
	if gnu {
		table = archivetest.File{Name: "/", Data: "1234"}
	}
	return archivetest.Ar(gnu, table, archivetest.File{Name: "a.o", Data: "odd"}, archivetest.File{Name: "a_long_name_of_an_object.o", Data: "content"},
		archivetest.File{Name: "a.o", Data: "same name"}, archivetest.File{Name: "another_long_name_here.o"})
}

func TestRead(t *testing.T) {
	const members = `a.o="odd"<nil>|a_long_name_of_an_object.o="content"<nil>|a.o="same name"<nil>|another_long_name_here.o=""<nil>`
	for gnu, want := range map[bool]string{true: "// names|/ symbols|" + members, false: "__.SYMDEF SORTED symbols|" + members} {
		b := sample(gnu)
		a, err := open(b, limit.Max{})
		if err != nil || a.Trouble != nil || !Detect(b) {
			t.Fatalf("%v %+v", err, a)
		}
		if got := list(a); got != want {
			t.Errorf("gnu %v:\ngot  %s\nwant %s", gnu, got, want)
		}
	}
}

// TestTools reads what ar and llvm-ar write.
func TestTools(t *testing.T) {
	dir := t.TempDir()
	want := map[string]string{"a.o": "odd", "a_long_name_of_an_object_file.o": strings.Repeat("x", 1000), "name with space.o": "sp", "sixteen_chars_.o": "16"}
	args := []string{}
	for _, n := range []string{"a.o", "a_long_name_of_an_object_file.o", "name with space.o", "sixteen_chars_.o"} {
		os.WriteFile(filepath.Join(dir, n), []byte(want[n]), 0o644)
		args = append(args, n)
	}
	done := 0
	for _, form := range [][]string{{"ar", "rcS"}, {"llvm-ar", "--format=gnu", "rcS"}, {"llvm-ar", "--format=bsd", "rcS"}, {"llvm-ar", "--format=darwin", "rcS"}} {
		bin, err := exec.LookPath(form[0])
		if err != nil {
			if bin, err = exec.LookPath(form[0] + "-19"); err != nil {
				continue
			}
		}
		out := filepath.Join(dir, strings.Join(form, "")+".a")
		cmd := exec.Command(bin, append(append(form[1:len(form):len(form)], out), args...)...)
		cmd.Dir = dir
		if msg, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", form, err, msg)
		}
		b, _ := os.ReadFile(out)
		a, err := open(b, limit.Max{})
		if err != nil || a.Trouble != nil {
			t.Fatalf("%v: %v %v", form, err, a.Trouble)
		}
		n := 0
		for i := range a.Members {
			m := &a.Members[i]
			if m.Kind != KindFile {
				continue
			}
			n++
			got, _ := io.ReadAll(a.Open(m))
			// The darwin form pads contents with newlines to eight bytes.
			if w, ok := want[m.Name]; !ok || strings.TrimRight(string(got), "\n") != w {
				t.Errorf("%v: %q: %d bytes", form, m.Name, len(got))
			}
		}
		if n != len(want) {
			t.Errorf("%v: %d members", form, n)
		}
		done++
		thin := filepath.Join(dir, "thin.a")
		cmd = exec.Command(bin, append([]string{"rcST", thin}, args...)...)
		cmd.Dir = dir
		if form[0] == "ar" && cmd.Run() == nil {
			b, _ := os.ReadFile(thin)
			if _, err := open(b, limit.Max{}); !errors.Is(err, ErrThin) {
				t.Errorf("thin: %v", err)
			}
		}
	}
	if done == 0 {
		t.Skip("neither ar nor llvm-ar is installed")
	}
}

func TestTruncated(t *testing.T) {
	for _, gnu := range []bool{true, false} {
		b := sample(gnu)
		whole, _ := open(b, limit.Max{})
		for n := range b {
			a, err := open(b[:n], limit.Max{})
			var bad *malformed.Error
			if n < len(Magic) {
				if !errors.As(err, &bad) || !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("cut at %d: %v", n, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("cut at %d: %v", n, err)
			}
			if a.Trouble == nil && int64(n) != int64(len(Magic)) && !border(whole, int64(n)) {
				t.Fatalf("cut at %d is not seen", n)
			}
			if a.Trouble != nil && (!errors.As(a.Trouble, &bad) || !errors.Is(a.Trouble, io.ErrUnexpectedEOF)) {
				t.Fatalf("cut at %d: %v", n, a.Trouble)
			}
		}
	}
}

// border reports whether a member ends at n: such a cut cannot be seen.
func border(a *Reader, n int64) bool {
	for _, m := range a.Members {
		if end := m.Offset + m.Size; n == end || n == end+end%2 {
			return true
		}
	}
	return false
}

func TestHostile(t *testing.T) {
	for _, c := range archivetest.HostileArs() {
		a, err := open(c.Bytes, limit.Max{Entries: 10})
		if err != nil || a.Trouble == nil || !strings.Contains(a.Trouble.Error(), c.Want) || len(a.Members) == 0 || a.Members[0].Name != "a.o" {
			t.Errorf("%s: %v %+v", c.Name, err, a)
		}
	}
	if _, err := open([]byte("!<thin>\n"), limit.Max{}); !errors.Is(err, ErrThin) {
		t.Errorf("thin: %v", err)
	}
	if _, err := open([]byte("hello, world"), limit.Max{}); err == nil || errors.Is(err, ErrThin) {
		t.Errorf("text: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample(true))
	f.Add(sample(false))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := open(b, limit.Max{Entries: 1000, PathLength: 255})
		if err != nil {
			return
		}
		for _, m := range a.Members {
			if m.Offset < 0 || m.Size < 0 || m.Offset+m.Size > int64(len(b)) || len(m.Name) > 255 {
				t.Fatalf("%+v", m)
			}
		}
	})
}

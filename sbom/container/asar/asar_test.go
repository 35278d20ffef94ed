package asar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func open(b []byte, m limit.Max) (*Reader, error) {
	return New(bytes.NewReader(b), int64(len(b)), limit.New(m))
}

func sample() []byte {
	return archivetest.Asar(
		archivetest.File{Name: "main.js", Data: "console.log(1)"}, archivetest.File{Name: "lib/a/b.js", Data: "b"}, archivetest.File{Name: "lib/tool", Data: "#!", Mode: 0o755},
		archivetest.File{Name: "lib/x.node", Data: "native", Unpacked: true}, archivetest.File{Name: "lib/l", Link: "lib/a/b.js"}, archivetest.File{Name: "void/"}, archivetest.File{Name: "empty", NoHash: true})
}

func read(a *Reader, e *Entry) (string, error) {
	r, err := a.Open(e)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

func TestRead(t *testing.T) {
	b := sample()
	a, err := open(b, limit.Max{})
	if err != nil || !Detect(b) || len(a.HeaderDigest) != 64 {
		t.Fatalf("%v", err)
	}
	var got []string
	for i := range a.Entries {
		e := &a.Entries[i]
		data, err := read(a, e)
		if (err == nil) != (e.Type == TypeFile && !e.Unpacked) || e.Trouble != nil {
			t.Errorf("%s: %v %v", e.Path, err, e.Trouble)
		}
		if err == nil {
			if ok, err := e.Verify(strings.NewReader(data)); err != nil || ok != (e.Path != "empty") {
				t.Errorf("%s: %v %v", e.Path, ok, err)
			}
			if _, err := e.Verify(strings.NewReader(data + "x")); err == nil && e.Path != "empty" {
				t.Errorf("%s: more data pass", e.Path)
			}
		}
		got = append(got, fmt.Sprintf("%s %s %v %v %q %q", e.Path, e.Type, e.Executable, e.Unpacked, e.Link, data))
	}
	sort.Strings(got)
	want := `empty file false false "" ""|lib dir false false "" ""|lib/a dir false false "" ""|lib/a/b.js file false false "" "b"|lib/l link false false "lib/a/b.js" ""|lib/tool file true false "" "#!"|lib/x.node file false true "" ""|main.js file false false "" "console.log(1)"|void dir false false "" ""`
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestVerifyBlocks(t *testing.T) {
	h := func(s string) string { return archivetest.Sum256(s) }
	for name, c := range map[string]struct {
		in   Integrity
		data string
		ok   bool
		want string
	}{
		"two blocks":   {Integrity{"SHA256", h("abcdef"), 4, []string{h("abcd"), h("ef")}}, "abcdef", true, ""},
		"exact":        {Integrity{"SHA256", h("abcdef"), 3, []string{h("abc"), h("def")}}, "abcdef", true, ""},
		"second block": {Integrity{"SHA256", h("abcdef"), 4, []string{h("abcd"), h("eg")}}, "abcdef", false, "block hash differs"},
		"whole":        {Integrity{"SHA256", h("abcdeg"), 4, []string{h("abcd"), h("ef")}}, "abcdef", false, "hash differs"},
		"missing":      {Integrity{"SHA256", h("abcdef"), 4, []string{h("abcd")}}, "abcdef", false, "longer than its blocks"},
		"cut":          {Integrity{"SHA256", h("abcdef"), 4, []string{h("abcd"), h("ef")}}, "abcd", false, "block hash differs"},
		"no blocks":    {Integrity{"SHA256", h("abcdef"), 0, nil}, "abcdef", true, ""},
		"block size":   {Integrity{"SHA256", h("abcdef"), 0, []string{h("abcd")}}, "abcdef", false, "block size"},
		"algorithm":    {Integrity{"MD5", "00", 4, nil}, "abcdef", false, ""},
	} {
		e := Entry{Size: 6, Integrity: &c.in}
		ok, err := e.Verify(strings.NewReader(c.data))
		if ok != c.ok || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v %v", name, ok, err)
		}
	}
}

func TestTruncated(t *testing.T) {
	b := sample()
	for n := range b {
		a, err := open(b[:n], limit.Max{})
		var bad *malformed.Error
		if err != nil {
			if !errors.As(err, &bad) || a != nil {
				t.Fatalf("cut at %d: %v", n, err)
			}
			continue
		}
		lost := 0
		for i := range a.Entries {
			e := &a.Entries[i]
			if e.Trouble == nil {
				continue
			}
			lost++
			if _, err := a.Open(e); !errors.As(err, &bad) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("cut at %d: %v", n, err)
			}
		}
		if lost == 0 {
			t.Fatalf("cut at %d loses nothing", n)
		}
	}
}

func TestHostile(t *testing.T) {
	for _, c := range archivetest.HostileAsars() {
		a, err := open(c.Bytes, limit.Max{Entries: 1000, PathLength: 255})
		if err == nil && len(a.Entries) > 0 {
			_, err = a.Open(&a.Entries[0])
		}
		var bad *malformed.Error
		var over *limit.Error
		if err == nil || !strings.Contains(err.Error(), c.Want) || !errors.As(err, &bad) && !errors.As(err, &over) {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	for off, want := range map[int]string{0: "size pickle", 4: "not inside the file", 7: "not inside the file", 8: "payload is larger", 11: "payload is larger", 12: "JSON is larger", 15: "JSON is larger"} {
		b := sample()
		b[off] = 0xFE
		if _, err := open(b, limit.Max{}); err == nil || !strings.Contains(err.Error(), want) || Detect(b) && want != "not inside the file" {
			t.Errorf("byte %d: %v", off, err)
		}
	}
}

// TestAsFound keeps what is hostile or odd as it is.
func TestAsFound(t *testing.T) {
	a, err := open(archivetest.AsarRaw([]byte(`{"new":[1,{"a":2}],"files":{"../up":{"size":2,"offset":0},"a":{"size":1,"offset":"0"},"a":{"size":1,"offset":"1"},"":{"files":{"/abs":{"link":"../../etc"}}}}}`), []byte("hi")), limit.Max{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range a.Entries {
		data, _ := read(a, &a.Entries[i])
		got = append(got, a.Entries[i].Path+"="+data+a.Entries[i].Link)
	}
	if s := strings.Join(got, "|"); s != "../up=hi|a=h|a=i|=|//abs=../../etc" {
		t.Error(s)
	}
}

// TestElectronAsar compares with the program that Electron's makers use. The
// environment names its folder of modules, for it is no Go module.
func TestElectronAsar(t *testing.T) {
	bin := os.Getenv("KINBOM_ASAR")
	if bin == "" {
		t.Skip("KINBOM_ASAR is not set: it names the program of @electron/asar")
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	for name, data := range map[string]string{"index.js": "x", "sub/big.bin": strings.Repeat("0123456789", 1_000_000), "sub/n.node": "native", "empty": "", "ä.txt": "u"} {
		os.MkdirAll(filepath.Dir(filepath.Join(in, name)), 0o755)
		os.WriteFile(filepath.Join(in, name), []byte(data), 0o644)
	}
	os.Symlink("sub/big.bin", filepath.Join(in, "link"))
	file := filepath.Join(dir, "app.asar")
	if out, err := exec.Command(bin, "pack", in, file, "--unpack", "*.node").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	compare(t, bin, file)
	// And the other way: it unpacks what the tests write.
	ours := filepath.Join(dir, "ours.asar")
	os.WriteFile(ours, archivetest.Asar(archivetest.File{Name: "a.js", Data: "aa"}, archivetest.File{Name: "d/b.js", Data: "bb"}), 0o600)
	compare(t, bin, ours)
}

// TestReal compares the archives of real apps.
func TestReal(t *testing.T) {
	root, bin := os.Getenv("KINBOM_REAL"), os.Getenv("KINBOM_ASAR")
	if root == "" {
		t.Skip("KINBOM_REAL is not set: it names a folder of real apps")
	}
	n := 0
	filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".asar") && !d.IsDir() {
			n++
			compare(t, bin, p)
		}
		return err
	})
	if n == 0 {
		t.Error("no archives")
	}
}

// compare verifies an archive and, with the program, every path and content.
func compare(t *testing.T, bin, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(b, limit.Max{})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	out := t.TempDir()
	if bin != "" {
		if msg, err := exec.Command(bin, "extract", file, out).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, msg)
		}
	}
	for i := range a.Entries {
		e := &a.Entries[i]
		if e.Trouble != nil {
			t.Errorf("%s: %v", e.Path, e.Trouble)
		}
		if e.Type != TypeFile {
			continue
		}
		var data []byte
		if e.Unpacked {
			data, err = os.ReadFile(filepath.Join(file+".unpacked", e.Path))
		} else {
			var s string
			s, err = read(a, e)
			data = []byte(s)
		}
		if err != nil {
			t.Errorf("%s: %v", e.Path, err)
			continue
		}
		if ok, err := e.Verify(bytes.NewReader(data)); err != nil || !ok && e.Integrity != nil {
			t.Errorf("%s: %v %v", e.Path, ok, err)
		}
		if bin == "" {
			continue
		}
		if want, err := os.ReadFile(filepath.Join(out, e.Path)); err != nil || !bytes.Equal(want, data) {
			t.Errorf("%s: the program unpacks other bytes (%v)", e.Path, err)
		}
	}
	if bin == "" {
		return
	}
	paths := map[string]bool{}
	for _, e := range a.Entries {
		paths[e.Path] = true
	}
	filepath.WalkDir(out, func(p string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(out, p)
		if err == nil && rel != "." && !paths[filepath.ToSlash(rel)] {
			t.Errorf("%s: not listed", rel)
		}
		return err
	})
}

func FuzzRead(f *testing.F) {
	f.Add(sample())
	f.Add(archivetest.AsarRaw([]byte(`{"files":{"a":{"size":1,"offset":"0","integrity":{"algorithm":"SHA256","hash":"x","blockSize":1,"blocks":["y",2]}}}}`), []byte("ab")))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := open(b, limit.Max{Entries: 1000})
		if err != nil {
			return
		}
		for i := range a.Entries {
			e := &a.Entries[i]
			if r, err := a.Open(e); err == nil {
				if e.Offset < prefix || e.Offset+e.Size > int64(len(b)) {
					t.Fatalf("%+v outside", e)
				}
				e.Verify(r)
			}
		}
	})
}

package report

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/graph/finding"
)

func awkwardNames() []string {
	return []string{"plain", "two words", "it's", `back\slash`, "br[ack]et", "st*r", "wh?t", "$(echo no)", "`no`", "-dash", "dou\"ble",
		"esc\x1b[31m", "日本", "\u202ertl", `all[*]\of?it`, "semi;colon", "a&b|c", "%s", "~", "#hash", "!bang", "tab\there", "new\nline"}
}

// run gives a command line to the shell in a folder and returns its output
// without xxd, which is replaced by cat.
func run(t *testing.T, dir, command string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", strings.TrimSuffix(command, "| xxd"))
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	return string(out)
}

func TestShowBytesOfFiles(t *testing.T) {
	for _, name := range awkwardNames() {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		p := name + "/" + name
		if err := os.WriteFile(filepath.Join(dir, p), []byte("0123456789"), 0o644); err != nil {
			t.Fatal(err)
		}
		command := showBytes(p, 3, 4)
		if got := run(t, dir, command); got != "3456" {
			t.Errorf("%s gives %q", command, got)
		}
		if plain(command) != command {
			t.Errorf("%q is not printable", command)
		}
	}
}

func TestShowBytesOfMembers(t *testing.T) {
	if _, err := exec.LookPath("unzip"); err != nil {
		t.Skip("unzip is not installed")
	}
	for _, name := range awkwardNames() {
		if name == "\u202ertl" || name == "日本" {
			continue // unzip's own handling of such names depends on the locale
		}
		dir := t.TempDir()
		archive := name + ".zip"
		f, err := os.Create(filepath.Join(dir, archive))
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		for member, content := range map[string]string{name + "/" + name: "0123456789", "other/x": "wrong-----", "b/a": "wrong-----"} {
			w, err := z.Create(member)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
		command := showBytes(archive+"/"+name+"/"+name, 3, 4)
		if got := run(t, dir, command); got != "3456" {
			t.Errorf("%s gives %q", command, got)
		}
	}
}

func TestSplitArchives(t *testing.T) {
	for in, want := range map[string]string{
		"a/b.app/c": "a/b.app/c", "a/b.zip/c/d": "a/b.zip|c/d", "B.IPA/Payload/x": "B.IPA|Payload/x",
		"a.zip/b.zip/c": "a.zip|b.zip|c", "a/b.zip": "a/b.zip", ".zip/x": ".zip|x", "a.zipper/x": "a.zipper/x",
	} {
		if got := strings.Join(splitArchives(in), "|"); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	for in, want := range map[string]string{
		"a.zip/b.zip/c":      "# unpack ",
		"d/a.dmg/A.app/x":    "# unpack ",
		"A.app/app.asar/x.n": "# unpack ",
		"d/a.tar.gz/A/x":     "tar -xOf ",
		"a.TGZ/x":            "tar -xOf ",
		"lib/libx.a/m.o":     "dd if='lib/libx.a' ",
		"d.zip/libx.a/m.o":   "unzip -p 'd.zip' 'libx.a' ",
		"a.app/x":            "dd if='a.app/x' ",
	} {
		if got := showBytes(in, 0, 1); !strings.HasPrefix(strings.ReplaceAll(got, "'", ""), strings.ReplaceAll(want, "'", "")) {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func TestFilePath(t *testing.T) {
	for _, c := range []struct{ kind, path, place, want string }{
		{"app", "d/A.app", "Contents/MacOS/A", "d/A.app/Contents/MacOS/A"},
		{"executable", "bin/tool", "tool", "bin/tool"},
		{"libraries", "apps", "lib/x.dylib", "lib/x.dylib"},
	} {
		if got := filePath(&finding.Product{Kind: c.kind, Path: c.path}, c.place); got != c.want {
			t.Errorf("%s: %s", c.kind, got)
		}
	}
}

package scan

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// python is the marshalled code of a module of Python 3.11 with these constants.
func python(constants ...string) []byte {
	text := func(b []byte, s string) []byte { return append(append(b, 'z', byte(len(s))), s...) }
	b := append([]byte{'c'}, make([]byte, 20)...)
	b = append(text(b, ""), ')', byte(len(constants)))
	for _, c := range constants {
		b = text(b, c)
	}
	b = append(b, ')', 0, ')', 0)
	for range 4 {
		b = text(b, "x")
	}
	b = append(b, 1, 0, 0, 0)
	return text(text(b, ""), "")
}

// packed behind an executable, as PyInstaller does: one script, compressed.
func frozenBehind(executable, code []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(code)
	w.Close()
	be := binary.BigEndian
	toc := be.AppendUint32(nil, 18+8)
	for _, n := range []int{0, z.Len(), len(code)} {
		toc = be.AppendUint32(toc, uint32(n))
	}
	toc = append(append(toc, 1, 's'), "history\x00"...)
	out := append(append(bytes.Clone(executable), z.Bytes()...), toc...)
	out = append(out, "MEI\014\013\012\013\016"...)
	for _, n := range []int{z.Len() + len(toc) + 88, z.Len(), len(toc), 311} {
		out = be.AppendUint32(out, uint32(n))
	}
	return append(out, make([]byte, 64)...)
}

// Python code in executables of PyInstaller, and compiled modules beside one. Their
// code uses no names: texts alone only mention.
func TestScriptsOfPython(t *testing.T) {
	dir := t.TempDir()
	reader := python("Library/Safari/History.db", "SELECT url FROM history_items")
	app(t, dir, "App", frozenBehind(code("App"), reader))
	head := append([]byte{0xa7, 0x0d, '\r', '\n'}, make([]byte, 12)...)
	write(t, filepath.Join(dir, "App.app/Contents/Resources/h.pyc"), append(head, reader...))
	write(t, filepath.Join(dir, "App.app/Contents/Resources/new.pyc"), append([]byte{0xff, 0xff}, append(head, "Library/Safari"...)[2:]...))
	p := run(t, scriptOptions(t, dir)).Products[0]
	if d := cmp.Diff([]string{"Contents/MacOS/App#history mentions module", "h.pyc mentions module"}, tagLines(p)); d != "" {
		t.Errorf("tags (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"calls import: App > history"}, linkLines(p)); d != "" {
		t.Errorf("links (-want +got):\n%s", d)
	}
	for _, m := range p.Images {
		if m.Type == sbom.TypeModule && m.Format != sbom.FormatPython {
			t.Errorf("%s is %s", m.Places[0].Path, m.Format)
		}
	}
	if got := strings.Join(gapLines(p.Gaps), "\n"); !strings.Contains(got, "unreadable Contents/Resources/new.pyc: script: compiled Python of an unknown version") {
		t.Errorf("gaps:\n%s", got)
	}
	checkEvidence(t, dir, p)
}

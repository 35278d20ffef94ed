package container

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/limit"
)

func raw(h *zip.FileHeader) {}

const (
	dia = "Mu\u0308ll.txt" // NFD
	com = "M\u00fcll.txt"  // NFC
)

func TestZip(t *testing.T) {
	appleDouble := "\x00\x05\x16\x07\x00\x02\x00\x00"
	tests := []struct {
		name  string
		items []item
		max   limit.Max
		want  string
	}{
		{"plain", []item{{name: "A.app/"}, {name: "A.app/x", data: "hello"}, {name: "A.app/y", data: "hello"}, {name: "./b//c", data: ""}}, limit.Max{},
			`dir "A.app"
file "A.app/x" "hello"
file "A.app/y" "hello"
file "b/c" ""
`},
		{"links", []item{{name: "F.framework/Versions/A/F", data: "code"}, {name: "F.framework/Versions/Current", data: "A", mode: fs.ModeSymlink | 0o777},
			{name: "F.framework/F", data: "Versions/Current/F", mode: fs.ModeSymlink | 0o777}}, limit.Max{},
			`symlink "F.framework/F" -> "Versions/Current/F"
file "F.framework/Versions/A/F" "code"
symlink "F.framework/Versions/Current" -> "A"
`},
		{"outside", []item{{name: "../up", data: "x"}, {name: "a/../../up", data: "x"}, {name: "a/../b", data: "x"}, {name: "/etc/passwd", data: "x"}, {name: `..\up`, data: "x"},
			{name: `a\..\..\up`, data: "x"}, {name: `C:\x`, data: "x"}, {name: "c:/x", data: "x"}, {name: `\\host\x`, data: "x"}, {name: "good", data: "x"}, {name: "..good", data: "x"}}, limit.Max{},
			`file "..good" "x"
file "good" "x"
gap unreadable "../up" x1: name in the archive leads outside it
gap unreadable "..\\up" x1: name in the archive leads outside it
gap unreadable "/etc/passwd" x1: name in the archive is absolute
gap unreadable "C:\\x" x1: name in the archive is absolute
gap unreadable "\\\\host\\x" x1: name in the archive is absolute
gap unreadable "a/../../up" x1: name in the archive leads outside it
gap unreadable "a/../b" x1: name in the archive leads outside it
gap unreadable "a\\..\\..\\up" x1: name in the archive leads outside it
gap unreadable "c:/x" x1: name in the archive is absolute
lost 4: name in the archive is absolute
lost 5: name in the archive leads outside it
`},
		{"odd names", []item{{name: "", data: "x"}, {name: "./", data: ""}, {name: "nul\x00.dylib", data: "x"}, {name: "bad\xff\xfe", data: "x"}, {name: "esc\x1b[31m", data: "x"}, {name: `back\slash`, data: "x"}}, limit.Max{},
			`file "back\\slash" "x"
file "bad\xff\xfe" norm="bad\\xFF\\xFE" "x"
file "esc\x1b[31m" "x"
gap unreadable "" x1: name in the archive is empty
gap unreadable "nul\\x00.dylib" x1: name in the archive holds a zero byte
lost 1: name in the archive holds a zero byte
lost 1: name in the archive is empty
`},
		{"backslashes of Windows", []item{{name: `A.app\Contents\x`, data: "x", change: func(h *zip.FileHeader) { h.CreatorVersion, h.ExternalAttrs = 20, 0 }},
			{name: `A.app\Contents\`, change: func(h *zip.FileHeader) { h.CreatorVersion, h.ExternalAttrs = 20, 0 }}}, limit.Max{},
			`dir "A.app/Contents"
file "A.app/Contents/x" "x"
`},
		{"same names", []item{{name: "a", data: "one"}, {name: "a", data: "two"}, {name: "b", data: "same"}, {name: "b", data: "same"}, {name: "A", data: "other case"},
			{name: dia, data: "nfd"}, {name: com, data: "nfc"}, {name: "d/", data: ""}, {name: "d/", data: ""}, {name: "a/below", data: "x"}}, limit.Max{},
			`file "A" "other case"
file "` + dia + `" norm="Müll.txt" "nfd"
file "Müll.txt" "nfc" copy=1
file "a" "one"
file "a" "two" copy=1
file "a/below" "x"
file "b" "same"
file "b" "same" copy=1
dir "d"
gap inconsistent "Müll.txt" x1: 2 entries of this name with different content
gap inconsistent "a" x1: 2 entries of this name with different content
`},
		{"links that lead outside", []item{{name: "l", data: "/etc", mode: fs.ModeSymlink | 0o777}, {name: "l/passwd", data: "x"}, {name: "m", data: "../../..", mode: fs.ModeSymlink | 0o777}, {name: "m/n", data: "y"},
			{name: "z", data: "a\x00b", mode: fs.ModeSymlink | 0o777}, {name: "w", data: strings.Repeat("x/", 3000), mode: fs.ModeSymlink | 0o777}}, limit.Max{},
			`symlink "l" -> "/etc"
file "l/passwd" "x"
symlink "m" -> "../../.."
file "m/n" "y"
symlink "w" -> ""
symlink "z" -> ""
gap limit "w" x1: limit on path length hit: more than 4096; --limit path-length raises it
gap unreadable "z" x1: zip entry is damaged: link target holds a zero byte
`},
		{"not files", []item{{name: "dev", mode: fs.ModeDevice | fs.ModeCharDevice | 0o666}, {name: "pipe", mode: fs.ModeNamedPipe | 0o666}, {name: "sock", mode: fs.ModeSocket | 0o666}}, limit.Max{},
			`other "dev"
other "pipe"
other "sock"
`},
		{"Finder", []item{{name: ".DS_Store", data: "\x00\x00\x00\x01Bud1rest"}, {name: "a/.DS_Store", data: "\xcf\xfa\xed\xfe code"}, {name: "__MACOSX/"}, {name: "__MACOSX/._x", data: appleDouble},
			{name: "__MACOSX/x", data: "code"}, {name: "._empty", data: ""}, {name: "._code.dylib", data: "\xcf\xfa\xed\xfe code"}}, limit.Max{},
			`file ".DS_Store" "\x00\x00\x00\x01Bud1rest" ignored
file "._code.dylib" "\xcf\xfa\xed\xfe code"
file "._empty" "" ignored
dir "__MACOSX" ignored
file "__MACOSX/._x" "\x00\x05\x16\a\x00\x02\x00\x00" ignored
file "__MACOSX/x" "code"
file "a/.DS_Store" "\xcf\xfa\xed\xfe code"
`},
		{"cannot be unpacked", []item{{name: "locked", data: "x", change: func(h *zip.FileHeader) { h.Flags |= 1 }}, {name: "aes", data: "x", change: func(h *zip.FileHeader) { h.Method = 99 }},
			{name: "lzma", data: "x", change: func(h *zip.FileHeader) { h.Method = 14 }}, {name: "crc", data: "x", change: func(h *zip.FileHeader) { h.CRC32 = 7 }},
			{name: "longer", data: "x", change: func(h *zip.FileHeader) { h.UncompressedSize64 = 9 }}, {name: "shorter", data: "xyz", change: func(h *zip.FileHeader) { h.UncompressedSize64 = 1 }},
			{name: "not deflate", data: "\xff\xff\xff", change: func(h *zip.FileHeader) { h.Method = zip.Deflate }}, {name: "fine", data: "x"},
			{name: "folder/", data: "x", change: raw}}, limit.Max{},
			`file "aes"
file "crc"
file "fine" "x"
dir "folder"
file "locked"
file "longer"
file "lzma"
file "not deflate"
file "shorter"
gap encrypted "aes" x1: zip entry is encrypted
gap unreadable "crc" x1: zip entry is damaged: checksum differs
gap unreadable "folder" x1: folder in the zip claims content
gap encrypted "locked" x1: zip entry is encrypted
gap unreadable "longer" x1: zip entry is damaged: ends too early
gap unsupported "lzma" x1: zip method 14 cannot be unpacked
gap unreadable "not deflate" x1: zip entry is damaged: flate: corrupt input before offset 1
gap unreadable "shorter" x1: zip entry is damaged: its records contradict each other
`},
		{"limits", []item{{name: "big", data: strings.Repeat("ab", 60)}, {name: "deep/deep/deep/x", data: "x"}, {name: "long" + strings.Repeat("g", 40), data: "x"}, {name: "ok", data: "x"},
			{name: "claim", data: "x", change: func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 63 }}, {name: "five", data: "x"}, {name: "six", data: "x"}, {name: "link", data: "x", mode: fs.ModeSymlink | 0o777}},
			limit.Max{Entries: 5, FileSize: 100, Depth: 2, PathLength: 30},
			`file "big"
file "claim"
file "ok" "x"
gap limit "" x2: limit on entries hit: more than 5; --limit entries raises it
gap limit "big" x1: limit on file size hit: more than 100; --limit file-size raises it
gap limit "claim" x1: limit on file size hit: more than 100; --limit file-size raises it
gap limit "deep/deep/deep/x" x1: limit on depth hit: more than 2; --limit depth raises it
gap limit "longgggggggggggggggggggggggggggggggggggggggg" x1: limit on path length hit: more than 30; --limit path-length raises it
lost 1: limit on depth hit: more than 2; --limit depth raises it
lost 2: limit on entries hit: more than 5; --limit entries raises it
lost 1: limit on path length hit: more than 30; --limit path-length raises it
`},
		{"bomb", []item{{name: "zeros", data: strings.Repeat("\x00", 100_000)}, {name: "ok", data: "x"}}, limit.Max{RatioFloor: 50_000},
			`file "ok" "x"
file "zeros"
gap limit "zeros" x1: limit on ratio hit: more than 200; --limit ratio raises it
`},
		{"many small bombs", []item{{name: "0", data: strings.Repeat("\x00", 40_000)}, {name: "1", data: strings.Repeat("\x01", 40_000)}}, limit.Max{RatioFloor: 50_000, Ratio: 100},
			`file "0" "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
file "1"
gap limit "1" x1: limit on ratio hit: more than 100; --limit ratio raises it
`},
		{"bytes in total", []item{{name: "a", data: strings.Repeat("abcd", 10)}, {name: "b", data: strings.Repeat("efgh", 10)}, {name: "c", data: "x"}}, limit.Max{Bytes: 50},
			`file "a" "abcdabcdabcdabcdabcd"
file "b"
file "c" "x"
gap limit "b" x1: limit on bytes hit: more than 50; --limit bytes raises it
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := unpack(t, makeZip(t, tt.items...), tt.max)
			if diff := cmp.Diff(tt.want, describe(tree)); diff != "" {
				t.Error(diff)
			}
			if tree.Kind != sbom.InputZip {
				t.Errorf("kind %s", tree.Kind)
			}
		})
	}
}

func TestIPA(t *testing.T) {
	for name, kind := range map[string]string{"Payload/A.app/A": sbom.InputIPA, "Payload/A.app": sbom.InputZip, "payload/A.app/A": sbom.InputZip, "x/Payload/A.app/A": sbom.InputZip} {
		if got := unpack(t, makeZip(t, item{name: name, data: "x"}), limit.Max{}).Kind; got != kind {
			t.Errorf("%s: %s, want %s", name, got, kind)
		}
	}
}

// Entries whose directory records point at the same data.
func TestOverlap(t *testing.T) {
	data := makeZip(t, item{name: "a", data: strings.Repeat("x", 100), change: raw}, item{name: "b", data: strings.Repeat("y", 100), change: raw}, item{name: "c", data: "z", change: raw})
	at := bytes.LastIndex(data, []byte("PK\x01\x02")) // of c
	binary.LittleEndian.PutUint32(data[at+42:], 0)    // to the data of a
	want := "file \"a\" \"xxxxxxxxxxxxxxxxxxxx\"\nfile \"b\" \"yyyyyyyyyyyyyyyyyyyy\"\nfile \"c\"\ngap unreadable \"c\" x1: data lie over those of another zip entry\n"
	if diff := cmp.Diff(want, describe(unpack(t, data, limit.Max{}))); diff != "" {
		t.Error(diff)
	}
}

// A gap does not name the archive's place on this machine.
func TestGapsNameNoPlace(t *testing.T) {
	data := makeZip(t, item{name: "a", data: "x", change: raw})
	binary.LittleEndian.PutUint32(data[len(data)-6:], 1<<31) // the directory lies far behind the end
	want := "file \"a\"\ngap unreadable \"a\" x1: zip entry is damaged: negative offset\n"
	if diff := cmp.Diff(want, describe(unpack(t, data, limit.Max{}))); diff != "" {
		t.Error(diff)
	}
}

// Whatever is cut off or overwritten, there is a tree, and it says so.
func TestDamage(t *testing.T) {
	data := makeZip(t, item{name: "a", data: "hello hello hello"}, item{name: "b/", data: ""}, item{name: "l", data: "a", mode: fs.ModeSymlink | 0o777})
	for n := 4; n < len(data); n++ {
		if tree := unpack(t, data[:n], limit.Max{}); len(tree.Gaps) == 0 {
			t.Errorf("cut at %d: no gap", n)
		}
	}
	whole := describe(unpack(t, data, limit.Max{}))
	for i := 4; i < len(data); i++ {
		hurt := bytes.Clone(data)
		hurt[i] ^= 0xFF
		unpack(t, hurt, limit.Max{}) // checks itself
	}
	if strings.Contains(whole, "gap") {
		t.Errorf("the whole archive has gaps: %s", whole)
	}
}

func TestManyEntries(t *testing.T) {
	items := make([]item, 0, 100_000)
	for i := range cap(items) {
		items = append(items, item{name: fmt.Sprintf("d%d/f%d", i%100, i), change: raw})
	}
	data := makeZip(t, items...) // zip64: more than 65,535 entries
	tree := unpack(t, data, limit.Max{})
	if len(tree.Entries) != 100_000 || len(tree.Gaps) != 0 {
		t.Errorf("%d entries, %d gaps", len(tree.Entries), len(tree.Gaps))
	}
	tree = unpack(t, data, limit.Max{Entries: 60_000})
	if len(tree.Entries) != 60_000 || tree.Lost.Files != 40_000 || len(tree.Gaps) != 1 || tree.Gaps[0].Kind != sbom.GapLimit {
		t.Errorf("%d entries, lost %+v, gaps %+v", len(tree.Entries), tree.Lost, tree.Gaps)
	}
	tree = unpack(t, data, limit.Max{Entries: 1000}) // far over: not even listed
	if len(tree.Entries) != 0 || len(tree.Gaps) != 1 || tree.Gaps[0].Why != "limit on entries hit: more than 1000; --limit entries raises it" {
		t.Errorf("%d entries, gaps %+v", len(tree.Entries), tree.Gaps)
	}
}

// A folder that was prepared with links must not let contents out of it.
func TestPlantedLinks(t *testing.T) {
	dir := t.TempDir()
	name, dest, victim := filepath.Join(dir, "in.zip"), filepath.Join(dir, "out"), filepath.Join(dir, "victim")
	for _, d := range []string{dest, victim} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../victim", filepath.Join(dest, objects)); err != nil {
		t.Skip("no symbolic links here")
	}
	if err := os.WriteFile(name, makeZip(t, item{name: "a", data: "x"}), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Unpack(t.Context(), name, dest, limit.New(limit.Max{})); err == nil {
		t.Error("no error")
	}
	if list, err := os.ReadDir(victim); err != nil || len(list) != 0 {
		t.Errorf("victim holds %v, %v", list, err)
	}
}

func TestUnpackErrors(t *testing.T) {
	dir := t.TempDir()
	text, good := filepath.Join(dir, "a.zip"), filepath.Join(dir, "b.zip")
	os.WriteFile(text, []byte("not a zip"), 0o600)
	os.WriteFile(good, makeZip(t, item{name: "a", data: "x"}), 0o600)
	b := limit.New(limit.Max{})
	if _, err := Unpack(t.Context(), text, dir+"/o1", b); !errors.Is(err, ErrUnsupported) {
		t.Errorf("text: %v", err)
	}
	if _, err := Unpack(t.Context(), dir, dir+"/o2", b); !errors.Is(err, errNotRegular) {
		t.Errorf("folder: %v", err)
	}
	if _, err := Unpack(t.Context(), dir+"/none", dir+"/o3", b); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := Unpack(t.Context(), good, text, b); err == nil {
		t.Error("private folder is a file: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if tree, err := Unpack(ctx, good, dir+"/o4", b); !errors.Is(err, context.Canceled) || tree != nil {
		t.Errorf("cancelled: %v", err)
	}
}

// Archives made by 7-Zip from a real folder: the list is the folder's.
func TestAgainst7zz(t *testing.T) {
	tool, err := exec.LookPath("7zz")
	if err != nil {
		t.Skip("7zz is not installed")
	}
	src, out := t.TempDir(), filepath.Join(t.TempDir(), "x.zip")
	makeFolder(t, src)
	cmd := exec.Command(tool, "a", "-tzip", "-snl", "-bso0", out, ".")
	cmd.Dir = src
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	listed, err := OpenDir(t.Context(), src, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := Unpack(t.Context(), out, t.TempDir(), limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	checkTree(t, unpacked)
	if diff := cmp.Diff(describe(listed), describe(unpacked)); diff != "" {
		t.Error(diff)
	}
	cmd = exec.Command(tool, "a", "-tzip", "-snl", "-psecret", "-bso0", filepath.Join(filepath.Dir(out), "locked.zip"), ".")
	cmd.Dir = src
	if msg, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	locked, err := Unpack(t.Context(), filepath.Join(filepath.Dir(out), "locked.zip"), t.TempDir(), limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range locked.Gaps {
		if g.Kind == sbom.GapEncrypted {
			n++
		}
	}
	if n == 0 || n != len(locked.Gaps) {
		t.Errorf("locked archive: %s", describe(locked))
	}
}

// The tree survives the way to another process.
func TestGob(t *testing.T) {
	tree := unpack(t, makeZip(t, item{name: "bad\xff", data: "x"}, item{name: "l", data: "bad\xff", mode: fs.ModeSymlink | 0o777}, item{name: "/no", data: ""}), limit.Max{})
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(tree); err != nil {
		t.Fatal(err)
	}
	var got Tree
	if err := gob.NewDecoder(&buf).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(tree, &got, cmpopts.IgnoreUnexported(Tree{})); diff != "" {
		t.Error(diff)
	}
	if to, ok := got.Resolve("l"); !ok || to != `bad\xFF` {
		t.Errorf("l resolves to %q, %v", to, ok)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(makeZip(f, item{name: "Payload/A.app/A", data: "hello"}, item{name: "d/"}, item{name: "l", data: "d", mode: fs.ModeSymlink | 0o777}))
	f.Add(makeZip(f, item{name: "../x", data: "x", change: raw}, item{name: "a", data: "x", change: func(h *zip.FileHeader) { h.Flags |= 1 }}))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !zipMagic(data) {
			return
		}
		tree := unpack(t, data, limit.Max{Bytes: 8 << 20, Entries: 1000})
		for _, e := range tree.Entries {
			if to, ok := tree.Resolve(e.Path); ok && to != "" && tree.Lookup(to) == nil && tree.at[to] != -1 {
				t.Errorf("%q resolves to %q, which is not there", e.Path, to)
			}
		}
	})
}

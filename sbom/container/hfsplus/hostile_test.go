package hfsplus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
	"github.com/kinbom/kinbom/sbom/limit"
)

// tryAll opens, walks and reads an image that may be anything. It returns all
// entries and the errors met, and fails for what must not happen.
func tryAll(t testing.TB, data []byte, b *limit.Budget) (all []Entry, errs []error) {
	t.Helper()
	v, err := New(bytes.NewReader(data), int64(len(data)), b)
	if err != nil {
		return nil, []error{err}
	}
	top := b.Max()
	err = v.Walk(context.Background(), func(e Entry) error {
		all = append(all, e)
		if e.Err != nil {
			errs = append(errs, e.Err)
		}
		if int64(len(e.Path)) > top.PathLength || strings.Contains(e.Path, "\x00") || int64(len(e.Link)) > top.PathLength {
			t.Errorf("path of %d bytes, link of %d", len(e.Path), len(e.Link))
		}
		for part := range strings.SplitSeq(e.Path, "/") {
			if part == "" || part == "." || part == ".." {
				t.Errorf("path %q has the part %q", e.Path, part)
			}
		}
		if e.Size < 0 || e.Resource < 0 {
			t.Errorf("%q has sizes %d and %d", e.Path, e.Size, e.Resource)
		}
		if e.Type == TypeFile {
			r, err := v.Open(e)
			if err == nil {
				var n int64
				if n, err = io.Copy(io.Discard, io.LimitReader(r, 1<<20)); err == nil && n != min(e.Size, 1<<20) {
					t.Errorf("%q: %d bytes of %d without an error", e.Path, n, e.Size)
				}
			}
			if err != nil {
				errs = append(errs, err)
			}
			if r, err := v.OpenResource(e); err == nil {
				io.Copy(io.Discard, io.LimitReader(r, 1<<16))
			}
			v.Attr(e, "com.example.b")
		}
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	return all, errs
}

func small() hfsplustest.Image {
	return hfsplustest.Image{Files: []hfsplustest.File{{Path: "a/file", Data: []byte("content")}, {Path: "b", Data: pattern(40960), Piece: 1},
		{Path: "link", Link: "a/file"}, {Path: "attr", Attrs: []hfsplustest.Attr{{Name: "com.example.b", Value: []byte("x")}}}}}
}

// Offsets in a volume header and in a tree's header node.
const (
	atBlockSize = 1024 + 40
	atBlocks    = 1024 + 44
	atExtents   = 1024 + 192
	atCatalog   = 1024 + 272
	atDepth     = 14
	atRoot      = 16
	atRecords   = 20
	atNodeSize  = 32
	atNodes     = 36
)

func put16(p []byte, at int64, v uint16) { binary.BigEndian.PutUint16(p[at:], v) }
func put32(p []byte, at int64, v uint32) { binary.BigEndian.PutUint32(p[at:], v) }
func put64(p []byte, at int64, v uint64) { binary.BigEndian.PutUint64(p[at:], v) }

// Each damage gives the error that names it, and the rest is still read.
func TestDamage(t *testing.T) {
	const node = 4096
	root := func(v *hfsplustest.Volume) int64 { // the only leaf
		return v.Catalog + node*int64(binary.BigEndian.Uint32(v.Bytes[v.Catalog+atRoot:]))
	}
	for _, c := range []struct {
		name   string
		damage func(v *hfsplustest.Volume, p []byte)
		what   string // in an error's text
		least  int    // entries
	}{
		{"block size 0", func(_ *hfsplustest.Volume, p []byte) { put32(p, atBlockSize, 0) }, "impossible block size", 0},
		{"block size odd", func(_ *hfsplustest.Volume, p []byte) { put32(p, atBlockSize, 4097) }, "impossible block size", 0},
		{"block size 2 GiB", func(_ *hfsplustest.Volume, p []byte) { put32(p, atBlockSize, 1<<31) }, "EOF", 0},
		{"no blocks", func(_ *hfsplustest.Volume, p []byte) { put32(p, atBlocks, 0) }, "has no blocks", 0},
		{"fewer blocks", func(_ *hfsplustest.Volume, p []byte) { put32(p, atBlocks, 2) }, "extent is outside the volume", 0},
		{"catalog of exabytes", func(_ *hfsplustest.Volume, p []byte) { put64(p, atCatalog, 1<<62) }, "larger than its blocks", 0},
		{"catalog of exabytes, blocks too", func(_ *hfsplustest.Volume, p []byte) {
			put32(p, atBlocks, math.MaxUint32)
			put64(p, atCatalog, 1<<43)
			put32(p, atCatalog+12, math.MaxUint32)
		}, "", 4},
		{"catalog without extents", func(_ *hfsplustest.Volume, p []byte) { clear(p[atCatalog+16 : atCatalog+80]) }, "extents are missing", 0},
		{"extents without extents", func(_ *hfsplustest.Volume, p []byte) { clear(p[atExtents+16 : atExtents+80]) }, "no extent for its block", 0},
		{"node size 0", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 0) }, "impossible node size", 0},
		{"node size 1000", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 1000) }, "impossible node size", 0},
		{"node size 32768", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 32768) }, "outside its tree", 0},
		{"node size 512", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Catalog+atNodeSize, 512) }, "another kind or height", 0},
		{"depth 65535", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Catalog+atDepth, 0xffff) }, "too deep", 0},
		{"depth 2", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Catalog+atDepth, 2) }, "another kind or height", 0},
		{"depth 0", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Catalog+atDepth, 0) }, "no such record", 0},
		{"root node outside", func(v *hfsplustest.Volume, p []byte) { put32(p, v.Catalog+atRoot, 1<<30) }, "outside its tree", 0},
		{"root node is the header", func(v *hfsplustest.Volume, p []byte) { put32(p, v.Catalog+atRoot, 0) }, "another kind or height", 0},
		{"fewer nodes", func(v *hfsplustest.Volume, p []byte) { put32(p, v.Catalog+atNodes, 1) }, "outside its tree", 0},
		{"more records", func(v *hfsplustest.Volume, p []byte) { put32(p, v.Catalog+atRecords, 999) }, "another number of records", 5},
		{"65535 records", func(v *hfsplustest.Volume, p []byte) { put16(p, root(v)+10, 0xffff) }, "more records than the node has room for", 0},
		{"record below the descriptor", func(v *hfsplustest.Volume, p []byte) { put16(p, root(v)+node-2, 4) }, "outside its node", 4},
		{"records overlap", func(v *hfsplustest.Volume, p []byte) { copy(p[root(v)+node-8:], p[root(v)+node-6:root(v)+node-4]) }, "overlaps", 3},
		{"record behind the node", func(v *hfsplustest.Volume, p []byte) { put16(p, root(v)+node-8, 0xfff0) }, "outside its node", 3},
		{"key longer than its record", func(v *hfsplustest.Volume, p []byte) { put16(p, root(v)+14, 0x7fff) }, "key is longer", 5},
		{"name longer than its key", func(v *hfsplustest.Volume, p []byte) { put16(p, root(v)+14+6, 255) }, "malformed key", 5},
		{"leaf chain in a circle", func(v *hfsplustest.Volume, p []byte) {
			put32(p, root(v), binary.BigEndian.Uint32(p[v.Catalog+atRoot:]))
		}, "goes on where its index ends", 5},
		{"extents tree empty", func(v *hfsplustest.Volume, p []byte) { put16(p, v.Extents+atDepth, 0) }, "extents are missing", 5},
		{"attributes tree of garbage", func(v *hfsplustest.Volume, p []byte) { copy(p[v.Attributes:], bytes.Repeat([]byte{0xff}, 64)) }, "no header", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := small().Build()
			c.damage(v, v.Bytes)
			all, errs := tryAll(t, v.Bytes, limit.New(limit.Max{}))
			text := fmt.Sprint(errs)
			if c.what == "" && len(errs) > 0 || !strings.Contains(text, c.what) || len(all) < c.least {
				t.Errorf("%d entries, errors %s; want at least %d and %q", len(all), text, c.least, c.what)
			}
		})
	}
}

// A node that the index leads to twice, or to which a second path leads, is
// visited once.
func TestNodesMetTwice(t *testing.T) {
	im := everything()
	im.CatalogPiece = 0
	v := im.Build()
	p := v.Bytes
	root := v.Catalog + 4096*int64(binary.BigEndian.Uint32(p[v.Catalog+atRoot:]))
	if p[root+8] != nodeIndex || binary.BigEndian.Uint16(p[root+10:]) < 3 {
		t.Fatal("the catalog has no index")
	}
	child := func(i int64) int64 { // place of the number in record i of the root
		return root + int64(binary.BigEndian.Uint16(p[root+4096-2*(i+2):])) - 4
	}
	whole, errs := tryAll(t, p, limit.New(limit.Max{}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	copy(p[child(1):child(1)+4], p[child(0):child(0)+4])
	all, errs := tryAll(t, p, limit.New(limit.Max{}))
	if text := fmt.Sprint(errs); len(all) >= len(whole) || len(all) < 10 || !strings.Contains(text, "damage") {
		t.Errorf("%d entries of %d, %s", len(all), len(whole), text)
	}
	var d *DamageError
	if !errors.As(errs[len(errs)-1], &d) || d.Count < 2 || !strings.Contains(fmt.Sprint(d.Errs), "met twice") {
		t.Errorf("got %v", d)
	}
	put32(p, child(2), binary.BigEndian.Uint32(p[v.Catalog+atRoot:])) // an index node as a leaf
	if _, errs = tryAll(t, p, limit.New(limit.Max{})); !strings.Contains(fmt.Sprint(errs[len(errs)-1].(*DamageError).Errs), "another kind or height") {
		t.Errorf("got %v", errs)
	}
}

// Records that no honest writer makes.
func TestStrangeCatalogs(t *testing.T) {
	folder := func(id, parent uint32, name string) []hfsplustest.Raw {
		return []hfsplustest.Raw{{Parent: parent, Name: name, Body: hfsplustest.FolderBody(id, 0o40755)}, {Parent: id, Body: hfsplustest.ThreadBody(3, parent, name)}}
	}
	file := func(parent uint32, name string, change func([]byte)) []hfsplustest.Raw {
		body := hfsplustest.FileBody(9000, 0)
		if change != nil {
			change(body)
		}
		return []hfsplustest.Raw{{Parent: parent, Name: name, Body: body}}
	}
	join := func(parts ...[]hfsplustest.Raw) (all []hfsplustest.Raw) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	for _, c := range []struct {
		name string
		raw  []hfsplustest.Raw
		path string // that must be listed
		what string // in the text of its error; "": none
	}{
		{"folder inside itself", join(folder(100, 100, "self"), file(100, "x", nil)), "[folder 100]/self/x", "inside itself"},
		{"two folders in each other", join(folder(100, 101, "a"), folder(101, 100, "b"), file(101, "x", nil)), "[folder 100]/b/x", "inside itself"},
		{"no parent", file(500, "lost", nil), "[folder 500]/lost", "missing"},
		{"parent is a file", join([]hfsplustest.Raw{{Parent: 600, Body: hfsplustest.ThreadBody(4, 2, "f")}}, file(600, "x", nil)), "[folder 600]/x", "no thread record"},
		{"dot dot", join(folder(100, 2, ".."), file(100, "passwd", nil)), "[..]/passwd", "leads elsewhere"},
		{"dot", file(2, ".", nil), "[.]", "leads elsewhere"},
		{"zeros", file(2, "a\u2400b", nil), "a␀b", ""},
		{"slash", file(2, "..:..:etc", nil), "..:..:etc", ""},
		{"hard link to nothing", file(2, "h", func(p []byte) { hfsplustest.Link(p, "hlnk", "hfs+", 77) }), "h", "no such record"},
		{"fork larger than its blocks", file(2, "big", func(p []byte) { binary.BigEndian.PutUint64(p[88:], 1<<60) }), "big", "larger than its blocks"},
		{"fork with more blocks than the volume", file(2, "big", func(p []byte) {
			binary.BigEndian.PutUint64(p[88:], 1<<40)
			binary.BigEndian.PutUint32(p[88+12:], 1<<31)
		}), "big", "more blocks than the volume"},
		{"negative size", file(2, "big", func(p []byte) { binary.BigEndian.PutUint64(p[168:], 1<<63) }), "big", "larger than its blocks"},
		{"long link", file(2, "l", func(p []byte) {
			binary.BigEndian.PutUint16(p[42:], 0o120777)
			binary.BigEndian.PutUint64(p[88:], 5000)
		}), "l", "path length"},
		{"device", file(2, "d", func(p []byte) { binary.BigEndian.PutUint16(p[42:], 0o020666) }), "d", ""},
		{"folder's mode on a file", file(2, "d", func(p []byte) { binary.BigEndian.PutUint16(p[42:], 0o040755) }), "d", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			im := small()
			im.Raw = c.raw
			all, errs := tryAll(t, im.Build().Bytes, limit.New(limit.Max{}))
			found := false
			for _, e := range all {
				if e.Path == c.path {
					found = true
					if text := fmt.Sprint(e.Err); c.what == "" && e.Err != nil || !strings.Contains(text, c.what) {
						t.Errorf("error %s, want %q", text, c.what)
					}
				}
			}
			if !found || len(all) < 6 {
				t.Errorf("%q is not among %d entries; %v", c.path, len(all), errs)
			}
		})
	}
}

// A hard link whose content is a hard link again must not lead on.
func TestLinkLoop(t *testing.T) {
	im := small()
	im.Files = append(im.Files, hfsplustest.File{Path: "one"}, hfsplustest.File{Path: "two", HardLink: "one"})
	b := im.Build()
	private := b.ID["␀␀␀␀HFS+ Private Data"]
	loop := hfsplustest.FileBody(8000, 0)
	hfsplustest.Link(loop, "hlnk", "hfs+", 55)
	link := hfsplustest.FileBody(8001, 0)
	hfsplustest.Link(link, "hlnk", "hfs+", 55)
	im.Raw = []hfsplustest.Raw{{Parent: private, Name: "iNode55", Body: loop}, {Parent: 2, Name: "loop", Body: link}}
	all, _ := tryAll(t, im.Build().Bytes, limit.New(limit.Max{}))
	for _, e := range all {
		if e.Path == "loop" {
			if e.Err == nil || !strings.Contains(e.Err.Error(), "leads to no file") {
				t.Errorf("%+v", e)
			}
			return
		}
	}
	t.Error("the link is not listed")
}

// A chain of folders, deeper than any limit, costs little, whether parents have
// lower or higher numbers than what they hold.
func TestDeepFolders(t *testing.T) {
	const n = 30_000
	for _, rising := range []bool{true, false} {
		im := hfsplustest.Image{NodeSize: 16384}
		for i := range uint32(n) {
			id, parent := 1000+i, 1000+i-1
			if !rising {
				id, parent = 1000+n-i, 1000+n-i+1
			}
			if i == 0 {
				parent = 2
			}
			im.Raw = append(im.Raw, hfsplustest.Raw{Parent: parent, Name: "d", Body: hfsplustest.FolderBody(id, 0o40755)},
				hfsplustest.Raw{Parent: id, Body: hfsplustest.ThreadBody(3, parent, "d")})
		}
		all, errs := tryAll(t, im.Build().Bytes, limit.New(limit.Max{}))
		whole := 0
		for _, e := range all {
			if e.Err == nil {
				whole++
			}
		}
		var over *limit.Error
		// Rising numbers find all that is above the limit; falling ones run into the
		// limit on the work first.
		if len(all) != n || whole > 257 || whole < 1 || rising && whole != 257 || len(errs) == 0 || !errors.As(errs[0], &over) && !errors.As(errs[len(errs)-1], &over) {
			t.Errorf("rising %v: %d entries, %d with a path, %d errors", rising, len(all), whole, len(errs))
		}
	}
}

func TestBudgetEndsTheWalk(t *testing.T) {
	all, errs := tryAll(t, everything().Build().Bytes, limit.New(limit.Max{Entries: 10}))
	var over *limit.Error
	if len(all) != 10 || len(errs) != 1 || !errors.As(errs[0], &over) || over.Limit != limit.Entries {
		t.Errorf("%d entries, %v", len(all), errs)
	}
}

func TestLongPathsAreCut(t *testing.T) {
	im := small()
	im.Files = append(im.Files, hfsplustest.File{Path: "a/b/c/d/e/f", Data: []byte("deep")})
	all, _ := tryAll(t, im.Build().Bytes, limit.New(limit.Max{PathLength: 16, Depth: 3}))
	bad := 0
	for _, e := range all {
		if e.Err != nil {
			bad++
		}
	}
	if len(all) != 10 || bad != 2 {
		t.Errorf("%d entries, %d of them with an error", len(all), bad)
	}
}

// Files that share their blocks are more than the volume has room for.
func TestSharedBlocks(t *testing.T) {
	im := small()
	for i := range 50 {
		body := hfsplustest.FileBody(5000+uint32(i), 0)
		binary.BigEndian.PutUint64(body[88:], 4096*10)
		binary.BigEndian.PutUint32(body[88+12:], 10)
		binary.BigEndian.PutUint32(body[88+20:], 10)
		im.Raw = append(im.Raw, hfsplustest.Raw{Parent: 2, Name: fmt.Sprint("shared", i), Body: body})
	}
	_, errs := tryAll(t, im.Build().Bytes, limit.New(limit.Max{}))
	if text := fmt.Sprint(errs); len(errs) != 1 || !strings.Contains(text, "share blocks") {
		t.Errorf("got %s", text)
	}
}

func TestTruncatedEverywhere(t *testing.T) {
	data := small().Build().Bytes
	whole, errs := tryAll(t, data, limit.New(limit.Max{}))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for n := 0; n < len(data)-1024; n += 257 { // below the end of the header's copy
		all, errs := tryAll(t, data[:n], limit.New(limit.Max{}))
		if len(all) > len(whole) || len(all) < len(whole) && len(errs) == 0 {
			t.Errorf("%d bytes: %d entries, and %v", n, len(all), errs)
		}
	}
}

// tiny is an image of a few kilobytes.
func tiny() hfsplustest.Image {
	return hfsplustest.Image{Name: "t", BlockSize: 512, NodeSize: 512, Files: []hfsplustest.File{
		{Path: "d/f", Data: []byte("content")}, {Path: "p", Data: pattern(512 * 10), Piece: 1}, {Path: "l", Link: "d/f"}, {Path: "h", HardLink: "d/f"},
		{Path: "r", Resource: []byte("fork"), Attrs: []hfsplustest.Attr{{Name: "a", Value: []byte("x")}, {Name: "b", Value: pattern(512 * 10), Piece: 1}}},
		{Path: "z", Compressed: true, Attrs: packedAttr(3, 5, deflated([]byte("hello")))},
		{Path: "s", Compressed: true, Attrs: packedAttr(4, 5, nil), Resource: packedFork([]byte("hello"))}}}
}

func FuzzVolume(f *testing.F) {
	im := tiny()
	f.Add(im.Build().Bytes)
	im.Files = im.Files[:2]
	f.Add(hfsplustest.Wrap(im.Build().Bytes))
	im.X, im.Sensitive = true, true
	f.Add(im.Build().Bytes)
	f.Fuzz(func(t *testing.T, data []byte) {
		tryAll(t, data, limit.New(limit.Max{Entries: 200}))
	})
}

// The seeds of the fuzz target are sound.
func TestTiny(t *testing.T) {
	data := tiny().Build().Bytes
	all, errs := tryAll(t, data, limit.New(limit.Max{}))
	if len(all) != 10 || len(errs) > 0 {
		t.Errorf("%d entries, %v", len(all), errs)
	}
	t.Logf("%d bytes", len(data))
}

// What a header claims costs nothing: a volume of 16 TiB, a file of 12 TiB.
func TestClaimsCostNoMemory(t *testing.T) {
	im := small()
	body := hfsplustest.FileBody(5000, 0)
	const blocks = 3 << 30
	binary.BigEndian.PutUint64(body[88:], blocks*4096)
	binary.BigEndian.PutUint32(body[88+12:], blocks)
	binary.BigEndian.PutUint32(body[88+16:], 1000)
	binary.BigEndian.PutUint32(body[88+20:], blocks)
	im.Raw = []hfsplustest.Raw{{Parent: 2, Name: "huge", Body: body}}
	data := im.Build().Bytes
	put32(data, atBlocks, math.MaxUint32)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v, err := New(padded{data}, math.MaxUint32*4096, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	e := entries(t, v)["huge"]
	r, err := v.Open(e)
	if err != nil || e.Size != blocks*4096 {
		t.Fatal(e.Size, err)
	}
	if n, err := r.(io.ReaderAt).ReadAt(make([]byte, 10), e.Size-5); n != 5 || err != io.EOF {
		t.Errorf("at its end: %d, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
		t.Errorf("%d bytes of memory", n)
	}
}

// padded has zeros without end behind its bytes.
type padded struct{ data []byte }

func (p padded) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	if off < int64(len(p.data)) {
		copy(b, p.data[off:])
	}
	return len(b), nil
}

func TestConcurrentReaders(t *testing.T) {
	v := open(t, everything().Build().Bytes)
	all := entries(t, v)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for p, e := range all {
				if e.Type != TypeFile {
					continue
				}
				r, err := v.Open(e)
				if err != nil {
					t.Errorf("%q: %v", p, err)
					continue
				}
				if n, err := io.Copy(io.Discard, r); n != e.Size || err != nil {
					t.Errorf("%q: %d bytes, %v", p, n, err)
				}
			}
		})
	}
	wg.Wait()
}

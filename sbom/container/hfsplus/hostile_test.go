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
	"github.com/kinbom/kinbom/sbom/malformed"
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

// Offsets in a volume header and in a tree's header node.
const (
	atBlocks = 1024 + 44
	atRoot   = 16
)

func put32(p []byte, at int64, v uint32) { binary.BigEndian.PutUint32(p[at:], v) }

// Each damage gives the error that names it, and the rest is still read.
func TestDamage(t *testing.T) {
	for _, c := range hfsplustest.Damages() {
		t.Run(c.Name, func(t *testing.T) {
			all, errs := tryAll(t, c.Bytes, limit.New(limit.Max{}))
			text := fmt.Sprint(errs)
			if c.Want == "" && len(errs) > 0 || !strings.Contains(text, c.Want) || len(all) < c.Least {
				t.Errorf("%d entries, errors %s; want at least %d and %q", len(all), text, c.Least, c.Want)
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
	var d *malformed.Damage
	if !errors.As(errs[len(errs)-1], &d) || d.Count < 2 || !strings.Contains(fmt.Sprint(d.Errs), "met twice") {
		t.Errorf("got %v", d)
	}
	put32(p, child(2), binary.BigEndian.Uint32(p[v.Catalog+atRoot:])) // an index node as a leaf
	if _, errs = tryAll(t, p, limit.New(limit.Max{})); !strings.Contains(fmt.Sprint(errs[len(errs)-1].(*malformed.Damage).Errs), "another kind or height") {
		t.Errorf("got %v", errs)
	}
}

// Records that no honest writer makes.
func TestStrangeCatalogs(t *testing.T) {
	for _, c := range hfsplustest.Stranges() {
		t.Run(c.Name, func(t *testing.T) {
			all, errs := tryAll(t, c.Bytes, limit.New(limit.Max{}))
			found := false
			for _, e := range all {
				if e.Path == c.Path {
					found = true
					if text := fmt.Sprint(e.Err); c.Want == "" && e.Err != nil || !strings.Contains(text, c.Want) {
						t.Errorf("error %s, want %q", text, c.Want)
					}
				}
			}
			if !found || len(all) < 6 {
				t.Errorf("%q is not among %d entries; %v", c.Path, len(all), errs)
			}
		})
	}
}

// A hard link whose content is a hard link again must not lead on.
func TestLinkLoop(t *testing.T) {
	im := hfsplustest.Small()
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
	im := hfsplustest.Small()
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
	im := hfsplustest.Small()
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
	data := hfsplustest.Small().Build().Bytes
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
	im := hfsplustest.Small()
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

package hfsplus

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"io"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
	"github.com/kinbom/kinbom/sbom/limit"
)

// pattern is content that differs in every block.
func pattern(n int) []byte {
	p := make([]byte, 0, n+8)
	for i := uint64(1); len(p) < n; i++ {
		p = binary.LittleEndian.AppendUint64(p, i*0x9e3779b97f4a7c15)
	}
	return p[:n]
}

func deflated(p []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(p)
	w.Close()
	return b.Bytes()
}

// packedAttr is the attribute of a compressed file.
func packedAttr(kind uint32, size int, content []byte) []hfsplustest.Attr {
	p := binary.LittleEndian.AppendUint32([]byte("fpmc"), kind)
	p = binary.LittleEndian.AppendUint64(p, uint64(size))
	return []hfsplustest.Attr{{Name: decmpfs.Attribute, Value: append(p, content...)}}
}

// packedFork is a resource fork of type 4.
func packedFork(p []byte) []byte {
	var blocks [][]byte
	for len(p) > 0 {
		n := min(len(p), decmpfs.BlockSize)
		blocks = append(blocks, deflated(p[:n]))
		p = p[n:]
	}
	le := binary.LittleEndian
	list := le.AppendUint32(nil, uint32(len(blocks)))
	at := 4 + 8*len(blocks)
	var data []byte
	for _, b := range blocks {
		list = le.AppendUint32(le.AppendUint32(list, uint32(at)), uint32(len(b)))
		at += len(b)
		data = append(data, b...)
	}
	head := make([]byte, 256)
	binary.BigEndian.PutUint32(head, 256)
	binary.BigEndian.PutUint32(head[4:], uint32(260+at))
	binary.BigEndian.PutUint32(head[8:], uint32(4+at))
	binary.BigEndian.PutUint32(head[12:], 50)
	head = binary.BigEndian.AppendUint32(head, uint32(at))
	head = append(append(head, list...), data...)
	return append(head, resourceMap()...)
}

// resourceMap is the map of a resource fork with one resource of type "cmpf".
func resourceMap() []byte {
	m := make([]byte, 50)
	copy(m[24:], "\x00\x1c\x00\x32\x00\x00cmpf\x00\x00\x00\x0a\x00\x01\xff\xff")
	return m
}

// everything is an image with each thing that the package reads.
func everything() hfsplustest.Image {
	text := bytes.Repeat([]byte("The same line, over and over again.\n"), 4000)
	im := hfsplustest.Image{Name: "Everything", Free: 20, CatalogPiece: 2, Files: []hfsplustest.File{
		{Path: "App.app/Contents/MacOS/App", Mode: 0o100755, Data: pattern(50_001)},
		{Path: "App.app/Contents/Frameworks/A.framework/Versions/A/A", Data: pattern(9)},
		{Path: "App.app/Contents/Frameworks/A.framework/Versions/Current", Link: "A"},
		{Path: "empty"},
		{Path: "pieces", Data: pattern(40*4096 - 17), Piece: 1},
		{Path: "two pieces", Data: pattern(3*4096 + 1), Piece: 2},
		{Path: "with resource", Data: []byte("data"), Resource: pattern(11 * 4096), Piece: 1},
		{Path: "colon:name", Data: []byte("slash on disk")},
		{Path: "de\u0301compose\u0301", Data: []byte("nfd")},
		{Path: "emoji \U0001f642", Data: []byte("surrogates")},
		{Path: "Upper", Data: []byte("u")}, {Path: "lower", Data: []byte("l")},
		{Path: "links/first", Data: pattern(5000)},
		{Path: "links/second", HardLink: "links/first"},
		{Path: "other/third", HardLink: "links/first"},
		{Path: "attrs", Data: []byte("x"), Attrs: []hfsplustest.Attr{
			{Name: "com.example.a", Value: []byte("inline")}, {Name: "com.example.b", Value: pattern(30 * 4096), Piece: 1}}},
		{Path: "packed inline", Compressed: true, Attrs: packedAttr(3, len(text), deflated(text))},
		{Path: "packed stored", Compressed: true, Attrs: packedAttr(3, 5, []byte("\xffhello"))},
		{Path: "packed fork", Compressed: true, Attrs: packedAttr(4, len(text), nil), Resource: packedFork(text), Piece: 1},
		{Path: "flag alone", Compressed: true, Data: []byte("plain")},
		{Path: "fifo", Mode: 0o010644},
		{Path: "emptydir", Dir: true},
	}}
	for i := range 120 {
		im.Files = append(im.Files, hfsplustest.File{Path: "many/" + string(rune('a'+i%26)) + "/a rather long name to fill the nodes " + string(rune('A'+i/26)), Data: []byte{byte(i)}})
	}
	return im
}

// open opens an image that must be sound.
func open(t testing.TB, data []byte) *Volume {
	t.Helper()
	v, err := New(bytes.NewReader(data), int64(len(data)), limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// entries walks a volume that must be sound.
func entries(t testing.TB, v *Volume) map[string]Entry {
	t.Helper()
	all := map[string]Entry{}
	err := v.Walk(context.Background(), func(e Entry) error {
		if _, twice := all[e.Path]; twice {
			t.Errorf("%q is met twice", e.Path)
		}
		all[e.Path] = e
		return nil
	})
	if err != nil {
		t.Errorf("walk: %v", err)
	}
	return all
}

func content(t testing.TB, v *Volume, e Entry) []byte {
	t.Helper()
	r, err := v.Open(e)
	if err != nil {
		t.Fatalf("opening %q: %v", e.Path, err)
	}
	p, err := io.ReadAll(r)
	if err != nil || int64(len(p)) != e.Size {
		t.Fatalf("reading %q: %d bytes of %d, %v", e.Path, len(p), e.Size, err)
	}
	return p
}

package decmpfs

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
)

func attribute(kind uint32, size uint64, content []byte) []byte {
	p := binary.LittleEndian.AppendUint32([]byte("fpmc"), kind)
	return append(binary.LittleEndian.AppendUint64(p, size), content...)
}

func deflated(p []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(p)
	w.Close()
	return b.Bytes()
}

// lzvned packs as literals, with the end mark.
func lzvned(p []byte) (out []byte) {
	for len(p) > 0 {
		n := min(len(p), 271)
		if n < 16 {
			out = append(out, 0xe0|byte(n))
		} else {
			out = append(out, 0xe0, byte(n-16))
		}
		out = append(out, p[:n]...)
		p = p[n:]
	}
	return append(out, 6, 0, 0, 0, 0, 0, 0, 0)
}

// lzfsed packs as one block that is not packed, with the end mark.
func lzfsed(p []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte("bvx-"), uint32(len(p)))
	return append(append(out, p...), "bvx$"...)
}

func marked(mark byte) func([]byte) []byte {
	return func(p []byte) []byte { return append([]byte{mark}, p...) }
}

// flat and listed are the two layouts of a resource fork.
func flat(p []byte, pack func([]byte) []byte) []byte {
	blocks := (len(p) + BlockSize - 1) / BlockSize
	at := 4 * (blocks + 1)
	list := binary.LittleEndian.AppendUint32(nil, uint32(at))
	var data []byte
	for len(p) > 0 {
		n := min(len(p), BlockSize)
		data = append(data, pack(p[:n])...)
		list = binary.LittleEndian.AppendUint32(list, uint32(at+len(data)))
		p = p[n:]
	}
	return append(list, data...)
}

func listed(p []byte, pack func([]byte) []byte) []byte {
	blocks := (len(p) + BlockSize - 1) / BlockSize
	list := binary.LittleEndian.AppendUint32(nil, uint32(blocks))
	at := 4 + 8*blocks
	var data []byte
	for len(p) > 0 {
		n := min(len(p), BlockSize)
		b := pack(p[:n])
		list = binary.LittleEndian.AppendUint32(list, uint32(at+len(data)))
		list = binary.LittleEndian.AppendUint32(list, uint32(len(b)))
		data = append(data, b...)
		p = p[n:]
	}
	out := make([]byte, 256)
	binary.BigEndian.PutUint32(out, 256)
	binary.BigEndian.PutUint32(out[4:], uint32(260+len(list)+len(data)))
	binary.BigEndian.PutUint32(out[8:], uint32(4+len(list)+len(data)))
	out = binary.BigEndian.AppendUint32(out, uint32(len(list)+len(data)))
	return append(append(out, list...), data...)
}

// text is content of n bytes that differs from block to block.
func text(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "line %d of the text\n", i)
	}
	return b.Bytes()[:n]
}

func readAll(attr, rsrc []byte) ([]byte, error) {
	r, err := NewReader(attr, bytes.NewReader(rsrc), int64(len(rsrc)))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func TestEveryType(t *testing.T) {
	for _, n := range []int{1, 100, 3000, BlockSize, BlockSize + 1, 3*BlockSize + 7} {
		p := text(n)
		for _, c := range []struct {
			name string
			kind uint32
			attr []byte
			rsrc []byte
		}{
			{"plain", 1, p, nil},
			{"zlib inline", 3, deflated(p), nil},
			{"stored inline", 3, marked(0xff)(p), nil},
			{"zlib", 4, nil, listed(p, deflated)},
			{"stored", 4, nil, listed(p, marked(0x0f))},
			{"lzvn inline", 7, lzvned(p), nil},
			{"lzvn inline, bytes behind its end", 7, append(lzvned(p), 1, 2, 3), nil},
			{"lzvn stored inline", 7, marked(6)(p), nil},
			{"lzvn", 8, nil, flat(p, lzvned)},
			{"lzvn, bytes behind its end", 8, nil, flat(p, func(p []byte) []byte { return append(lzvned(p), "more"...) })},
			{"lzvn stored", 8, nil, flat(p, marked(6))},
			{"raw inline", 9, marked(0xcc)(p), nil},
			{"raw", 10, nil, flat(p, marked(0xcc))},
			{"raw in a list", 10, nil, listed(p, marked(0xcc))},
			{"lzfse inline", 11, lzfsed(p), nil},
			{"lzfse stored inline", 11, marked(0xff)(p), nil},
			{"lzfse", 12, nil, flat(p, lzfsed)},
			{"lzfse stored", 12, nil, flat(p, marked(0xff))},
		} {
			got, err := readAll(attribute(c.kind, uint64(n), c.attr), c.rsrc)
			if err != nil || !bytes.Equal(got, p) {
				t.Errorf("%s of %d bytes: %d bytes, %v", c.name, n, len(got), err)
			}
			r, err := NewReader(attribute(c.kind, uint64(n), c.attr), bytes.NewReader(c.rsrc), int64(len(c.rsrc)))
			if err != nil {
				t.Fatal(err)
			}
			if n < 4000 {
				if err := iotest.TestReader(r, p); err != nil {
					t.Errorf("%s of %d bytes: %v", c.name, n, err)
				}
			}
		}
	}
}

// Real forks have a list that is longer than their blocks need.
func TestPaddedList(t *testing.T) {
	block := lzfsed([]byte("content"))
	fork := binary.LittleEndian.AppendUint32(nil, 24)
	fork = binary.LittleEndian.AppendUint32(fork, uint32(24+len(block)))
	fork = append(append(fork, make([]byte, 16)...), block...)
	if got, err := readAll(attribute(12, 7, nil), fork); string(got) != "content" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestEmptyContent(t *testing.T) {
	for _, kind := range []uint32{1, 3, 4, 7, 8, 9, 10, 11, 12} {
		r, err := NewReader(attribute(kind, 0, nil), nil, 0)
		if err != nil {
			t.Errorf("type %d: %v", kind, err)
			continue
		}
		if got, err := io.ReadAll(r); len(got) != 0 || err != nil {
			t.Errorf("type %d: %q, %v", kind, got, err)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for kind, name := range map[uint32]string{0: "unknown", 2: "unknown", 5: "elsewhere", 6: "unknown", 13: "LZBITMAP", 14: "LZBITMAP", 99: "unknown", 0x80000001: "unknown"} {
		_, err := readAll(attribute(kind, 5, []byte("hello")), nil)
		var u *UnsupportedError
		if !errors.As(err, &u) || u.Type != kind || !strings.Contains(err.Error(), name) {
			t.Errorf("type %d: %v", kind, err)
		}
	}
}

func TestDamage(t *testing.T) {
	p := text(2*BlockSize + 5)
	change := func(fork []byte, at int, v uint32) []byte {
		fork = bytes.Clone(fork)
		binary.LittleEndian.PutUint32(fork[at:], v)
		return fork
	}
	zl, lv := listed(p, deflated), flat(p, lzvned)
	size := uint64(len(p))
	badSum := deflated([]byte("hello"))
	badSum[len(badSum)-1] ^= 1
	for _, c := range []struct {
		name       string
		attr, rsrc []byte
		what       string
	}{
		{"empty", nil, nil, "too short for its header"},
		{"other magic", []byte("cmpf567890123456"), nil, "magic"},
		{"negative size", attribute(3, 1<<63, nil), nil, "impossible size"},
		{"exabytes in the fork", attribute(4, 1<<60, nil), zl, "number of blocks"},
		{"exabytes in the flat fork", attribute(8, 1<<60, nil), lv, "too short for the offsets"},
		{"exabytes inline", attribute(3, math.MaxInt64, deflated(p)), nil, "less than the size"},
		{"exabytes inline lzvn", attribute(7, 1<<40, lzvned(p)), nil, "impossible for content in the attribute"},
		{"exabytes inline lzfse", attribute(11, 1<<40, lzfsed(p)), nil, "less than the size"},
		{"exabytes stored", attribute(9, 1<<40, []byte("\xcchello")), nil, "shorter than its size"},
		{"no content", attribute(3, 5, nil), nil, "no content"},
		{"more content", attribute(3, 5, deflated([]byte("hello!"))), nil, "more than the size"},
		{"wrong checksum", attribute(3, 5, badSum), nil, "checksum"},
		{"no zlib", attribute(3, 5, []byte("hello")), nil, "header"},
		{"no fork", attribute(4, 5, nil), nil, "too short"},
		{"list outside", attribute(4, size, nil), binary.BigEndian.AppendUint32(nil, 1<<31), "outside"},
		{"fewer blocks", attribute(4, size, nil), change(zl, 260, 2), "number of blocks"},
		{"block outside", attribute(4, size, nil), change(zl, 264, 1<<31), "block is outside"},
		{"block of no bytes", attribute(4, size, nil), change(zl, 268, 0), "length of a block"},
		{"block of 2 GiB", attribute(4, size, nil), change(zl, 268, 1<<31), "length of a block"},
		{"block shorter", attribute(4, size, nil), change(zl, 268, 20), "unpacking"},
		{"falling offsets", attribute(8, size, nil), change(lv, 4, 3), "length of a block"},
		{"offset outside", attribute(8, size, nil), change(lv, 0, 1<<31), "length of a block"},
		{"both outside", attribute(8, size, nil), change(change(lv, 0, 1<<31), 4, 1<<31+9), "block is outside"},
		{"stored and too short", attribute(8, size, nil), flat(p, func(p []byte) []byte { return marked(6)(p[1:]) }), "wrong length"},
	} {
		got, err := readAll(c.attr, c.rsrc)
		if err == nil || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: %d bytes, %v; want %q", c.name, len(got), err, c.what)
		}
	}
}

func TestTruncatedEverywhere(t *testing.T) {
	p := text(BlockSize + 100)
	for kind, fork := range map[uint32][]byte{4: listed(p, deflated), 8: flat(p, lzvned), 10: flat(p, marked(0xcc)), 12: flat(p, lzfsed)} {
		for n := 0; n < len(fork)-12; n += 1 + len(fork)/300 { // the end marks of the codecs may go
			if got, err := readAll(attribute(kind, uint64(len(p)), nil), fork[:n]); err == nil {
				t.Errorf("type %d: %d of %d bytes give %d without an error", kind, n, len(fork), len(got))
			}
		}
	}
	p = text(500)
	for kind, content := range map[uint32][]byte{1: p, 3: deflated(p), 7: lzvned(p), 9: marked(0xcc)(p), 11: lzfsed(p)} {
		attr := attribute(kind, 500, content)
		for n := range len(attr) - 12 {
			if got, err := readAll(attr[:n], nil); err == nil {
				t.Errorf("type %d: %d of %d bytes give %d without an error", kind, n, len(attr), len(got))
			}
		}
	}
}

func TestErrorsOfTheForkAreWrapped(t *testing.T) {
	broken := errors.New("disk is gone")
	r, err := NewReader(attribute(8, 5, nil), failing{broken}, 1000)
	if err == nil {
		_, err = io.ReadAll(r)
	}
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func FuzzReader(f *testing.F) {
	p := text(1000)
	f.Add(attribute(1, 5, []byte("hello")), []byte{})
	f.Add(attribute(3, 300, deflated(p[:300])), []byte{})
	f.Add(attribute(4, uint64(len(p)), nil), listed(p, deflated))
	f.Add(attribute(7, 300, lzvned(p[:300])), []byte{})
	f.Add(attribute(8, 300, nil), flat(p[:300], lzvned))
	f.Add(attribute(10, 300, nil), flat(p[:300], marked(0xcc)))
	f.Add(attribute(11, 300, lzfsed(p[:300])), []byte{})
	f.Add(attribute(12, 300, nil), flat(p[:300], lzfsed))
	f.Fuzz(func(t *testing.T, attr, rsrc []byte) {
		r, err := NewReader(attr, bytes.NewReader(rsrc), int64(len(rsrc)))
		if err != nil {
			return
		}
		h, err := ParseHeader(attr)
		if err != nil {
			t.Fatal("a reader without a header")
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, 1<<18))
		if err == nil && n != min(h.Size, 1<<18) || n > h.Size {
			t.Errorf("%d bytes of %d, %v", n, h.Size, err)
		}
	})
}

package udif_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kinbom/kinbom/sbom/container/udif"
	"github.com/kinbom/kinbom/sbom/container/udif/udiftest"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// small is a volume in one table, with one change.
func small(edit func([]udiftest.Chunk) []udiftest.Chunk) []byte {
	return udiftest.Image(udiftest.Table{Name: "disk image (Apple_HFS : 0)", Data: hfsVolume(40), Kind: udiftest.Mixed, Chunk: 4, Edit: edit})
}

func TestRefusedImages(t *testing.T) {
	for _, c := range udiftest.Refused(hfsVolume(40)) {
		t.Run(c.Name, func(t *testing.T) {
			start := time.Now()
			im, err := udif.New(bytes.NewReader(c.Image), int64(len(c.Image)), limit.New(limit.Max{}))
			if err == nil || im != nil || !strings.Contains(err.Error(), c.Want) {
				t.Errorf("%v, want %q", err, c.Want)
			}
			if d := time.Since(start); d > 3*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// TestDamagedChunk has one chunk that cannot be read: the rest can.
func TestDamagedChunk(t *testing.T) {
	want := hfsVolume(40)
	for _, c := range udiftest.Damaged(want) {
		t.Run(c.Name, func(t *testing.T) {
			im := open(t, c.Image)
			r, size := im.Disk()
			bad := 0
			for s := int64(0); s < size; s += 512 {
				p := make([]byte, 512)
				_, err := r.ReadAt(p, s)
				var where *malformed.Error
				switch {
				case err == nil && !bytes.Equal(p, want[s:s+512]):
					t.Errorf("sector %d: other bytes and no error", s/512)
				case err == nil:
				case !errors.As(err, &where) || !strings.Contains(where.What, c.Want):
					t.Errorf("sector %d: %v, want %q", s/512, err, c.Want)
				default:
					bad++
				}
			}
			if bad != 4 {
				t.Errorf("%d sectors fail, want the 4 of one chunk", bad)
			}
			checks, err := im.Verify(context.Background(), unknown)
			if err != nil || checks[0].State != udif.Unreadable || checks[0].Err == nil {
				t.Errorf("%+v, %v", checks, err)
			}
			again, err := im.Verify(context.Background(), func(err error) bool { return err.Error() == checks[0].Err.Error() })
			if err != nil || again[0].State != udif.Unreadable || again[0].Err != nil {
				t.Errorf("an error that is known: %+v, %v", again, err)
			}
		})
	}
}

// unknown is a caller who knows no error yet.
func unknown(error) bool { return false }

// TestChecksumDiffers changes bytes that no decoder notices.
func TestChecksumDiffers(t *testing.T) {
	data := hfsVolume(40)
	other := bytes.Clone(data)
	other[3000]++
	image := udiftest.Image(udiftest.Table{Name: "a", Data: data, Kind: udiftest.Mixed, Chunk: 40, Packed: func(int, []byte) []byte { return udiftest.Pack(udiftest.Zlib, other) }},
		udiftest.Table{Name: "b", Start: 40, Data: data, Kind: udiftest.Mixed})
	im := open(t, image)
	if _, err := readDisk(im); err != nil {
		t.Fatal(err)
	}
	c := im.Checks()
	if c[0].State != udif.Differs || c[1].State != udif.Agrees || c[2].State != udif.Agrees {
		t.Errorf("%+v", c)
	}
	image[len(image)-512+352+8]++ // over the tables
	image[len(image)-512+80+8]++  // of the data fork
	im = open(t, image)
	all, err := im.Verify(context.Background(), unknown)
	if err != nil || all[0].State != udif.Differs || all[2].State != udif.Differs || all[3].State != udif.Differs {
		t.Errorf("%+v, %v", all, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := open(t, image).Verify(ctx, unknown); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestExabytes has a disk that claims nearly all that can be addressed.
func TestExabytes(t *testing.T) {
	const sectors = 1<<54 - 8
	data := hfsVolume(8)
	chunks := []udiftest.Chunk{{Kind: udiftest.Raw, Count: 8, Size: 4096}, {Kind: udiftest.Zero, Start: 8, Count: sectors - 9}, {Kind: udiftest.Ignore, Start: sectors - 1, Count: 1}}
	block := udiftest.Mish(0, sectors, 0, chunks)
	image := udiftest.Assemble(data, udiftest.List([]udiftest.Table{{Name: "t"}}, [][]byte{block}), 0)
	im := open(t, image)
	r, size := im.Disk()
	if size != sectors*512 {
		t.Fatalf("size %d", size)
	}
	p := bytes.Repeat([]byte{1}, 5000)
	if n, err := r.ReadAt(p, size-4000); n != 4000 || err != io.EOF || !bytes.Equal(p[:n], make([]byte, 4000)) {
		t.Errorf("%d, %v", n, err)
	}
	if len(im.Partitions) != 1 || im.Partitions[0].Type != udif.HFS {
		t.Errorf("partitions %+v", partitions(im))
	}
	if checks, err := im.Verify(context.Background(), unknown); err != nil || checks[0].State != udif.Differs {
		t.Errorf("%+v, %v", checks, err)
	}
}

// TestLimits has images that are too much for a budget.
func TestLimits(t *testing.T) {
	wantLimit := func(t *testing.T, err error, kind limit.Kind) {
		t.Helper()
		var over *limit.Error
		if !errors.As(err, &over) || over.Limit != kind {
			t.Errorf("%v, want limit on %s", err, kind)
		}
	}
	read := func(image []byte, m limit.Max) error {
		im, err := udif.New(bytes.NewReader(image), int64(len(image)), limit.New(m))
		if err != nil {
			return err
		}
		r, size := im.Disk()
		_, err = io.Copy(io.Discard, io.NewSectionReader(r, 0, min(size, 1<<30)))
		return err
	}
	zeros := make([]byte, 4<<20)
	bomb := udiftest.Image(udiftest.Table{Name: "a", Data: zeros, Kind: udiftest.Of(udiftest.Bzip2), Chunk: 8192})
	if err := read(bomb, limit.Max{}); err != nil {
		t.Errorf("4 MiB: %v", err)
	}
	wantLimit(t, read(bomb, limit.Max{RatioFloor: 1 << 20}), limit.Ratio)
	wantLimit(t, read(bomb, limit.Max{Bytes: 4<<20 - 1}), limit.Bytes)
	// Every chunk stands for the same packed bytes.
	packed := udiftest.Pack(udiftest.Zlib, zeros)
	var chunks []udiftest.Chunk
	for i := range uint64(250) {
		chunks = append(chunks, udiftest.Chunk{Kind: udiftest.Zlib, Start: 8192 * i, Count: 8192, Size: uint64(len(packed))})
	}
	again := udiftest.Assemble(packed, udiftest.List([]udiftest.Table{{Name: "t"}}, [][]byte{udiftest.Mish(0, 250*8192, 0, chunks)}), 0)
	wantLimit(t, read(again, limit.Max{}), limit.Ratio)
	large := small(func(c []udiftest.Chunk) []udiftest.Chunk {
		c = c[:1]
		c[0].Count = 64<<20/512 + 1
		return c
	})
	wantLimit(t, read(large, limit.Max{}), limit.FileSize)
	if _, err := udif.New(bytes.NewReader(bomb), int64(len(bomb)), nil); err != nil {
		t.Errorf("no budget: the tables can still be read: %v", err)
	}
	wantLimit(t, read(bomb, limit.Max{Bytes: 1}), limit.Bytes)
}

// TestTruncatedEverywhere cuts the end of an image, then its end or its front
// but not its trailer.
func TestTruncatedEverywhere(t *testing.T) {
	image := small(nil)
	front, end := image[:len(image)-512], image[len(image)-512:]
	for n := 0; n < len(front)-13; n += 13 { // what follows </plist> does not count
		for _, cut := range [][]byte{image[:n], slices.Concat(front[:n], end), slices.Concat(front[len(front)-n:], end)} {
			im, err := udif.New(bytes.NewReader(cut), int64(len(cut)), limit.New(limit.Max{}))
			if err != nil {
				continue
			}
			checks, err := im.Verify(context.Background(), unknown)
			if err != nil || checks[0].State == udif.Agrees {
				t.Fatalf("%d bytes of %d: no error, %+v, %v", n, len(image), checks, err)
			}
		}
	}
	// A file that ends while it is read.
	for n := 0; n < len(image); n += 13 {
		im, err := udif.New(io.NewSectionReader(bytes.NewReader(image[:n]), 0, int64(n)), int64(len(image)), limit.New(limit.Max{}))
		if err == nil {
			t.Fatalf("%d bytes of %d: no error, %v", n, len(image), partitions(im))
		}
	}
}

// TestOldImages have their trailer first, or their tables in a resource fork.
func TestOldImages(t *testing.T) {
	image := small(nil)
	koly := bytes.Clone(image[len(image)-512:])
	be := binary.BigEndian
	moved := slices.Concat(koly, image[:len(image)-512])
	be.PutUint64(moved[24:], 512)
	be.PutUint64(moved[216:], be.Uint64(koly[216:])+512)
	data := be.Uint64(koly[32:])
	_, block := splitList(t, image)
	fork := resources(block)
	old := slices.Concat(image[:data], fork, koly)
	k := old[len(old)-512:]
	be.PutUint64(k[40:], data)
	be.PutUint64(k[48:], uint64(len(fork)))
	clear(k[216:232])
	for name, b := range map[string][]byte{"trailer first": moved, "resource fork": old} {
		im := open(t, b)
		got, err := readDisk(im)
		if err != nil || !bytes.Equal(got, hfsVolume(40)) || len(im.Partitions) != 1 || im.Partitions[0].Type != udif.HFS {
			t.Errorf("%s: %d bytes, %v, %v", name, len(got), err, partitions(im))
		}
		wantChecks(t, im.Checks(), udif.Agrees)
		if got := sevenZip(t, b); !bytes.Equal(got, hfsVolume(40)) {
			t.Errorf("%s: 7zz reads %d bytes", name, len(got))
		}
	}
	for n := range fork { // each byte of the fork damaged: never a panic
		b := bytes.Clone(old)
		b[int(data)+n] ^= 0xFF
		if im, err := udif.New(bytes.NewReader(b), int64(len(b)), limit.New(limit.Max{})); err == nil {
			r, size := im.Disk()
			io.Copy(io.Discard, io.NewSectionReader(r, 0, min(size, 1<<20)))
		}
	}
}

// splitList takes the table out of an image with one.
func splitList(t *testing.T, image []byte) (list string, block []byte) {
	t.Helper()
	k := image[len(image)-512:]
	at, n := binary.BigEndian.Uint64(k[216:]), binary.BigEndian.Uint64(k[224:])
	list = string(image[at : at+n])
	_, text, _ := strings.Cut(list, "<data>")
	text, _, _ = strings.Cut(text, "</data>")
	block, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return list, block
}

// resources is a resource fork with one resource blkx, named.
func resources(block []byte) []byte {
	be := binary.BigEndian
	data := append(be.AppendUint32(nil, uint32(len(block))), block...)
	name := "disk image (Apple_HFS : 0)"
	m := make([]byte, 28, 100)
	be.PutUint16(m[24:], 28)
	be.PutUint16(m[26:], 28+2+8+12)
	m = be.AppendUint16(m, 0) // one type
	m = be.AppendUint16(be.AppendUint16(append(m, "blkx"...), 0), 10)
	m = be.AppendUint16(be.AppendUint16(m, 0), 0)
	m = be.AppendUint32(be.AppendUint32(m, 0x50<<24), 0)
	m = append(append(m, byte(len(name))), name...)
	head := make([]byte, 256)
	for i, v := range []int{256, 256 + len(data), len(data), len(m)} {
		be.PutUint32(head[4*i:], uint32(v))
	}
	copy(m, head[:16]) // the map begins with a copy
	return slices.Concat(head, data, m)
}

func FuzzNew(f *testing.F) {
	f.Add(small(nil))
	f.Add(udiftest.Image(udiftest.Table{Name: "whole disk (unknown partition : 0)", Data: udiftest.GPT(512, udiftest.Volume{Name: "x", Data: hfsVolume(8)}), Kind: udiftest.Mixed, Chunk: 16}))
	f.Add(udiftest.GPT(512, udiftest.Volume{Name: "x", Data: hfsVolume(8)}))
	f.Add(udiftest.APM(512, udiftest.Volume{Name: "x", Type: "Apple_HFS", Data: hfsVolume(8)}))
	f.Add(wrapped())
	f.Fuzz(func(t *testing.T, image []byte) {
		im, err := udif.New(bytes.NewReader(image), int64(len(image)), limit.New(limit.Max{Bytes: 64 << 20}))
		if (err == nil) != (im != nil) {
			t.Fatal("image and error")
		}
		if err != nil {
			return
		}
		r, size := im.Disk()
		for _, p := range im.Partitions {
			if p.Size <= 0 || !limit.Inside(p.Offset, p.Size, size) {
				t.Fatalf("partition outside the disk: %+v of %d", p, size)
			}
		}
		io.Copy(io.Discard, io.NewSectionReader(r, 0, min(size, 4<<20)))
		r.ReadAt(make([]byte, 700), size-600)
		if _, err := im.Verify(context.Background(), unknown); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzTable gives the fuzzer the table itself, which base64 hides in FuzzNew.
func FuzzTable(f *testing.F) {
	image := small(nil)
	data := image[:binary.BigEndian.Uint64(image[len(image)-512+32:])]
	_, text, _ := bytes.Cut(image, []byte("<data>"))
	text, _, _ = bytes.Cut(text, []byte("</data>"))
	block, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(text), nil)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(block, data)
	f.Fuzz(func(t *testing.T, block, data []byte) {
		b := udiftest.Assemble(data, udiftest.List([]udiftest.Table{{Name: "t"}}, [][]byte{block}), 0)
		im, err := udif.New(bytes.NewReader(b), int64(len(b)), limit.New(limit.Max{Bytes: 64 << 20}))
		if err != nil {
			return
		}
		r, size := im.Disk()
		n, rerr := io.Copy(io.Discard, io.NewSectionReader(r, 0, min(size, 4<<20)))
		if rerr == nil && n != min(size, 4<<20) {
			t.Fatal(fmt.Sprint("short without an error: ", n))
		}
		if _, err := im.Verify(context.Background(), unknown); err != nil {
			t.Fatal(err)
		}
	})
}

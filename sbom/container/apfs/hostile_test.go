package apfs_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

var le = binary.LittleEndian

// outcome is what reading everything of an image came to.
type outcome struct {
	err     error // of New, else of the first volume
	walk    error
	entries int
	bad     []error // of entries and contents
	damage  []error // of the container
}

func (o outcome) text() string {
	return errors.Join(append([]error{o.err, o.walk}, append(o.bad, o.damage...)...)...).Error()
}

// readAll reads all there is within a small budget.
func readAll(r io.ReaderAt, size int64) outcome {
	b := limit.New(limit.Max{Entries: 20000, Bytes: 32 << 20, FileSize: 8 << 20})
	var o outcome
	c, err := apfs.New(r, size, b)
	if err != nil {
		return outcome{err: err}
	}
	o.damage = c.Damage
	for _, v := range c.Volumes() {
		if v.Err != nil {
			o.err = v.Err
			continue
		}
		o.walk = v.Walk(context.Background(), func(e apfs.Entry) error {
			o.entries++
			if strings.Contains("/"+e.Path+"/", "/../") || strings.Contains(e.Path, "\x00") || strings.HasPrefix(e.Path, "/") {
				panic("path leads elsewhere: " + e.Path)
			}
			if e.Err != nil {
				o.bad = append(o.bad, e.Err)
			}
			names, err := v.AttrNames(e)
			if err != nil {
				o.bad = append(o.bad, err)
			}
			for _, n := range names {
				if _, err := v.Attr(e, n); err != nil {
					o.bad = append(o.bad, err)
				}
			}
			if e.Type == apfs.TypeFile {
				f, err := v.Open(e)
				if err == nil {
					_, err = io.Copy(io.Discard, b.Reader(f))
				}
				if err != nil {
					o.bad = append(o.bad, err)
				}
			}
			return nil
		})
	}
	return o
}

// within fails when reading takes longer than any damage may make it.
func within(t *testing.T, what string, f func() outcome) outcome {
	t.Helper()
	done := make(chan outcome, 1)
	go func() { done <- f() }()
	select {
	case o := <-done:
		return o
	case <-time.After(20 * time.Second):
		t.Fatalf("%s: not done in 20 s", what)
		return outcome{}
	}
}

// newest finds the newest block for which ok holds.
func newest(t *testing.T, s *sparse, ok func(b []byte) bool) uint32 {
	t.Helper()
	var at uint32
	var xid uint64
	for n, b := range s.blocks {
		if fletcher(b) == le.Uint64(b) && ok(b) && (le.Uint64(b[16:]) > xid || le.Uint64(b[16:]) == xid && n < at) {
			at, xid = n, le.Uint64(b[16:])
		}
	}
	if xid == 0 {
		t.Fatal("no such block")
	}
	return at
}

func kind(b []byte) uint32 { return le.Uint32(b[24:]) & 0xffff }

func isTree(b []byte, subtype uint32, level uint16) bool {
	return (kind(b) == 2 || kind(b) == 3) && le.Uint32(b[28:]) == subtype && le.Uint16(b[34:]) == level
}

// blocks of the newest state of an image.
type parts struct{ super, cmap, vmap, volume, root, leaf, vmapRoot uint32 }

func findParts(t *testing.T, s *sparse) parts {
	p := parts{}
	p.super = newest(t, s, func(b []byte) bool { return kind(b) == 1 && string(b[32:36]) == "NXSB" })
	p.cmap = uint32(le.Uint64(s.blocks[p.super][160:]))
	p.volume = newest(t, s, func(b []byte) bool { return kind(b) == 13 })
	p.vmap = uint32(le.Uint64(s.blocks[p.volume][128:]))
	p.vmapRoot = uint32(le.Uint64(s.blocks[p.vmap][48:]))
	p.root = newest(t, s, func(b []byte) bool { return kind(b) == 2 && le.Uint32(b[28:]) == 14 })
	// Of the leaves, one that the newest object map knows. The map is one node here.
	m := s.blocks[p.vmapRoot]
	if le.Uint16(m[34:]) != 0 {
		t.Fatal("object map has levels: this test has to follow them")
	}
	for i := range int(le.Uint32(m[36:])) {
		val := blockSize - 40 - int(le.Uint16(m[56+int(le.Uint16(m[40:]))+4*i+2:]))
		if n := uint32(le.Uint64(m[val+8:])); isTree(s.blocks[n], 14, 0) {
			p.leaf = n
		}
	}
	return p
}

// The same image with one thing changed, summed again where a writer would.
func TestHostile(t *testing.T) {
	orig := loadImage(t, "small")
	p := findParts(t, orig)
	put16 := func(at int, v uint16) func([]byte) { return func(b []byte) { le.PutUint16(b[at:], v) } }
	put32 := func(at int, v uint32) func([]byte) { return func(b []byte) { le.PutUint32(b[at:], v) } }
	put64 := func(at int, v uint64) func([]byte) { return func(b []byte) { le.PutUint64(b[at:], v) } }
	// value of record i of a node with entries of eight bytes
	childOf := func(b []byte, i int) []byte {
		toc := 56 + int(le.Uint16(b[40:]))
		end := len(b)
		if le.Uint16(b[32:])&1 != 0 {
			end -= 40
		}
		return b[end-int(le.Uint16(b[toc+8*i+4:])):]
	}
	for _, c := range []struct {
		name   string
		block  uint32
		sum    bool
		change func([]byte)
		want   string // part of what is said
	}{
		{"block size 0", 0, true, put32(36, 0), "block size is not allowed (0)"},
		{"block size huge", 0, true, put32(36, 1<<31), "block size is not allowed"},
		{"block size odd", 0, true, put32(36, 5000), "block size is not allowed"},
		{"ring of 2^31", 0, true, put32(104, math.MaxInt32), "checkpoint area is larger"},
		{"ring in a tree at nothing", 0, true, func(b []byte) { put32(104, 1<<31|64)(b); put64(112, 99)(b) }, "node has not the number 99"},
		{"ring far away", 0, true, put64(112, math.MaxUint64-3), ""},
		{"first superblock broken", 0, false, put64(88, 7), "first superblock: apfs container: checksum"},
		{"Fusion", p.super, true, put64(64, 0x102), "Fusion container"},
		{"too many volumes", p.super, true, put32(180, math.MaxUint32), "room for too many volumes"},
		{"volume without mapping", p.super, true, put64(184, 77), "does not have the object (77)"},
		{"object map is itself the tree", p.cmap, true, put64(48, uint64(p.cmap)), "object is no node of a tree"},
		{"object map elsewhere", p.cmap, true, put64(48, math.MaxUint64), "past the end"},
		{"volume encrypted", p.volume, true, put64(264, 0), "encrypted"},
		{"volume restoring", p.volume, true, put64(56, 0x11), "without all its data"},
		{"volume sealed without extents", p.volume, true, put64(56, 0x29), "tree of extents"},
		{"volume roots in a snapshot that is not there", p.volume, true, put64(968, 5), "no snapshot of transaction"},
		{"volume is not one", p.volume, true, put32(32, 1), "no apfs volume"},
		{"tree of files ephemeral", p.volume, true, put32(116, 0x80000002), "not stored on disk"},
		{"root is its own child", p.root, true, func(b []byte) { le.PutUint64(childOf(b, 0), le.Uint64(b[8:])) }, "root of a tree is not where it should be"},
		{"two children are one", p.root, true, func(b []byte) { copy(childOf(b, 1)[:8], childOf(b, 0)[:8]) }, "starts before its place"},
		{"root at level 16", p.root, true, put16(34, 16), "has level"},
		{"root at level 65535", p.root, true, put16(34, 65535), "level of a node is wrong"},
		{"root says leaf", p.root, true, func(b []byte) { b[32] |= 2 }, "level of a node is wrong"},
		{"2^32 records", p.root, true, put32(36, math.MaxUint32), "table of a node does not fit"},
		{"no records", p.root, true, put32(36, 0), "no inode (2)"},
		{"records reversed", p.leaf, true, func(b []byte) {
			toc := 56 + int(le.Uint16(b[40:]))
			n := int(le.Uint32(b[36:]))
			for i := range n / 2 {
				x, y := b[toc+8*i:toc+8*i+8], b[toc+8*(n-1-i):toc+8*(n-1-i)+8]
				for j := range x {
					x[j], y[j] = y[j], x[j]
				}
			}
		}, "out of order"},
		{"key past the node", p.leaf, true, func(b []byte) { le.PutUint16(b[56+int(le.Uint16(b[40:])):], 65000) }, "record does not fit"},
		{"leaf broken", p.leaf, false, put64(100, 12345), "checksum of a block is wrong"},
		{"nodes of 1 GB", p.root, true, put32(blockSize-40+4, 1<<30), "nodes that are not one block"},
		{"map's keys of 2^31", p.vmapRoot, true, put32(blockSize-40+8, 1<<31), "does not fit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := orig.clone()
			s.edit(c.block, c.sum, c.change)
			o := within(t, c.name, func() outcome { return readAll(s, s.size) })
			if c.want == "" {
				return
			}
			if errors.Join(append([]error{o.err, o.walk}, append(o.bad, o.damage...)...)...) == nil {
				t.Fatalf("nothing is said; %d entries", o.entries)
			}
			if !strings.Contains(o.text(), c.want) {
				t.Errorf("%q is not said, but: %.400s", c.want, o.text())
			}
		})
	}
}

// edits changes every leaf record that edit wants, in all leaves of the tree of files.
func edits(s *sparse, edit func(key, val []byte) bool) (changed int) {
	for n, b := range s.blocks {
		if !isTree(b, 14, 0) || fletcher(b) != le.Uint64(b) {
			continue
		}
		s.edit(n, true, func(b []byte) {
			end := len(b)
			if le.Uint16(b[32:])&1 != 0 {
				end -= 40
			}
			toc, keys := 56+int(le.Uint16(b[40:])), 56+int(le.Uint16(b[40:]))+int(le.Uint16(b[42:]))
			for i := range int(le.Uint32(b[36:])) {
				e := b[toc+8*i:]
				key := b[keys+int(le.Uint16(e)):][:le.Uint16(e[2:])]
				val := b[end-int(le.Uint16(e[4:])):][:le.Uint16(e[6:])]
				if edit(key, val) {
					changed++
				}
			}
		})
	}
	return changed
}

func TestHostileRecords(t *testing.T) {
	orig := loadImage(t, "small")
	kindOf := func(key []byte) uint64 { return le.Uint64(key) >> 60 }
	for _, c := range []struct {
		name string
		edit func(key, val []byte) bool
		want string
	}{
		{"every folder is the root", func(k, v []byte) bool {
			if kindOf(k) != 9 || le.Uint16(v[16:])&15 != 4 {
				return false
			}
			le.PutUint64(v, 2)
			return true
		}, "met a second time"},
		{"extents past the end", func(k, v []byte) bool {
			if kindOf(k) != 8 {
				return false
			}
			le.PutUint64(v[8:], 1<<60)
			return true
		}, "past the end of the container"},
		{"extents of no length", func(k, v []byte) bool {
			if kindOf(k) != 8 {
				return false
			}
			le.PutUint64(v, 0)
			return true
		}, "no extent holds it"},
		{"extents of 2^56 bytes", func(k, v []byte) bool {
			if kindOf(k) != 8 {
				return false
			}
			le.PutUint64(v, 1<<56-1)
			return true
		}, ""},
		{"exabytes", func(k, v []byte) bool {
			if kindOf(k) != 3 || len(v) < 140 {
				return false
			}
			copy(v[len(v)-40:], "\xff\xff\xff\xff\xff\xff\xff\x7f")
			return true
		}, "limit on file size hit"},
		{"extended fields without end", func(k, v []byte) bool {
			if kindOf(k) != 3 || len(v) < 100 {
				return false
			}
			le.PutUint16(v[92:], 65535)
			return true
		}, "extended fields do not fit"},
		{"names lead up", func(k, v []byte) bool {
			if kindOf(k) != 9 || len(k) < 12+4 {
				return false
			}
			copy(k[12:], "../")
			return true
		}, "name has a slash or a zero"},
		{"names of no bytes", func(k, v []byte) bool {
			if kindOf(k) != 9 {
				return false
			}
			le.PutUint32(k[8:], 0)
			return true
		}, "name does not fit its key"},
		{"attributes larger than their record", func(k, v []byte) bool {
			if kindOf(k) != 4 {
				return false
			}
			le.PutUint16(v[2:], 65535)
			return true
		}, "attribute does not fit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := orig.clone()
			if edits(s, c.edit) == 0 {
				t.Fatal("nothing was changed")
			}
			o := within(t, c.name, func() outcome { return readAll(s, s.size) })
			if c.want != "" && !strings.Contains(o.text(), c.want) {
				t.Errorf("%q is not said, but: %.400s", c.want, o.text())
			}
		})
	}
}

// Damage in one leaf loses no more than what is in it.
func TestOneLeafLost(t *testing.T) {
	s := loadImage(t, "small")
	all := readAll(s, s.size)
	if all.err != nil || all.walk != nil || len(all.bad) > 0 || all.entries < 390 {
		t.Fatalf("the image itself: %+v", all)
	}
	s.edit(findParts(t, s).leaf, false, func(b []byte) { b[2000] ^= 1 })
	o := readAll(s, s.size)
	if o.entries < all.entries/2 || o.walk == nil && len(o.bad) == 0 {
		t.Errorf("%d of %d entries, %v, %d bad", o.entries, all.entries, o.walk, len(o.bad))
	}
	for _, err := range o.bad {
		var f *malformed.Error
		if !errors.As(err, &f) {
			t.Errorf("not a format error: %v", err)
		}
	}
}

// A torn newest state gives way to the one before, and is told.
func TestOlderState(t *testing.T) {
	s := loadImage(t, "small")
	p := findParts(t, s)
	xid := le.Uint64(s.blocks[p.super][16:])
	s.edit(p.cmap, false, func(b []byte) { b[50] ^= 1 })
	c, err := apfs.New(s, s.size, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	if c.Xid >= xid || len(c.Damage) == 0 {
		t.Errorf("transaction %d of %d, damage %v", c.Xid, xid, c.Damage)
	}
}

func TestTruncated(t *testing.T) {
	s := loadImage(t, "small")
	var nums []int64
	for n := range s.blocks {
		nums = append(nums, int64(n))
	}
	slices.Sort(nums)
	for i := 0; i < len(nums); i += 1 + i/20 {
		for _, size := range []int64{nums[i] * blockSize, nums[i]*blockSize + 1000} {
			cut := &sparse{size, s.blocks}
			o := within(t, "truncated", func() outcome { return readAll(cut, size) })
			if o.err == nil && o.walk == nil && len(o.bad) == 0 && size < nums[len(nums)-1]*blockSize*9/10 {
				t.Errorf("cut at %d: nothing is said, %d entries", size, o.entries)
			}
		}
	}
	for size := range int64(200) {
		if _, err := apfs.New(&sparse{size * 21, s.blocks}, size*21, limit.New(limit.Max{})); err == nil {
			t.Errorf("opened with %d bytes", size*21)
		}
	}
}

func TestLimits(t *testing.T) {
	s := loadImage(t, "small")
	for _, c := range []struct {
		max  limit.Max
		want limit.Kind
	}{
		{limit.Max{Entries: 20}, limit.Entries},
		{limit.Max{Depth: 10}, limit.Depth},
		{limit.Max{PathLength: 100}, limit.PathLength},
		{limit.Max{FileSize: 4000}, limit.FileSize},
	} {
		con, err := apfs.New(s, s.size, limit.New(c.max))
		if err != nil {
			t.Fatal(err)
		}
		v := con.Volumes()[0]
		var errs []error
		errs = append(errs, v.Walk(context.Background(), func(e apfs.Entry) error {
			errs = append(errs, e.Err)
			if e.Type == apfs.TypeFile {
				_, err := v.Open(e)
				errs = append(errs, err)
			}
			return nil
		}))
		var l *limit.Error
		if !errors.As(errors.Join(errs...), &l) || l.Limit != c.want {
			t.Errorf("%s: got %v", c.want, l)
		}
	}
}

func TestWalkEnds(t *testing.T) {
	s := loadImage(t, "small")
	v := openVolume(t, s, s.size)
	stop := errors.New("enough")
	if err := v.Walk(context.Background(), func(apfs.Entry) error { return stop }); err != stop {
		t.Errorf("error of visit became %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := 0
	err := v.Walk(ctx, func(apfs.Entry) error {
		if n++; n == 5 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n != 5 {
		t.Errorf("%d entries, %v", n, err)
	}
}

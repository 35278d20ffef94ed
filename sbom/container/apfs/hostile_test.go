package apfs_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/container/apfs/apfstest"
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

// The same image with one thing changed: what is wrong is said, soon.
func TestHostile(t *testing.T) {
	for _, c := range apfstest.Hostiles(loadImage(t, "small")) {
		t.Run(c.Name, func(t *testing.T) {
			o := within(t, c.Name, func() outcome { return readAll(c.Image, c.Image.Size) })
			if c.Want == "" {
				return
			}
			if errors.Join(append([]error{o.err, o.walk}, append(o.bad, o.damage...)...)...) == nil {
				t.Fatalf("nothing is said; %d entries", o.entries)
			}
			if !strings.Contains(o.text(), c.Want) {
				t.Errorf("%q is not said, but: %.400s", c.Want, o.text())
			}
		})
	}
}

// Damage in one leaf loses no more than what is in it.
func TestOneLeafLost(t *testing.T) {
	s := loadImage(t, "small")
	all := readAll(s, s.Size)
	if all.err != nil || all.walk != nil || len(all.bad) > 0 || all.entries < 390 {
		t.Fatalf("the image itself: %+v", all)
	}
	s.Edit(apfstest.Find(s).Leaf, false, func(b []byte) { b[2000] ^= 1 })
	o := readAll(s, s.Size)
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
	p := apfstest.Find(s)
	xid := le.Uint64(s.Blocks[p.Super][16:])
	s.Edit(p.Map, false, func(b []byte) { b[50] ^= 1 })
	c, err := apfs.New(s, s.Size, limit.New(limit.Max{}))
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
	for n := range s.Blocks {
		nums = append(nums, int64(n))
	}
	slices.Sort(nums)
	for i := 0; i < len(nums); i += 1 + i/20 {
		for _, size := range []int64{nums[i] * blockSize, nums[i]*blockSize + 1000} {
			cut := &apfstest.Sparse{Size: size, Blocks: s.Blocks}
			o := within(t, "truncated", func() outcome { return readAll(cut, size) })
			if o.err == nil && o.walk == nil && len(o.bad) == 0 && size < nums[len(nums)-1]*blockSize*9/10 {
				t.Errorf("cut at %d: nothing is said, %d entries", size, o.entries)
			}
		}
	}
	for size := range int64(200) {
		if _, err := apfs.New(&apfstest.Sparse{Size: size * 21, Blocks: s.Blocks}, size*21, limit.New(limit.Max{})); err == nil {
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
		con, err := apfs.New(s, s.Size, limit.New(c.max))
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
	v := openVolume(t, s, s.Size)
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

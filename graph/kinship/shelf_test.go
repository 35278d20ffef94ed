package kinship

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// crowded is a family with libraries of several toolchains, and how often the code
// of each image was decoded.
func crowded(images int) (list []Image, decoded func() []int) {
	for i := range images {
		toolchain := []string{"", "b", "c"}[i%3]
		var l []source
		for n := range 5 {
			if (i+n)%4 != 0 {
				l = append(l, library(fmt.Sprint("lib", n), 30, .5)...)
			}
		}
		list = append(list, build(fmt.Sprint("app", i), toolchain, append(l, mine(i)...)))
	}
	list = numbered(list...)
	var mu sync.Mutex
	count := make([]int, images)
	for i := range list {
		set := list[i].Set
		list[i].Set = func() (*fingerprint.Set, error) {
			mu.Lock()
			defer mu.Unlock()
			count[i]++
			return set()
		}
		list[i].Calls = set // counted apart
	}
	return list, func() []int { return count }
}

// What is found does not depend on how much code is held at a time; with little
// room the images are decoded again, as often as there are blocks and not as there
// are comparisons.
func TestLittleRoom(t *testing.T) {
	const images = 24
	o := Options{Thresholds: Measured()}
	list, decoded := crowded(images)
	sorted := numberedInOrder(list)
	want := find(sorted, o, roomForCode)
	if len(want.Lineages) == 0 {
		t.Fatal("nothing was found")
	}
	for i, n := range decoded() {
		if n != 1 {
			t.Errorf("with room for all, image %d was decoded %d times", i, n)
		}
	}
	one := int64(0)
	for _, m := range sorted {
		s, err := m.Set()
		if err != nil {
			t.Fatal(err)
		}
		one = max(one, newCode(s).bytes())
	}
	most := 0
	for _, room := range []int64{1, one, 4 * one, 12 * one} {
		list, decoded := crowded(images)
		got := find(numberedInOrder(list), o, room)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("with room for %d bytes another result: %s", room, d)
		}
		again := 0
		for _, n := range decoded() {
			again = max(again, n)
		}
		if most > 0 && again > most {
			t.Errorf("with room for %d bytes an image was decoded %d times, with less room %d times", room, again, most)
		}
		most = again
	}
	if most <= 1 || most > 4*6 {
		t.Errorf("with room for half of the code an image was decoded %d times", most)
	}
}

// numberedInOrder sorts images as Find does.
func numberedInOrder(list []Image) []Image {
	out := make([]Image, len(list))
	for i, n := range inOrder(list) {
		out[i] = list[n]
	}
	return out
}

// Code on the shelf never takes more than there is room for, or two images.
func TestRoomIsKept(t *testing.T) {
	list, _ := crowded(24)
	f := &family{images: numberedInOrder(list), o: Options{Thresholds: Measured()}, t: Measured()}
	f.join(f.rows())
	var tasks []imagePair
	for a := range uint32(24) {
		for b := range a {
			tasks = append(tasks, imagePair{a, b})
		}
	}
	all := int64(0)
	for i := range f.images {
		all += newShelf(f, 0).read(uint32(i)).bytes()
	}
	for _, room := range []int64{1, all / 8, all / 2, all} {
		s := newShelf(f, room)
		s.each(func(*desk, int, *code) {})
		var mu sync.Mutex
		done := map[imagePair]int{}
		s.pairs(tasks, func(_ *desk, i int, a, b *code) {
			mu.Lock()
			defer mu.Unlock()
			done[tasks[i]]++
			held, images, taken := s.taken, 0, int64(0)
			for _, c := range s.held {
				if c != nil {
					images++
					taken += c.bytes()
				}
			}
			if taken != held || taken > room && images > 2 {
				t.Errorf("room for %d bytes: %d images take %d, %d counted", room, images, taken, held)
			}
			if s.held[tasks[i].a] != a || s.held[tasks[i].b] != b {
				t.Errorf("task %d has the code of other images", i)
			}
		})
		for _, p := range tasks {
			if done[p] != 1 {
				t.Fatalf("room for %d bytes: task %v was done %d times", room, p, done[p])
			}
		}
	}
}

// A desk that was used for other comparisons gives what a fresh one gives.
func TestUsedDesk(t *testing.T) {
	list, _ := crowded(9)
	var codes []*code
	for _, m := range list {
		s, err := m.Set()
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, newCode(s))
	}
	limits := Measured()
	used := &desk{}
	pairs := func(d *desk, a, b *code, fa, fb []uint32) map[uint32]int32 {
		m := d.match(a, b, fa, fb, nil, &limits)
		out := map[uint32]int32{}
		for _, f := range fa {
			if g := m.a.partner[f]; g >= 0 {
				out[f] = g<<8 | int32(m.how[f])
			}
		}
		return out
	}
	some := 0
	for n := range 3 * len(codes) * len(codes) {
		a, b := codes[n%len(codes)], codes[(n/3)%len(codes)] // the second side stays at times
		fa, fb := everything(len(a.functions)), everything(len(b.functions))
		switch n % 3 {
		case 1:
			fa = fa[10:40]
		case 2:
			fb = fb[20:]
		}
		got, want := pairs(used, a, b, fa, fb), pairs(&desk{}, a, b, fa, fb)
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("comparison %d on a used desk: %s", n, d)
		}
		some += len(want)
	}
	if some == 0 {
		t.Error("nothing was paired")
	}
}

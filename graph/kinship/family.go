package kinship

import (
	"runtime"
	"slices"
	"sync"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// family is one run. A unit is numbered over all images: base[image]+function.
type family struct {
	images []Image
	o      Options
	t      Thresholds

	base   []uint32 // first unit of each image, and one more: the number of units
	twin   []uint32 // by unit: twin number + 1, or 0
	long   []uint64 // by unit, a bit each: long enough to be a twin
	twins  []twin
	sets   carrierSets
	shelf  *shelf
	unread []Unread
}

// twin is one full mark that images of two or more products have.
type twin struct {
	set        uint32 // index into sets
	images     uint32 // number of images that have it
	background int32  // number of the background library, or -1
}

// row is one function on its way to be joined.
type row struct {
	mark uint64
	unit uint32
}

// Find compares the images with each other. Images whose marks cannot be read
// are named in Gaps and take no part.
func Find(images []Image, o Options) *Result {
	given := inOrder(images)
	sorted := make([]Image, len(images))
	for i, n := range given {
		sorted[i] = images[n]
	}
	if background := o.Background; background != nil {
		o.Background = func(image int, f *fingerprint.Function) (int, bool) { return background(int(given[image]), f) }
	}
	r := find(sorted, o, roomForCode)
	r.renumber(given)
	return r
}

// find compares images, holding so many bytes of their code at a time.
func find(images []Image, o Options, room int64) *Result {
	f := &family{images: images, o: o, t: o.Thresholds}
	f.join(f.rows())
	f.shelf = newShelf(f, room)
	of := f.lineages(f.runs())
	k := &stock{of: of, strains: f.count(of)}
	f.reindex(k)
	if !o.Exact {
		f.tie(k)
	}
	f.align(k)
	c := &collector{f: f, k: k, extra: map[uint32]uint32{}, how: map[uint32]How{}}
	c.findTelling()
	f.shelf = nil // nobody asks for code any more
	return c.result()
}

// rows fetches the marks of all images that are long enough.
func (f *family) rows() []row {
	of := make([][]row, len(f.images))
	counts := make([]uint32, len(f.images))
	errs := make([]error, len(f.images))
	each(len(f.images), func(i int) {
		if len(f.images[i].Products) == 0 {
			errs[i] = errNobody
			return
		}
		list, err := f.images[i].Marks()
		if err != nil {
			errs[i] = err
			return
		}
		counts[i] = uint32(len(list))
		least := f.t.least(f.images[i].Arch)
		for n := range list {
			if list[n].Instructions >= least {
				of[i] = append(of[i], row{markOf(&list[n]), uint32(n)})
			}
		}
	})
	f.base = make([]uint32, len(f.images)+1)
	total := 0
	for i := range f.images {
		f.base[i+1] = f.base[i] + counts[i]
		total += len(of[i])
		if errs[i] != nil {
			f.unread = append(f.unread, Unread{i, errs[i]})
		}
	}
	out := make([]row, 0, total)
	f.long = make([]uint64, f.base[len(f.images)]/64+1)
	for i := range of {
		for _, r := range of[i] {
			u := r.unit + f.base[i]
			f.long[u/64] |= 1 << (u % 64)
			out = append(out, row{r.mark, r.unit + f.base[i]})
		}
		of[i] = nil
	}
	sortRows(out)
	return out
}

// each runs do for 0..n-1 on all processors. What do writes must be its own.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// sortRows sorts by mark, then unit: first into 256 parts by the highest byte,
// in place, then each part.
func sortRows(l []row) {
	var start, end [257]int
	for i := range l {
		start[l[i].mark>>56+1]++
	}
	for i := range 256 {
		start[i+1] += start[i]
		end[i] = start[i]
	}
	for b := range 256 {
		for end[b] < start[b+1] {
			to := int(l[end[b]].mark >> 56)
			if to == b {
				end[b]++
				continue
			}
			l[end[b]], l[end[to]] = l[end[to]], l[end[b]]
			end[to]++
		}
	}
	each(256, func(b int) {
		slices.SortFunc(l[start[b]:start[b+1]], func(x, y row) int {
			switch {
			case x.mark < y.mark:
				return -1
			case x.mark > y.mark:
				return 1
			}
			return int(x.unit) - int(y.unit)
		})
	})
}

// imageOf is the image that a unit lies in.
func (f *family) imageOf(unit uint32) int {
	i, found := slices.BinarySearch(f.base, unit)
	if !found {
		return i - 1
	}
	for f.base[i+1] == unit { // images without functions
		i++
	}
	return i
}

// join makes twins of equal marks in images of two or more products. When there are
// more sets of carriers than there is room for, those stay that the most marks have:
// a library has many, and what a hostile family makes up has few each.
func (f *family) join(rows []row) {
	room := f.sets
	if room.words == 0 {
		room = newCarrierSets(wordsFor(f.images), maxSetBytes)
	}
	left := f.twinsOf(rows, room, nil)
	if slices.Max(append(left, 0)) > 0 {
		left = f.twinsOf(rows, room, f.commonSets(rows, int(room.most)))
	}
	for i, n := range left {
		if n > 0 {
			f.unread = append(f.unread, Unread{i, &CrowdError{n}})
		}
	}
	slices.SortStableFunc(f.unread, func(a, b Unread) int { return a.Image - b.Image })
	f.sets.first, f.sets.before = nil, nil
	f.markBackground()
}

// twinsOf makes the twins whose set of carriers may be kept (nil: any), as long as there is
// room, and counts for each image the functions that were left out.
func (f *family) twinsOf(rows []row, room carrierSets, may func(hash uint64) bool) (left []int) {
	f.twin, f.twins, f.sets = make([]uint32, f.base[len(f.images)]), nil, room.empty()
	left = make([]int, len(f.images))
	f.groups(rows, func(group []row, images uint32, carriers products) {
		set, ok := uint32(0), may == nil || may(f.sets.hash(carriers))
		if ok {
			set, ok = f.sets.add(carriers)
		}
		if !ok {
			for i := range group {
				left[f.imageOf(group[i].unit)]++
			}
			return
		}
		f.twins = append(f.twins, twin{set: set, images: images, background: -1})
		for i := range group {
			f.twin[group[i].unit] = uint32(len(f.twins))
		}
	})
	return left
}

// commonSets tells the sets of carriers that the most marks have, at most so many.
func (f *family) commonSets(rows []row, most int) func(hash uint64) bool {
	var all []uint64
	f.groups(rows, func(_ []row, _ uint32, carriers products) { all = append(all, f.sets.hash(carriers)) })
	slices.Sort(all)
	type counted struct {
		hash  uint64
		marks int
	}
	var sets []counted
	for i, h := range all {
		if i == 0 || h != all[i-1] {
			sets = append(sets, counted{h, 0})
		}
		sets[len(sets)-1].marks++
	}
	slices.SortStableFunc(sets, func(a, b counted) int { return b.marks - a.marks })
	kept := map[uint64]bool{}
	for _, s := range sets[:min(len(sets), most)] {
		kept[s.hash] = true
	}
	return func(hash uint64) bool { return kept[hash] }
}

// groups calls do for each mark that images of two or more products have, in the
// order of the marks: its rows, the number of images, and who carries it (good
// until the next call).
func (f *family) groups(rows []row, do func(group []row, images uint32, carriers products)) {
	carriers := make(products, f.sets.words)
	var of []uint32
	for at := 0; at < len(rows); {
		end := at + 1
		for end < len(rows) && rows[end].mark == rows[at].mark {
			end++
		}
		group := rows[at:end]
		at = end
		if len(group) < 2 {
			continue
		}
		of = of[:0]
		images, last, lasting := uint32(0), -1, uint32(0)
		for i := range group {
			if i > 0 && group[i].unit < lasting {
				continue // same image
			}
			last = f.imageOf(group[i].unit)
			lasting = f.base[last+1]
			images++
			of = append(of, f.images[last].Products...)
		}
		if images < 2 {
			continue
		}
		if carriers.set(of); carriers.count() >= 2 {
			do(group, images, carriers)
		}
	}
}

// markBackground notes the twins whose mark is known background.
func (f *family) markBackground() {
	if f.o.Background == nil {
		return
	}
	done := make([]bool, len(f.twins))
	for i := range f.images {
		list, err := f.images[i].named()
		if err != nil || len(list) != int(f.base[i+1]-f.base[i]) {
			continue
		}
		for n := range list {
			t := f.twin[f.base[i]+uint32(n)]
			if t == 0 || done[t-1] {
				continue
			}
			if lib, ok := f.o.Background(i, &list[n]); ok {
				f.twins[t-1].background, done[t-1] = int32(lib), true
			}
		}
	}
}

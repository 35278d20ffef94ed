package scan

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

// zipped is a zip of stored entries, in order.
func zipped(t *testing.T, entries ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range entries {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e[0], Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zippedApp is a zip with a small app of a name and some more entries.
func zippedApp(t *testing.T, name string, more ...[2]string) []byte {
	t.Helper()
	return zipped(t, append([][2]string{
		{name + ".app/Contents/Info.plist", fmt.Sprintf(infoPlist, name)},
		{name + ".app/Contents/MacOS/" + name, string(machotest.Sample(false))}}, more...)...)
}

// limits are the gaps of kind limit, everywhere.
func limits(s *sbom.Scan) []string {
	var out []string
	add := func(where string, l []sbom.Gap) {
		for _, g := range l {
			if g.Kind == sbom.GapLimit {
				out = append(out, fmt.Sprintf("%s %s x%d: %s", where, g.Path, g.Count, g.Why))
			}
		}
	}
	add("-", s.Gaps)
	for _, p := range s.Products {
		add(p.Name, p.Gaps)
	}
	return out
}

// Inputs of a run share one budget, in the order of their names: neither the
// order in which they are given nor where they lie nor the number of children
// decides who gets what is left.
func TestOneBudgetForAllInputs(t *testing.T) {
	code := int64(len(machotest.Sample(false)))
	for name, c := range map[string]struct {
		max  limit.Max
		want []string
	}{
		"bytes": {limit.Max{Bytes: code + code/2}, []string{fmt.Sprintf("B b.zip/B.app/Contents/MacOS/B x1: limit on bytes hit: more than %d; --limit bytes raises it", code+code/2)}},
		"entries": {limit.Max{Entries: 5}, []string{"- b.zip x1: limit on entries hit: more than 5; --limit entries raises it",
			"B  x1: what it came from could not be read whole: limit on entries hit: more than 5; --limit entries raises it"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			a, b := filepath.Join(dir, "z/a.zip"), filepath.Join(dir, "a/b.zip")
			write(t, a, zippedApp(t, "A"))
			write(t, b, zippedApp(t, "B"))
			o := options(t, a, b)
			o.Max = c.max
			s := run(t, o)
			got := limits(s)
			for i := range got {
				got[i] = strings.Replace(got[i], "B Contents", "B b.zip/B.app/Contents", 1)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("limits (-want +got):\n%s", d)
			}
			if len(s.Products) != 2 || s.Products[0].Coverage.Unreadable != 0 || s.Products[1].Coverage.Unreadable != 1 {
				t.Errorf("products: %+v", s.Products)
			}
			moved := filepath.Join(dir, "0/b.zip")
			write(t, moved, zippedApp(t, "B"))
			o.Inputs, o.Jobs = []string{moved, a}, 1
			if d := cmp.Diff(s, run(t, o)); d != "" {
				t.Errorf("other order, place and number of children (-first +second):\n%s", d)
			}
			o.Max = limit.Max{}
			if got := limits(run(t, o)); got != nil {
				t.Errorf("defaults: %v", got)
			}
		})
	}
}

// What an archive only claims is not charged; what was unpacked in vain is.
func TestBudgetCountsWhatWasUnpacked(t *testing.T) {
	dir := t.TempDir()
	lying := zipped(t, [2]string{"big", strings.Repeat("x", 5000)})
	for _, mark := range []string{"PK\x03\x04", "PK\x01\x02"} { // both records claim 4 GB less a bit
		i := bytes.Index(lying, []byte(mark))
		size := i + 22
		if mark == "PK\x01\x02" {
			size = i + 24
		}
		copy(lying[size:], "\xf0\xff\xff\xff")
	}
	write(t, filepath.Join(dir, "a.zip"), lying)
	write(t, filepath.Join(dir, "b.zip"), zippedApp(t, "B"))
	o := options(t, dir)
	o.Max = limit.Max{Bytes: 1 << 30}
	if s := run(t, o); len(s.Products) != 1 || s.Products[0].Coverage.Unreadable != 0 {
		t.Errorf("a claim was charged: %v", limits(s))
	}
	code := int64(len(machotest.Sample(false)))
	broken := zipped(t, [2]string{"big", strings.Repeat("x", int(code))})
	broken[100]++
	write(t, filepath.Join(dir, "a.zip"), broken)
	o.Max = limit.Max{Bytes: code + code/2}
	if s := run(t, o); len(s.Products) != 1 || s.Products[0].Coverage.Unreadable != 1 {
		t.Errorf("what was unpacked in vain was not charged: %v", limits(s))
	}
}

// When the time is used up the run ends with a whole result: products keep their
// names and places, and what was not looked at is counted and says why.
func TestTimeUsedUp(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "One", machotest.Sample(false))
	app(t, dir, "Two", machotest.Sample(true))
	write(t, filepath.Join(dir, "three.zip"), zippedApp(t, "Three"))
	whole := run(t, options(t, dir))
	for _, at := range []string{"start", "hashing", "packages of One", "property lists"} {
		t.Run(at, func(t *testing.T) {
			work, stop := context.WithCancelCause(t.Context())
			end := func() { stop(&limit.Error{Limit: limit.Time, Max: int64(time.Minute)}) }
			o := options(t, dir)
			o.Jobs, o.Max.Time = 1, time.Minute
			o.Progress = func(_, _ int, what string) {
				if what == at {
					end()
				}
			}
			if at == "start" {
				end()
			}
			s, err := runWithin(t.Context(), work, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range s.Products {
				if err := p.Validate(); err != nil {
					t.Error(err)
				}
			}
			c := total(s)
			if err := c.Validate(); err != nil {
				t.Error(err)
			}
			for _, g := range limits(s) {
				if !strings.HasSuffix(g, "limit on time hit: more than 1m0s; --limit time raises it") {
					t.Errorf("gap %q", g)
				}
			}
			var names []string
			for _, p := range s.Products {
				names = append(names, p.Paths[0])
			}
			if at == "start" {
				if want := []string{"One.app", "Two.app"}; !slices.Equal(names, want) || c.Unreadable != 5 || len(limits(s)) != 5 {
					t.Errorf("products %v, coverage %+v, limits %v", names, c, limits(s))
				}
			} else if len(names) != 3 || c.Files != total(whole).Files {
				t.Errorf("products %v, coverage %+v", names, c)
			}
			if at == "hashing" && c.Unreadable < 4 || len(limits(s)) == 0 && at != "property lists" {
				t.Errorf("coverage %+v, limits %v", c, limits(s))
			}
		})
	}
}

// A limit that is not hit changes nothing.
func TestTimeNotUsedUp(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "One", machotest.Sample(false))
	o := options(t, dir)
	s := run(t, o)
	o.Max.Time = time.Hour
	if d := cmp.Diff(s, run(t, o)); d != "" || limits(s) != nil {
		t.Errorf("-default +hour:\n%s%v", d, limits(s))
	}
}

// Apps of which nothing could be read are not one product.
func TestUnreadAppsStayApart(t *testing.T) {
	dir := t.TempDir()
	app(t, dir, "One", machotest.Sample(false))
	app(t, dir, "Two", machotest.Sample(false))
	o := options(t, dir)
	o.Max.FileSize = 1
	s := run(t, o)
	if len(s.Products) != 2 || s.Products[0].ID == s.Products[1].ID || s.Products[0].Coverage.Unreadable != 2 {
		t.Errorf("%d products: %+v", len(s.Products), s.Products)
	}
}

// Names that are refused inside a product are counted in its coverage.
func TestRefusedNamesCountWhereTheyLie(t *testing.T) {
	long := strings.Repeat("n", 300)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.zip"), zippedApp(t, "A",
		[2]string{"A.app/Contents/Frameworks/" + long, "x"}, [2]string{"A.app/Contents/Frameworks/" + long + "2", "x"},
		[2]string{"L.framework/L", string(machotest.Sample(true))}, [2]string{"L.framework/Resources/" + long, "x"}, [2]string{"beside/" + long, "x"}))
	o := options(t, dir)
	o.Max.PathLength = 200
	s := run(t, o)
	why := "limit on path length hit: more than 200; --limit path-length raises it"
	lost := func(c sbom.Coverage) int {
		n := 0
		for _, r := range c.Reasons {
			if r.Why == why {
				n += r.Count
			}
		}
		return n
	}
	if len(s.Products) != 2 {
		t.Fatalf("%d products", len(s.Products))
	}
	for i, want := range []int{1, 2} { // the loose framework, and the app
		p := s.Products[i]
		gaps := slices.DeleteFunc(slices.Clone(p.Gaps), func(g sbom.Gap) bool { return g.Why != why })
		if lost(p.Coverage) != want || len(gaps) != want {
			t.Errorf("%s: coverage %+v, gaps %+v, want %d", p.Paths, p.Coverage, p.Gaps, want)
		}
	}
	if lost(s.Outside) != 1 {
		t.Errorf("outside: %+v", s.Outside)
	}

	o.Max = limit.Max{Entries: 4} // the archive itself, and three in it
	s = run(t, o)
	p := s.Products[0]
	if p.Coverage.Files != 4 || p.Coverage.Unreadable != 1 || s.Outside.Unreadable != 3 {
		t.Errorf("cut at an entry: product %+v, outside %+v", p.Coverage, s.Outside)
	}
}

// A ratio is that of one archive: other inputs of the run do not change it.
func TestRatioIsOfOneArchive(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("B.app/Contents/Resources/zeros")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 100_000)); err != nil {
		t.Fatal(err)
	}
	if w, err = z.Create("B.app/Contents/Info.plist"); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(w, infoPlist, "B")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.zip"), zippedApp(t, "A"))
	write(t, filepath.Join(dir, "b.zip"), b.Bytes())
	write(t, filepath.Join(dir, "c.zip"), zippedApp(t, "C"))
	o := options(t, filepath.Join(dir, "c.zip"), filepath.Join(dir, "b.zip"), filepath.Join(dir, "a.zip"))
	o.Max = limit.Max{Ratio: 50, RatioFloor: 1}
	s := run(t, o)
	want := []string{"B Contents/Resources/zeros x1: limit on ratio hit: more than 50; --limit ratio raises it"}
	if d := cmp.Diff(want, limits(s)); d != "" || len(s.Products) != 3 {
		t.Errorf("limits of %d products (-want +got):\n%s", len(s.Products), d)
	}
}

package reach

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

func digest(name string) sbom.Digest { return sbom.DigestOf([]byte(name)) }

// world is the images of a test, written in short lines:
//
//	f >g &h @Class .selector =import %T !root "https://host"   a function, with what it does
//	table T f g %U ^name                                    it holds f and g, refers to U, and is exported
//	class K(Category):Super -selector=f +selector=g
//
// Roots are main, constructor, load, export, pointer.
type world struct {
	t       testing.TB
	marks   map[sbom.Digest][]byte
	program Program
	names   map[sbom.Digest]string
	at      map[string]int // image
}

func newWorld(t testing.TB) *world {
	return &world{t: t, marks: map[sbom.Digest][]byte{}, names: map[sbom.Digest]string{}, at: map[string]int{}}
}

// image adds an image; its name may be followed by " entry" and " plugin".
func (w *world) image(name string, text string) {
	name, kind, _ := strings.Cut(name, " ")
	d := digest(name)
	w.names[d], w.at[name] = name, len(w.program.Images)
	w.program.Images = append(w.program.Images, Image{Digest: d, Entry: strings.Contains(kind, "entry"), Plugin: strings.Contains(kind, "plugin")})
	if text == "none" {
		return
	}
	w.marks[d] = save(w.t, setOf(w.t, d, text))
}

// tie ties two images: "calls f,g", "loads", "opens" or "launches".
func (w *world) tie(from, what, to string) {
	kind, symbols, _ := strings.Cut(what, " ")
	t := Tie{From: w.at[from], To: w.at[to], Kind: sbom.LinkKind(kind)}
	for _, s := range strings.FieldsFunc(symbols, func(r rune) bool { return r == ',' }) {
		t.Symbols = append(t.Symbols, "_"+s)
	}
	w.program.Ties = append(w.program.Ties, t)
}

func (w *world) solve() *Reach {
	return NewLoader(func(d sbom.Digest) ([]byte, error) {
		if b, ok := w.marks[d]; ok {
			return b, nil
		}
		return nil, errors.New("no marks")
	}).Solve(&w.program)
}

// unit is the function of a name, "image.function".
func (w *world) unit(r *Reach, name string) Unit {
	image, function, _ := strings.Cut(name, ".")
	i := w.at[image]
	if c := r.codes[i]; c != nil {
		if f := c.byName(function); f >= 0 {
			return Unit{w.program.Images[i].Digest, c.set.Functions[f].Address}
		}
	}
	w.t.Fatalf("no function %s", name)
	return Unit{}
}

// way writes a path: functions with how each was reached, as the number of the
// kind's text.
func (w *world) way(steps []Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, w.names[s.Image]+"."+s.Name)
	}
	return strings.Join(out, " ")
}

func save(t testing.TB, s *fingerprint.Set) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := fingerprint.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var rootKinds = map[string]fingerprint.RootKind{"main": fingerprint.RootMain, "constructor": fingerprint.RootConstructor,
	"load": fingerprint.RootLoad, "export": fingerprint.RootExport, "pointer": fingerprint.RootPointer}

var featureKinds = map[byte]fingerprint.FeatureKind{'@': fingerprint.FeatureClass, '.': fingerprint.FeatureSelector, '=': fingerprint.FeatureImport, '"': fingerprint.FeatureString}

func setOf(t testing.TB, image sbom.Digest, text string) *fingerprint.Set {
	s := &fingerprint.Set{Image: image, Arch: "arm64"}
	var lines, tables [][]string
	number := map[string]uint32{}
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		if w[0] == "table" {
			tables = append(tables, w[1:])
			continue
		}
		lines = append(lines, w)
		if w[0] != "class" {
			number[w[0]] = uint32(len(number))
		}
	}
	function := func(name string) uint32 {
		n, ok := number[name]
		if !ok {
			t.Fatalf("no function %q", name)
		}
		return n
	}
	for _, w := range lines {
		for _, x := range w[1:] {
			if k, ok := featureKinds[x[0]]; ok && w[0] != "class" {
				x = strings.Trim(x[1:], `"`)
				f := fingerprint.Feature{Kind: k, Hash: fingerprint.FeatureHash(k, x), Text: x}
				if !slices.Contains(s.Features, f) {
					s.Features = append(s.Features, f)
				}
			}
		}
	}
	slices.SortFunc(s.Features, func(a, b fingerprint.Feature) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Hash, b.Hash))
	})
	var refers [][2]uint32
	for _, w := range lines {
		if w[0] == "class" {
			s.Classes = append(s.Classes, classOf(t, w[1:], function))
			continue
		}
		kept := w[:1:1]
		for _, x := range w[1:] {
			if x[0] == '%' {
				refers = append(refers, [2]uint32{number[w[0]], tableNamed(t, tables, x[1:])})
				continue
			}
			kept = append(kept, x)
		}
		w = kept
		f := fingerprint.Function{Address: 0x1000 + 0x10*uint64(number[w[0]]), Size: 16, Instructions: 4, Name: w[0], From: fingerprint.NameSymbol}
		if strings.HasPrefix(w[0], "main.") {
			f.From = fingerprint.NamePclntab
		}
		var uses []uint32
		var calls []fingerprint.Call
		for _, x := range w[1:] {
			switch k, name := featureKinds[x[0]], strings.Trim(x[1:], `"`); {
			case k != 0:
				i := slices.IndexFunc(s.Features, func(f fingerprint.Feature) bool { return f.Kind == k && f.Text == name })
				uses = append(uses, uint32(i))
			case x[0] == '>':
				calls = append(calls, fingerprint.Call{Callee: function(name), Kind: fingerprint.CallDirect})
			case x[0] == '&':
				calls = append(calls, fingerprint.Call{Callee: function(name), Kind: fingerprint.CallAddress})
			case x[0] == '!':
				s.Roots = append(s.Roots, fingerprint.RootOf{Function: number[w[0]], Kind: rootKinds[name]})
			default:
				t.Fatalf("what is %q?", x)
			}
		}
		slices.Sort(uses)
		s.Append(f, slices.Compact(uses), calls)
	}
	if len(tables) > 0 {
		s.SetTables(tablesOf(t, tables, function), refers)
	}
	return s
}

// tableNamed is the number of a table: "loose" stands for all other data.
func tableNamed(t testing.TB, tables [][]string, name string) uint32 {
	i := slices.IndexFunc(tables, func(w []string) bool { return w[0] == name })
	if i < 0 || tables[0][0] != "loose" {
		t.Fatalf("no table %q, or the first one is not loose", name)
	}
	return uint32(i)
}

func tablesOf(t testing.TB, tables [][]string, function func(string) uint32) []fingerprint.TableOf {
	out := make([]fingerprint.TableOf, len(tables))
	for i, w := range tables {
		for _, x := range w[1:] {
			switch x[0] {
			case '%':
				out[i].Leads = append(out[i].Leads, tableNamed(t, tables, x[1:]))
			case '^':
				out[i].Names = append(out[i].Names, fingerprint.FeatureHash(fingerprint.FeatureImport, x[1:]))
			default:
				out[i].Functions = append(out[i].Functions, function(x))
			}
		}
		slices.Sort(out[i].Functions)
		slices.Sort(out[i].Leads)
		out[i].Functions, out[i].Leads = slices.Compact(out[i].Functions), slices.Compact(out[i].Leads)
	}
	return out
}

func classOf(t testing.TB, w []string, function func(string) uint32) fingerprint.ClassOf {
	name, super, _ := strings.Cut(w[0], ":")
	k := fingerprint.ClassOf{Name: name, Super: super}
	if a, b, ok := strings.Cut(name, "("); ok {
		k.Name, k.Category = a, strings.TrimSuffix(b, ")")
	}
	for _, m := range w[1:] {
		i := strings.LastIndexByte(m, '=')
		if i < 0 {
			t.Fatalf("what is %q?", m)
		}
		k.Methods = append(k.Methods, fingerprint.MethodOf{Selector: m[1:i], Function: function(m[i+1:]), Meta: m[0] == '+'})
	}
	return k
}

// check compares who runs and who is known not to: names of functions with the
// functions on the way to them, or "dormant", or "not known".
func (w *world) check(want map[string]string) *Reach {
	w.t.Helper()
	r := w.solve()
	for name, path := range want {
		u := w.unit(r, name)
		got := "not known"
		switch {
		case r.Runs(u):
			steps := r.Path(u)
			got = w.way(steps)
			if slices.ContainsFunc(steps, func(s Step) bool { return s.Over }) {
				got += " (over)"
			}
			if steps[len(steps)-1].Unit != u || steps[0].How == "" {
				w.t.Errorf("%s: the way ends elsewhere or begins without a reason: %v", name, steps)
			}
		case r.Known(u):
			got = "dormant"
		}
		if got != path {
			w.t.Errorf("%s: %q, want %q", name, got, path)
		}
	}
	return r
}

func (w *world) units(r *Reach, names ...string) []Unit {
	var out []Unit
	for _, n := range names {
		out = append(out, w.unit(r, n))
	}
	return out
}

func (w *world) String() string { return fmt.Sprint(w.program) }

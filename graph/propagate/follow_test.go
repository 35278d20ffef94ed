package propagate

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/reach"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// coded is a family with code: of each image a chain of words, a function each,
// "name>callee>callee". The first function of an entry image is its main. A word
// with a trailing "=import" calls another image.
type coded struct {
	*family
	marks map[sbom.Digest][]byte
}

func newCoded(t testing.TB, code map[string]string, lines ...string) *coded {
	c := &coded{family: newFamily(t, lines...), marks: map[sbom.Digest][]byte{}}
	for name, text := range code {
		c.marks[digest(name)] = marksOf(t, digest(name), strings.Fields(text))
	}
	return c
}

// address is that of function n of any image.
func address(n int) uint64 { return 0x1000 + 0x100*uint64(n) }

func marksOf(t testing.TB, image sbom.Digest, words []string) []byte {
	s := &fingerprint.Set{Image: image, Arch: "arm64"}
	number := map[string]uint32{}
	for i, w := range words {
		number[strings.FieldsFunc(w, func(r rune) bool { return r == '>' || r == '=' || r == '!' })[0]] = uint32(i)
		if _, imported, ok := strings.Cut(strings.TrimSuffix(w, "!"), "="); ok {
			s.Features = append(s.Features, fingerprint.Feature{Kind: fingerprint.FeatureImport, Hash: fingerprint.FeatureHash(fingerprint.FeatureImport, imported), Text: imported})
		}
	}
	if strings.HasSuffix(words[0], "!") {
		s.Roots = []fingerprint.RootOf{{Function: 0, Kind: fingerprint.RootMain}}
	}
	uses := 0
	for i, w := range words {
		w, imported, _ := strings.Cut(strings.TrimSuffix(w, "!"), "=")
		parts := strings.Split(w, ">")
		f := fingerprint.Function{Address: address(i), Size: 16, Instructions: 4, Name: parts[0], From: fingerprint.NameSymbol}
		var calls []fingerprint.Call
		for _, p := range parts[1:] {
			calls = append(calls, fingerprint.Call{Callee: number[p], Kind: fingerprint.CallDirect})
		}
		var use []uint32
		if imported != "" {
			use = []uint32{uint32(uses)}
			uses++
		}
		s.Append(f, use, calls)
	}
	var b bytes.Buffer
	if _, err := fingerprint.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unit makes the last tag one of a function.
func (c *coded) unit(image, capability string, function int, flags ...string) {
	c.sentence(append([]string{image, "has", capability, "likely"}, flags...))
	a := address(function)
	c.tags[len(c.tags)-1].Address = &a
	c.tags[len(c.tags)-1].Mark = fmt.Sprintf("%016x", function)
}

func (c *coded) run(composites ...Composite) (*graph.Graph, *Result) {
	c.t.Helper()
	g, _ := c.family.run(composites...)
	r := RunWith(g, []library.Library(nil), composites, func(d sbom.Digest) ([]byte, error) {
		if b, ok := c.marks[d]; ok {
			return b, nil
		}
		return nil, library.ErrNoMarks
	})
	if err := r.Validate(g); err != nil {
		c.t.Fatalf("invalid result: %v", err)
	}
	return g, r
}

// lines says of each Carried: strength, dormant sources, sends, calls and hosts.
func (c *coded) lines(r *Result) []string {
	var out []string
	for _, k := range r.Carried {
		s := fmt.Sprintf("%s %s %s", c.readable(string(k.Product)), k.Capability, k.Strength)
		if k.Sends != "" {
			s += " sends " + k.Sends
		}
		if len(k.Dormant) > 0 {
			s += fmt.Sprintf(" dormant %d/%d", len(k.Dormant), len(k.Sources))
		}
		for _, w := range k.Witnesses {
			if len(w.Calls) > 0 {
				s += ": " + names(w.Calls)
			}
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

func names(steps []reach.Step) string {
	var out []string
	for _, s := range steps {
		out = append(out, s.Name)
	}
	return strings.Join(out, " ")
}

func TestFollow(t *testing.T) {
	c := newCoded(t, map[string]string{
		"app":     "main>go! go=collect idle",
		"kit":     "collect>read read secret",
		"quiet":   "main!",
		"unknown": "main>go! go=collect",
	}, `A holds app:main kit spare
		A app loads kit
		A app calls collect
		B holds quiet:main kit
		B quiet loads kit
		C holds blind:main kit
		C blind loads kit
		D holds quiet:main kit`)
	// The mini language ties by the name of an image: here it is the function's.
	for _, p := range c.products {
		for i := range p.Links {
			if p.Links[i].Kind == sbom.LinkCalls {
				p.Links[i].To = digest("kit")
			}
		}
	}
	c.unit("kit", "reads", 1)
	c.unit("kit", "hides", 2)
	c.unit("spare", "lies", 0)
	c.sentence([]string{"kit", "has", "whole", "likely"})
	_, r := c.run()
	want := []string{
		"A hides reachable dormant 1/1", "A lies carries", "A reads runs: main go collect read", "A whole reachable",
		"B hides linked dormant 1/1", "B reads linked dormant 1/1", "B whole linked",
		"C hides linked", "C reads linked", "C whole linked", // the code that loads it is not known
		"D hides carries", "D reads carries", "D whole carries",
	}
	if d := cmp.Diff(want, c.lines(r)); d != "" {
		t.Error(d)
	}
	// Without marks all is as before.
	g, _ := c.family.run()
	if d := cmp.Diff(Run(g, nil, nil), RunWith(g, nil, nil, func(sbom.Digest) ([]byte, error) { return nil, library.ErrNoMarks })); d != "" {
		t.Errorf("a store without marks changes the result: %s", d)
	}
}

// The witness with the calls comes first, and is one whose images the calls pass.
func TestFollowWitness(t *testing.T) {
	c := newCoded(t, map[string]string{"app": "main=start!", "mid": "start=read", "kit": "read"},
		`A holds app:main mid kit
		A app loads mid
		A mid loads kit
		A app calls kit
		A app calls mid
		A mid calls kit`)
	for i := range c.products["A"].Links {
		if l := &c.products["A"].Links[i]; l.Kind == sbom.LinkCalls {
			switch {
			case l.To == digest("mid"):
				l.Symbols = []string{"_start"}
			case l.From == digest("mid"):
				l.Symbols = []string{"_read"}
			}
		}
	}
	c.unit("kit", "reads", 0)
	_, r := c.run()
	w := r.Carried[0].Witnesses
	if len(w) < 2 || w[0].Strength != Runs || names(w[0].Calls) != "main start read" || w[1].Strength != Reachable || w[1].Calls != nil {
		t.Fatalf("%+v", w)
	}
	var images []string
	for _, h := range w[0].Hops {
		if d, ok := graph.ImageOf(h.Node); ok {
			images = append(images, c.readable(string(d)))
		}
	}
	if d := cmp.Diff([]string{"app", "mid", "kit"}, slices.Compact(images)); d != "" {
		t.Errorf("the witness passes other images than the calls: %s", d)
	}
}

func TestSendsShown(t *testing.T) {
	all := Composite{ID: "collects", Any: []string{"reads"}, Sends: []string{"uploads"}}
	for _, x := range []struct{ name, code, want string }{
		{"a caller of both", "main! c>read>send read send pack", "shown"},
		{"the reader leads to the sender", "main! c read>c send pack", "possible"},
		{"the reader calls it", "main! c read>send send pack", "shown"},
		{"the reader leads to a packer", "main! c>pack read>c send pack", "shown"},
		{"main calls both", "main>read>send! c read send pack", "shown"},
		{"no tie", "main>c! c read send pack", "possible"},
		{"too far below main", "main>c! c>read read>x send>y pack x y", "possible"},
	} {
		c := newCoded(t, map[string]string{"app": x.code}, "A holds app:main")
		c.unit("app", "reads", 2)
		c.unit("app", "uploads", 3)
		c.unit("app", packing, 4)
		_, r := c.run(all)
		i := slices.IndexFunc(r.Carried, func(k Carried) bool { return k.Capability == "collects" })
		if k := r.Carried[i]; k.Sends != x.want || (k.Flow != nil) != (x.want == SendsShown) {
			t.Errorf("%s: sends %s, flow %+v", x.name, k.Sends, k.Flow)
		}
	}
	// No upload at all: a packer alone sends nothing.
	c := newCoded(t, map[string]string{"app": "main! c read>pack send pack"}, "A holds app:main")
	c.unit("app", "reads", 2)
	c.unit("app", packing, 4)
	_, r := c.run(all)
	if i := slices.IndexFunc(r.Carried, func(k Carried) bool { return k.Capability == "collects" }); r.Carried[i].Sends != SendsNo {
		t.Errorf("sends %s without an upload", r.Carried[i].Sends)
	}
}

// A module of a script runs when a way of requires leads to it from the
// executable; one that nothing leads to is carried.
func TestModules(t *testing.T) {
	f := newFamily(t, `A holds electron:main app.asar/lib/history.js app.asar/lib/old.js
		A electron loads app.asar/lib/history.js
		app.asar/lib/history.js has reads likely
		app.asar/lib/old.js has reads likely`)
	f.products["A"].Links[0].How = "require: main.js > lib/history.js"
	_, r := f.run()
	want := []string{"A reads likely runs app.asar/lib/history.js=runs app.asar/lib/old.js=carries"}
	same(t, "modules", f.facts(r), want)
	if w := r.Carried[0].Witnesses[0]; w.Strength != Runs || w.Hops[len(w.Hops)-1].How != "require: main.js > lib/history.js" {
		t.Errorf("%+v", w)
	}
	f.products["A"].Links[0].How = "path in a string"
	_, r = f.run()
	if r.Carried[0].Strength != Linked {
		t.Errorf("without a require: %s", r.Carried[0].Strength)
	}
}

// A module of a script that reads and sends by itself is one unit of code; two
// modules are not.
func TestSendsModule(t *testing.T) {
	all := Composite{ID: "collects", Any: []string{"reads"}, Sends: []string{"uploads"}}
	for _, x := range []struct {
		name, sender string
		read, send   sbom.Scope
		want         string
	}{
		{"one module", "a.js", sbom.ScopeModule, sbom.ScopeModule, SendsShown},
		{"reads with those that it asks for", "a.js", sbom.ScopeModules, sbom.ScopeModule, SendsShown},
		{"too large to be one", "a.js", sbom.ScopeImage, sbom.ScopeModule, SendsPossible},
		{"sends with those that it asks for", "a.js", sbom.ScopeModule, sbom.ScopeModules, SendsPossible},
		{"two modules", "b.js", sbom.ScopeModule, sbom.ScopeModule, SendsPossible},
	} {
		f := newFamily(t, `A holds electron:main a.js b.js
			A electron loads a.js
			A electron loads b.js
			a.js has reads likely
			`+x.sender+` has uploads likely`)
		tags := f.tags
		for i := range tags {
			tags[i].Scope = x.send
			if tags[i].Capability == "reads" {
				tags[i].Scope = x.read
			}
		}
		_, r := f.run(all)
		i := slices.IndexFunc(r.Carried, func(k Carried) bool { return k.Capability == "collects" })
		if k := r.Carried[i]; k.Sends != x.want || (k.Flow != nil) != (x.want == SendsShown) {
			t.Errorf("%s: sends %s, flow %+v", x.name, k.Sends, k.Flow)
		}
	}
}

// Two modules are tied by data that goes from the reader to the sender, however the
// link between them points; asking for each other is no such tie.
func TestSendsTwoModules(t *testing.T) {
	all := Composite{ID: "collects", Any: []string{"reads"}, Sends: []string{"uploads"}}
	for _, x := range []struct{ link, how, want string }{
		{"a.js loads b.js", sbom.HowRequire + "b.js" + sbom.HowGives, SendsShown},
		{"a.js loads b.js", sbom.HowRequire + "b.js" + sbom.HowGives + sbom.HowTakes, SendsShown},
		{"a.js loads b.js", sbom.HowHandsOn + "main.js", SendsShown},
		{"a.js loads b.js", sbom.HowRequire + "b.js" + sbom.HowTakes, SendsPossible},
		{"a.js loads b.js", sbom.HowRequire + "b.js", SendsPossible},
		{"a.js loads b.js", sbom.HowRequire + "b" + sbom.HowGives + ".js", SendsPossible},
		{"b.js loads a.js", sbom.HowRequire + "a.js" + sbom.HowTakes, SendsShown},
		{"b.js loads a.js", sbom.HowRequire + "a.js" + sbom.HowGives, SendsPossible},
		{"electron loads b.js", sbom.HowRequire + "b.js" + sbom.HowGives, SendsPossible},
	} {
		f := newFamily(t, `A holds electron:main a.js b.js
			A electron loads a.js
			A `+x.link+`
			a.js has reads likely
			b.js has uploads likely`)
		f.products["A"].Links[1].How = x.how
		for i := range f.tags {
			f.tags[i].Scope = sbom.ScopeModule
		}
		_, r := f.run(all)
		i := slices.IndexFunc(r.Carried, func(k Carried) bool { return k.Capability == "collects" })
		if k := r.Carried[i]; k.Sends != x.want || (k.Flow != nil) != (x.want == SendsShown) {
			t.Errorf("%s (%s): sends %s, flow %+v", x.link, x.how, k.Sends, k.Flow)
		}
	}
}

// What is known for a whole image runs where the code that refers to its evidence does.
func TestFollowWhole(t *testing.T) {
	c := newCoded(t, map[string]string{"app": "main>path>query! path query idle"}, "A holds app:main")
	whole := func(capability string, list ...sbom.Evidence) {
		c.sentence([]string{"app", "has", capability, "likely"})
		c.tags[len(c.tags)-1].Evidence = list
	}
	at := func(signal string, kind sbom.FactKind, function int) sbom.Evidence {
		e := sbom.Evidence{Signal: signal, Kind: kind}
		if function >= 0 {
			e.Function = address(function)
		}
		return e
	}
	whole("all", at("root", sbom.FactString, 1), at("sql", sbom.FactString, 2), at("open", sbom.FactImport, 2), at("open", sbom.FactImport, 3))
	whole("dead-text", at("root", sbom.FactString, 1), at("root", sbom.FactCFString, 3))
	whole("dead-call", at("root", sbom.FactString, 1), at("open", sbom.FactImport, 3))
	whole("not-tied", at("root", sbom.FactString, 1), at("sql", sbom.FactString, -1))
	whole("no-code", at("root", sbom.FactString, -1))
	_, r := c.run()
	want := []string{"A all runs: main query", "A dead-call linked", "A dead-text linked", "A no-code linked", "A not-tied linked"}
	if d := cmp.Diff(want, c.lines(r)); d != "" {
		t.Error(d)
	}
}

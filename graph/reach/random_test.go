package reach

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// naive is the rules of the package written down once more, without tables and
// order: everything is looked at again until nothing changes.
type naive struct {
	w     *world
	sets  []*fingerprint.Set
	calls *callbacks
}

type spot struct{ image, function int }

func (n *naive) features(s spot, kind fingerprint.FeatureKind) []string {
	var out []string
	for _, u := range n.sets[s.image].FeaturesOf(s.function) {
		if f := n.sets[s.image].Features[u]; f.Kind == kind {
			out = append(out, f.Text)
		}
	}
	return out
}

// joined says which images ties join, in whatever direction.
func (n *naive) joined(a, b int) bool {
	seen := map[int]bool{a: true}
	for range n.sets {
		for _, t := range n.w.program.Ties {
			if seen[t.From] || seen[t.To] {
				seen[t.From], seen[t.To] = true, true
			}
		}
	}
	return seen[b]
}

func (n *naive) loaded() (loaded, opened map[int]bool) {
	loaded, opened = map[int]bool{}, map[int]bool{}
	for i, m := range n.w.program.Images {
		loaded[i] = m.Entry
	}
	for range n.sets {
		for _, t := range n.w.program.Ties {
			if loaded[t.From] && t.Kind != sbom.LinkLaunches {
				loaded[t.To] = true
				opened[t.To] = opened[t.To] || t.Kind == sbom.LinkOpens
			}
		}
	}
	return loaded, opened
}

// found is a method that a message leads to.
func (n *naive) lookup(from spot, class, selector string) []spot {
	for depth := 0; class != "" && depth < maxSupers; depth++ {
		var out []spot
		super, met := "", false
		for i, s := range n.sets {
			if !n.joined(from.image, i) {
				continue
			}
			for _, k := range s.Classes {
				if k.Name != class {
					continue
				}
				met = true
				if k.Super != "" {
					super = k.Super
				}
				for _, m := range k.Methods {
					if to := (spot{i, int(m.Function)}); m.Selector == selector && to != from {
						out = append(out, to)
					}
				}
			}
		}
		if len(out) > 0 || !met || super == class {
			return out
		}
		class = super
	}
	return nil
}

func (n *naive) own(s spot) string {
	for _, k := range n.sets[s.image].Classes {
		for _, m := range k.Methods {
			if int(m.Function) == s.function {
				return k.Name
			}
		}
	}
	return ""
}

// step adds to the spots what one of them leads to, and says whether it did.
func (n *naive) step(spots map[spot]bool, over bool) bool {
	changed := false
	add := func(s spot) {
		if !spots[s] {
			spots[s], changed = true, true
		}
	}
	used := func(image int, class string) bool { return n.used(spots, image, class) }
	for s := range spots {
		for _, c := range n.sets[s.image].CallsOf(s.function) {
			add(spot{s.image, int(c.Callee)})
		}
		for _, name := range n.features(s, fingerprint.FeatureImport) {
			own := n.sets[s.image]
			for f := range own.Functions {
				if own.Functions[f].Name == name && slices.Contains(own.Roots, fingerprint.RootOf{Function: uint32(f), Kind: fingerprint.RootExport}) {
					add(spot{s.image, f})
				}
			}
			for _, t := range n.w.program.Ties {
				if t.From == s.image && t.Kind != sbom.LinkLaunches && slices.Contains(t.Symbols, "_"+name) {
					if f := slices.IndexFunc(n.sets[t.To].Functions, func(f fingerprint.Function) bool { return f.Name == name }); f >= 0 {
						add(spot{t.To, f})
					}
				}
			}
		}
		for _, t := range n.sets[s.image].TablesOf(s.function) {
			if over {
				n.table(s.image, int(t), add)
			}
		}
		for _, sel := range n.features(s, fingerprint.FeatureSelector) {
			for _, class := range append(n.features(s, fingerprint.FeatureClass), n.own(s)) {
				for _, to := range n.lookup(s, class, sel) {
					add(to)
				}
			}
			if classes, at := n.implementers(s.image, sel); over && len(classes) == 1 && used(s.image, classes[0]) {
				for _, to := range at {
					add(to)
				}
			}
		}
	}
	for i, set := range n.sets {
		for _, k := range set.Classes {
			for _, m := range k.Methods {
				if n.calls.has(m.Selector) && used(i, k.Name) {
					add(spot{i, int(m.Function)})
				}
			}
		}
	}
	return changed
}

// used reports whether a spot names a class, or is of it, or of one below it.
func (n *naive) used(spots map[spot]bool, image int, class string) bool {
	below := map[string]bool{class: true}
	for range 20 {
		for i, s := range n.sets {
			for _, k := range s.Classes {
				if n.joined(image, i) && below[k.Super] {
					below[k.Name] = true
				}
			}
		}
	}
	for s := range spots {
		if !n.joined(image, s.image) {
			continue
		}
		for _, c := range append(n.features(s, fingerprint.FeatureClass), n.own(s)) {
			if below[c] {
				return true
			}
		}
	}
	return false
}

func (n *naive) implementers(image int, selector string) (classes []string, at []spot) {
	for i, s := range n.sets {
		for _, k := range s.Classes {
			for _, m := range k.Methods {
				if n.joined(image, i) && m.Selector == selector {
					classes, at = append(classes, k.Name), append(at, spot{i, int(m.Function)})
				}
			}
		}
	}
	slices.Sort(classes)
	return slices.Compact(classes), at
}

// table adds what a table holds, and what those hold that it leads to.
func (n *naive) table(image, table int, add func(s spot)) {
	in := map[uint32]bool{uint32(table): true}
	for range n.sets[image].Tables {
		for t := range in {
			for _, to := range n.sets[image].Tables[t].Leads {
				in[to] = true
			}
		}
	}
	for t := range in {
		for _, f := range n.sets[image].Tables[t].Functions {
			add(spot{image, int(f)})
		}
	}
}

// imported reports whether a tie leads to one of the names, or other code of the
// group imports it.
func (n *naive) imported(image int, names []uint64) bool {
	for _, h := range names {
		for _, t := range n.w.program.Ties {
			if t.To == image && t.Kind != sbom.LinkLaunches && slices.ContainsFunc(t.Symbols, func(s string) bool {
				return fingerprint.FeatureHash(fingerprint.FeatureImport, s[1:]) == h
			}) {
				return true
			}
		}
		for i, s := range n.sets {
			if i != image && n.joined(i, image) && slices.ContainsFunc(s.Features, func(f fingerprint.Feature) bool {
				return f.Kind == fingerprint.FeatureImport && f.Hash == h
			}) {
				return true
			}
		}
	}
	return false
}

func (n *naive) solve(over bool) map[spot]bool {
	loaded, opened := n.loaded()
	spots := map[spot]bool{}
	for i, s := range n.sets {
		for _, x := range s.Roots {
			m := n.w.program.Images[i]
			pointed := x.Kind == fingerprint.RootPointer && over && len(s.Tables) == 0
			if loaded[i] && (pointed || x.Kind == fingerprint.RootMain && m.Entry || x.Kind == fingerprint.RootConstructor || x.Kind == fingerprint.RootLoad ||
				x.Kind == fingerprint.RootExport && m.Plugin && opened[i]) {
				spots[spot{i, int(x.Function)}] = true
			}
		}
		if over && loaded[i] && len(s.Tables) > 0 {
			n.table(i, 0, func(at spot) { spots[at] = true })
			for t := range s.Tables {
				if n.imported(i, s.Tables[t].Names) {
					n.table(i, t, func(at spot) { spots[at] = true })
				}
			}
		}
	}
	for n.step(spots, over) {
	}
	return spots
}

func randomWorld(t *testing.T, r *rand.Rand) *world {
	w := newWorld(t)
	images := 1 + r.IntN(4)
	for i := range images {
		var b strings.Builder
		functions := 2 + r.IntN(7)
		f := func() int { return r.IntN(functions) }
		tables := max(r.IntN(8)-3, 0)
		for k := range tables {
			fmt.Fprintf(&b, "table %s", []string{"loose", "T1", "T2", "T3"}[k])
			for range r.IntN(3) {
				fmt.Fprintf(&b, " f%d", f())
			}
			if to := r.IntN(2 * tables); k > 0 && to > 0 && to < tables {
				fmt.Fprintf(&b, " %%T%d", to)
			}
			if k > 0 && r.IntN(4) == 0 {
				fmt.Fprintf(&b, " ^f%d", r.IntN(functions))
			}
			b.WriteByte('\n')
		}
		for k := range functions {
			fmt.Fprintf(&b, "f%d", k)
			for range r.IntN(5) {
				fmt.Fprintf(&b, " %s%s", []string{">f", "&f", ".s", ".s", "@K", "@K", "=f"}[r.IntN(7)], fmt.Sprint(r.IntN(functions)))
			}
			if to := r.IntN(tables + 1); to > 0 && to < tables {
				fmt.Fprintf(&b, " %%T%d", to)
			}
			switch {
			case k == 0:
				b.WriteString(" !main")
			case r.IntN(4) == 0:
				b.WriteString(" !" + []string{"constructor", "load", "export", "pointer"}[r.IntN(4)])
			}
			b.WriteByte('\n')
		}
		for range r.IntN(4) {
			fmt.Fprintf(&b, "class K%d", r.IntN(6))
			if r.IntN(2) == 0 {
				fmt.Fprintf(&b, ":K%d", r.IntN(6))
			}
			for range r.IntN(4) {
				fmt.Fprintf(&b, " -%s=f%d", []string{"s0", "s1", "s2", "s3", "s4", "drawRect:"}[r.IntN(6)], f())
			}
			b.WriteByte('\n')
		}
		// Calls name what lies in the image itself.
		text := b.String()
		for k := functions; k < 10; k++ {
			text = strings.ReplaceAll(strings.ReplaceAll(text, fmt.Sprintf(">f%d", k), ">f0"), fmt.Sprintf("&f%d", k), "&f0")
		}
		kind := ""
		if i == 0 || r.IntN(4) == 0 {
			kind += " entry"
		}
		if r.IntN(3) == 0 {
			kind += " plugin"
		}
		w.image(fmt.Sprintf("m%d%s", i, kind), text)
	}
	for range r.IntN(2 * images) {
		from, to := r.IntN(images), r.IntN(images)
		w.tie(fmt.Sprintf("m%d", from), []string{"loads", "opens", "launches", "calls f1,f2", "calls f3"}[r.IntN(5)], fmt.Sprintf("m%d", to))
	}
	return w
}

// torn reports whether a class has two superclasses, by its definitions in
// several images: then which one counts is a matter of order.
func (n *naive) torn() bool {
	super := map[string]string{}
	for _, s := range n.sets {
		for _, k := range s.Classes {
			if k.Super == "" {
				continue
			}
			if old := super[k.Name]; old != "" && old != k.Super {
				return true
			}
			super[k.Name] = k.Super
		}
	}
	return false
}

// What runs, and over which kind of steps, is what the rules say, whatever the
// world; and every path is made of steps that are there.
func TestAgainstNaive(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	seen := map[string]int{}
	for range 3000 {
		w := randomWorld(t, r)
		n := &naive{w: w, calls: newCallbacks()}
		for _, m := range w.program.Images {
			s, err := fingerprint.Read(w.marks[m.Digest])
			if err != nil {
				t.Fatal(err)
			}
			n.sets = append(n.sets, s)
		}
		if n.torn() {
			continue
		}
		sure, all := n.solve(false), n.solve(true)
		got := w.solve()
		for i, s := range n.sets {
			for f := range s.Functions {
				at := spot{i, f}
				u := Unit{s.Image, s.Functions[f].Address}
				over := slices.ContainsFunc(got.Path(u), func(s Step) bool { return s.Over })
				if got.Runs(u) != all[at] || all[at] && over != !sure[at] {
					t.Fatalf("m%d.f%d: runs %v, over %v; want %v, %v\n%v\n%s", i, f, got.Runs(u), over, all[at], !sure[at], w.way(got.Path(u)), describe(n))
				}
				seen[fmt.Sprint(all[at], over)]++
				for _, p := range got.Path(u) {
					seen[p.How]++
				}
			}
		}
	}
	for _, k := range []string{"true false", "true true", "false false", viaBound.String(), viaOwn.String(), viaNamed.String(), viaCallback.String(), viaOnly.String(), viaPointer.String(), viaTable.String(), viaExport.String()} {
		if seen[k] < 50 {
			t.Errorf("%q came only %d times: the worlds are too simple", k, seen[k])
		}
	}
}

func describe(n *naive) string {
	var b strings.Builder
	for i, s := range n.sets {
		fmt.Fprintf(&b, "m%d %+v\n", i, n.w.program.Images[i])
		for f := range s.Functions {
			fmt.Fprintf(&b, "  f%d calls %v", f, s.CallsOf(f))
			for _, u := range s.FeaturesOf(f) {
				fmt.Fprintf(&b, " %d:%s", s.Features[u].Kind, s.Features[u].Text)
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "  %v roots %v\n", s.Classes, s.Roots)
	}
	fmt.Fprintf(&b, "%v", n.w.program.Ties)
	return b.String()
}

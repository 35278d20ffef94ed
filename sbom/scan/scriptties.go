package scan

import (
	"cmp"
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/script"
)

// maxTying is how many modules of a product are looked at for what they hand to
// each other.
const maxTying = 400

// tiesRequest asks what some modules hand to each other.
type tiesRequest struct {
	Files   []scriptFile
	Members []groupMember
}

// readTies answers it: a list for each member.
func readTies(q tiesRequest) [][]script.Tie {
	out := make([][]script.Tie, len(q.Members))
	for i, f := range q.Files {
		b, done, err := mapFile(f.Disk)
		if err != nil {
			continue
		}
		modules := modulesOf(b, f.Language, false)
		for j, m := range q.Members {
			if m.File == i && m.Index >= 0 && m.Index < len(modules) {
				out[j] = modules[m.Index].Ties()
			}
		}
		done()
	}
	return out
}

// moduleTie says that data goes between two modules with tags.
type moduleTie struct {
	from, to moduleKey
	how      string
}

// tying is a module that may tie others.
type tying struct {
	key   moduleKey
	index int
	to    map[string]moduleKey // modules with tags that it asks for, by name
}

// ties finds the modules with tags between which data goes: of those that ask for
// each other, and of those that a third one asks for.
func (g *scriptGraph) ties(ctx context.Context) []moduleTie {
	tagged := map[moduleKey]bool{}
	for k, l := range g.d.moduleTags {
		if slices.ContainsFunc(l, func(t sbom.Tag) bool { return t.Grade.Rank() >= sbom.GradeLikely.Rank() }) {
			tagged[k] = true
		}
	}
	if len(tagged) < 2 {
		return nil
	}
	var out []moduleTie
	var ask []tying
	for _, f := range g.d.files {
		for _, t := range g.tying(ctx, f, tagged) {
			switch {
			case isPython(f):
				if tagged[t.key] {
					out = append(out, imports(t)...)
				}
			case (tagged[t.key] || len(t.to) > 1) && len(ask) < maxTying:
				ask = append(ask, t)
			}
		}
	}
	return append(out, g.askTies(ctx, ask)...)
}

// imports are the ties of a Python module with a tag to those that it imports.
func imports(t tying) []moduleTie {
	var out []moduleTie
	for name, to := range t.to {
		out = append(out, moduleTie{t.key, to, sbom.HowImport + name})
	}
	slices.SortFunc(out, func(a, b moduleTie) int { return strings.Compare(a.how, b.how) })
	return out
}

// tying lists the modules of a file that ask for modules with tags.
func (g *scriptGraph) tying(ctx context.Context, f *file, tagged map[moduleKey]bool) []tying {
	requires, known := g.requires[f]
	x := g.d.scripts[f]
	if x == nil || !known && len(x.modules) == 0 {
		return nil
	}
	inside := map[string]moduleKey{} // modules of the same file, which it asks for by their names
	for i := range x.modules {
		if k := (moduleKey{f, i}); tagged[k] && x.modules[i].Name != "" {
			inside[x.modules[i].Name] = k
		}
	}
	list := []tying{{key: moduleKey{f, 0}}}
	wanted := [][]script.Require{requires}
	for i := range x.modules {
		if i > 0 {
			list, wanted = append(list, tying{key: moduleKey{f, i}}), append(wanted, nil)
		}
		list[i].index, wanted[i] = x.modules[i].Index, x.modules[i].Requires
	}
	var out []tying
	for i, t := range list {
		t.to = map[string]moduleKey{}
		for name, k := range inside {
			asks := func(q script.Require) bool { return q.Name == name }
			if k != t.key && (!isPython(f) || slices.ContainsFunc(wanted[i], asks)) {
				t.to[name] = k
			}
		}
		for _, q := range wanted[i] {
			if to := g.resolve(ctx, f, q); to != nil && to != f && tagged[moduleKey{to, 0}] {
				t.to[q.Name] = moduleKey{to, 0}
			}
		}
		if len(t.to) > 0 {
			out = append(out, t)
		}
	}
	return out
}

// askTies asks what modules hand on.
func (g *scriptGraph) askTies(ctx context.Context, l []tying) []moduleTie {
	if len(l) == 0 {
		return nil
	}
	var q tiesRequest
	number := map[*file]int{}
	var size int64
	for _, t := range l {
		n, ok := number[t.key.f]
		if !ok {
			n = len(q.Files)
			number[t.key.f] = n
			q.Files, size = append(q.Files, scriptFile{Disk: t.key.f.disk, Language: language(t.key.f)}), size+t.key.f.size
		}
		q.Members = append(q.Members, groupMember{n, t.index})
	}
	b, err := g.s.ask(g.s.pool, askTies, q, deadline(8*size))
	var answers [][]script.Tie
	if err == nil {
		err = json.Unmarshal(b, &answers)
	}
	if err != nil {
		if fatal(ctx, err) {
			g.err = err
		} else if len(l) > 1 {
			return append(g.askTies(ctx, l[:len(l)/2]), g.askTies(ctx, l[len(l)/2:])...)
		}
		return nil // nothing is seen to go between them
	}
	var out []moduleTie
	for i, t := range l {
		if i < len(answers) {
			out = append(out, g.meant(t, answers[i])...)
		}
	}
	return out
}

// meant is what the ties of a module say of the modules with tags.
func (g *scriptGraph) meant(t tying, ties []script.Tie) []moduleTie {
	var out []moduleTie
	for _, x := range ties {
		from, read := t.to[x.From]
		to, sent := t.to[x.To]
		self := len(g.d.moduleTags[t.key]) > 0
		switch {
		case read && sent && from != to:
			out = append(out, moduleTie{from, to, sbom.HowHandsOn + modulePath(path.Base(t.key.f.norm), g.nameOf(t.key))})
		case sent && x.From == "" && self:
			out = append(out, moduleTie{t.key, to, sbom.HowRequire + x.To + sbom.HowGives})
		case read && x.To == "" && self:
			out = append(out, moduleTie{t.key, from, sbom.HowRequire + x.From + sbom.HowTakes})
		}
	}
	return out
}

func (g *scriptGraph) nameOf(k moduleKey) string {
	if x := g.d.scripts[k.f]; x != nil && k.n < len(x.modules) {
		return x.modules[k.n].Name
	}
	return ""
}

// tieLinks are the links between modules with tags. Equal content is one image.
func (d *draft) tieLinks() []sbom.Link {
	var out []sbom.Link
	for _, t := range d.ties {
		from, to := &d.scripts[t.from.f].modules[t.from.n], &d.scripts[t.to.f].modules[t.to.n]
		name := modulePath(path.Base(t.to.f.norm), to.Name)
		if strings.HasPrefix(t.how, sbom.HowHandsOn) { // there may be several, and a direct one
			name = strings.TrimPrefix(t.how, sbom.HowHandsOn) + " > " + name
		}
		if from.Digest != to.Digest {
			out = append(out, sbom.Link{Kind: sbom.LinkCalls, From: from.Digest, To: to.Digest, Target: sbom.TargetInside, How: t.how, Name: name, Symbols: []string{name}})
		}
	}
	order := func(a, b sbom.Link) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.How, b.How), cmp.Compare(a.Name, b.Name))
	}
	slices.SortFunc(out, order)
	merged := out[:0]
	for _, l := range out {
		if n := len(merged) - 1; n >= 0 && merged[n].From == l.From && merged[n].To == l.To && merged[n].Name == l.Name {
			if _, end, ok := strings.Cut(l.How, ", "); ok && !strings.HasSuffix(merged[n].How, end) { // data goes both ways
				merged[n].How += ", " + end
			}
			continue
		}
		merged = append(merged, l)
	}
	return merged
}

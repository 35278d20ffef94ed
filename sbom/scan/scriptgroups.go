package scan

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/script"
)

// group is a module with those that it asks for directly.
type group []moduleKey

// together looks at each module with those that it asks for directly, where more
// than one of them has something that rules look at.
func (g *scriptGraph) together(ctx context.Context) error {
	groups := g.groups(ctx)
	if g.err != nil {
		return g.err
	}
	for len(groups) > 0 {
		n := min(len(groups), groupRequest)
		if err := g.askTogether(ctx, groups[:n]); err != nil {
			return err
		}
		groups = groups[n:]
	}
	return nil
}

// words are parts of the names under which the files with tags can be asked for: a
// file that was not read in full is looked at together with others only for theirs.
func (g *scriptGraph) words() []string {
	var out []string
	for f, x := range g.d.scripts {
		if !slices.ContainsFunc(x.modules, func(m scriptModule) bool { return m.Texts > 0 && len(m.Tags) > 0 }) {
			continue
		}
		p := inArchive(g.d.rel(f))
		name := strings.TrimSuffix(path.Base(p), path.Ext(p))
		if name == "index" || name == "__init__" {
			name = path.Base(path.Dir(p))
		}
		out = append(out, name)
		if i := strings.LastIndex(p, "node_modules/"); i >= 0 {
			name, _, _ := strings.Cut(p[i+len("node_modules/"):], "/")
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == "index" || s == "." || s == "" })
}

// groups lists the groups of the product, by path of their first module.
func (g *scriptGraph) groups(ctx context.Context) []group {
	var files []*file
	for f := range g.d.scripts {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b *file) int { return cmp.Compare(a.norm, b.norm) })
	g.know(ctx, files, g.words())
	var out []group
	for _, f := range files {
		if len(g.requires[f]) == 0 || len(out) >= maxGroups {
			continue
		}
		x := g.d.scripts[f]
		if len(x.modules) == 0 {
			if l := g.group(ctx, moduleKey{f, 0}, nil); len(l) > 2 && g.worth(l) {
				out = append(out, l)
			}
			continue
		}
		for i := range x.modules {
			l := g.group(ctx, moduleKey{f, i}, &x.modules[i])
			if n := len(l); (n > 2 || n == 2 && x.modules[i].Telling > 0) && g.worth(l) {
				out = append(out, l)
			}
		}
	}
	return append(out, g.extensions(ctx)...)
}

// worth reports whether something may come of looking at a group: one of its
// modules has a tag alone, be it that it only mentions. Texts that are no more than
// common words in each of several modules make none together. Files of data have
// no tags alone: a module that has something to tell is looked at with its own.
func (g *scriptGraph) worth(l group) bool {
	return slices.ContainsFunc(l, func(k moduleKey) bool { return len(g.d.moduleTags[k]) > 0 || isData(k.f) })
}

// group is one module with the telling ones that it asks for. Without a module
// of its own, the file is known by what it asks for alone.
func (g *scriptGraph) group(ctx context.Context, key moduleKey, m *scriptModule) group {
	requires := g.requires[key.f]
	if m != nil {
		requires = m.Requires
	}
	out := group{key}
	add := func(k moduleKey) {
		if x := g.d.scripts[k.f]; k.n < len(x.modules) && x.modules[k.n].Telling > 0 && len(out) < maxGroup && !slices.Contains(out, k) {
			out = append(out, k)
			g.addData(&out, k.f, x.modules[k.n].Requires)
		}
	}
	for _, q := range requires {
		if m != nil {
			if i := slices.IndexFunc(g.d.scripts[key.f].modules, func(o scriptModule) bool { return o.Name != "" && o.Name == q.Name }); i >= 0 {
				add(moduleKey{key.f, i})
				continue
			}
		}
		if m != nil && m.Telling > 0 && g.data(key.f, q) != nil {
			g.addData(&out, key.f, []script.Require{q})
			continue
		}
		if to := g.resolve(ctx, key.f, q); to != nil && g.d.scripts[to] != nil && to != key.f {
			add(moduleKey{to, 0})
			if m != nil && m.Texts > 0 && len(g.d.scripts[to].modules) == 0 {
				g.addData(&out, to, g.asksOf(ctx, to))
			}
		}
	}
	return out
}

// asksOf is all that a file asks for that has no words by itself: such a one may
// make paths of a file of data.
func (g *scriptGraph) asksOf(ctx context.Context, f *file) []script.Require {
	if !g.whole[f] && len(g.whole) < maxWhole && f.size <= maxModule && f.kind == kindJavaScript {
		g.whole[f] = true
		delete(g.requires, f)
		g.know(ctx, []*file{f}, nil)
	}
	return g.requires[f]
}

// addData adds the files of data that a module of a group asks for: they are a
// part of it that lies in a file of its own.
func (g *scriptGraph) addData(out *group, from *file, requires []script.Require) {
	for _, q := range requires {
		to := g.data(from, q)
		if k := (moduleKey{to, 0}); to != nil && len(*out) < maxGroup && !slices.Contains(*out, k) {
			*out = append(*out, k)
		}
	}
}

// extensions are the scripts that the manifest of a web extension starts, each
// with the manifest, since what it is permitted belongs to it, and with the others
// of the same folder: they share one page and its names without asking for each other.
func (g *scriptGraph) extensions(ctx context.Context) []group {
	var out []group
	entries := slices.DeleteFunc(g.entries(ctx), func(e scriptEntry) bool {
		x := g.d.scripts[e.file]
		return path.Base(e.by.norm) != "manifest.json" || x == nil || len(x.modules) == 0 || x.modules[0].Telling == 0
	})
	for _, e := range entries {
		l := group{{e.file, 0}, {e.by, 0}}
		out = append(out, l)
		for _, o := range entries {
			if o.by == e.by && o.file != e.file && len(l) < maxGroup {
				l = append(l, moduleKey{o.file, 0})
			}
		}
		if len(l) > 2 {
			out = append(out, l)
		}
	}
	return out
}

// askTogether matches some groups, and keeps what their modules do not say alone.
func (g *scriptGraph) askTogether(ctx context.Context, groups []group) error {
	q := togetherRequest{Rules: g.s.packed}
	var files []*file
	var size int64
	number := map[*file]int{}
	for _, l := range groups {
		var ms []groupMember
		for _, k := range l {
			n, ok := number[k.f]
			if !ok {
				n = len(files)
				number[k.f] = n
				files, size = append(files, k.f), size+k.f.size
				lang := language(k.f)
				switch {
				case path.Base(k.f.norm) == "manifest.json":
					lang = langManifest
				case isData(k.f):
					lang = langData
				}
				q.Files = append(q.Files, scriptFile{Disk: k.f.disk, Language: lang})
			}
			ms = append(ms, groupMember{n, g.index(k)})
		}
		q.Groups = append(q.Groups, ms)
	}
	b, err := g.s.ask(g.s.pool, askTogether, q, deadline(8*size))
	if err != nil {
		if fatal(ctx, err) {
			return err
		}
		if len(groups) > 1 {
			half := len(groups) / 2
			if err := g.askTogether(ctx, groups[:half]); err != nil {
				return err
			}
			return g.askTogether(ctx, groups[half:])
		}
		gap := g.s.gapOf(err)
		gap.Path, gap.Why = g.d.rel(groups[0][0].f), "script with those that it asks for: "+gap.Why
		g.d.gaps = append(g.d.gaps, gap)
		return nil
	}
	var answers [][]sbom.Tag
	if err := json.Unmarshal(b, &answers); err != nil || len(answers) != len(groups) {
		return fmt.Errorf("decoding what scripts say together: %d of %d answers: %w", len(answers), len(groups), err)
	}
	alone := map[moduleKey][]sbom.Tag{}
	for k, l := range g.d.moduleTags {
		alone[k] = l
	}
	for i, l := range groups {
		g.keep(l, answers[i], files, alone)
	}
	return nil
}

// data is the file of data that a module asks for, or nil. What describes packages
// and extensions is none.
func (g *scriptGraph) data(from *file, q script.Require) *file {
	if !strings.HasSuffix(q.Name, ".json") || !strings.HasPrefix(q.Name, ".") || q.Kind != script.RequireData {
		return nil
	}
	f := g.at[path.Join(path.Dir(inArchive(g.d.rel(from))), q.Name)]
	if f == nil || !isData(f) || f.size > maxPlist {
		return nil
	}
	return f
}

// isData reports whether a file is data that scripts read.
func isData(f *file) bool {
	base := path.Base(f.norm)
	return strings.HasSuffix(base, ".json") && base != "package.json" && base != "manifest.json"
}

// index is the number of a module among those that its reader gives.
func (g *scriptGraph) index(k moduleKey) int {
	if x := g.d.scripts[k.f]; x != nil && k.n < len(x.modules) {
		return x.modules[k.n].Index
	}
	return 0
}

// keep gives the first module of a group the tags that no module of the group
// has alone in the same grade.
func (g *scriptGraph) keep(l group, tags []sbom.Tag, files []*file, alone map[moduleKey][]sbom.Tag) {
	for _, t := range tags {
		if t.Grade == sbom.GradeMentions || slices.ContainsFunc(l, func(k moduleKey) bool {
			return slices.ContainsFunc(alone[k], func(o sbom.Tag) bool { return o.Rule == t.Rule && o.Grade.Rank() >= t.Grade.Rank() })
		}) {
			continue
		}
		m := g.module(l[0])
		if m == nil {
			continue
		}
		g.d.moduleTags[l[0]] = slices.DeleteFunc(slices.Clone(g.d.moduleTags[l[0]]), func(o sbom.Tag) bool { return o.Rule == t.Rule })
		g.d.moduleTags[l[0]] = append(g.d.moduleTags[l[0]], placedTags([]sbom.Tag{t}, m.Digest, files)...)
	}
}

// module is a module of the product. A file that has nothing to tell by itself
// becomes one module.
func (g *scriptGraph) module(k moduleKey) *scriptModule {
	x := g.d.scripts[k.f]
	if x == nil {
		return nil
	}
	if len(x.modules) == 0 { // equal content shares x: every one makes the same
		own := *x
		own.modules = []scriptModule{{Digest: k.f.digest, Span: sbom.Span{Length: k.f.size}, Requires: g.requires[k.f]}}
		x = &own
		g.d.scripts[k.f] = x
	}
	m := &x.modules[k.n]
	if m.Digest == "" {
		m.Digest = k.f.digest
	}
	return m
}

package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/script"
)

// Kinds of files that are scripts.
const (
	kindJavaScript = "JavaScript"
	kindPython     = "compiled Python"
	kindPySource   = "Python"
)

// Bounds of one request for scripts, and of one script.
const (
	scriptBatch  = 8 << 20  // bytes of the files of one request
	scriptCount  = 400      // files of one request
	maxScript    = 64 << 20 // bytes of one script
	maxGroup     = 64       // modules that are looked at together
	maxGroups    = 20_000   // groups of one product
	maxWhole     = 200      // files without words whose requires are all asked for
	groupRequest = 200      // groups of one request
)

// scripted is what became of the content of one script.
type scripted struct {
	trouble *sbom.Gap  // why it was not read
	notes   []sbom.Gap // what is not known of it
	modules []scriptModule
}

// isScript reports whether a file is one that the readers of scripts know.
func isScript(f *file) bool {
	return f.trouble == nil && !f.ignored && !f.special && f.opened == "" && (f.kind == kindJavaScript || f.kind == kindPython || f.kind == kindPySource)
}

// readAsScript reports whether a file of the product is a script, or an
// executable that carries some.
func (d *draft) readAsScript(f *file) bool {
	r := d.binaries[f]
	return isScript(f) || r != nil && r.frozen && r.trouble == nil
}

// language is what a child must know of a script's form, from its name.
func language(f *file) string {
	name := strings.ToLower(f.norm)
	switch {
	case f.kind == kindMachO:
		return langFrozen
	case f.kind == kindPython:
		return langPython
	case f.kind == kindPySource:
		return langPySource
	case strings.HasSuffix(name, ".html"), strings.HasSuffix(name, ".htm"), strings.HasSuffix(name, ".xhtml"):
		return langPage
	}
	return langScript
}

// scripts reads the scripts of all products, each content once, and then looks
// at modules together with those that they ask for.
func (s *scanner) scripts(ctx context.Context, drafts []*draft) error {
	byDigest := map[sbom.Digest]*scripted{}
	var batches [][]*file
	var size int64
	for _, d := range drafts {
		for _, f := range d.files {
			if !d.readAsScript(f) || byDigest[f.digest] != nil {
				continue
			}
			x := &scripted{}
			byDigest[f.digest] = x
			if f.size > maxScript {
				x.trouble = &sbom.Gap{Kind: sbom.GapLimit, Offset: -1, Count: 1, Why: fmt.Sprintf("script of more than %d bytes", maxScript)}
				continue
			}
			n := len(batches) - 1
			if n < 0 || len(batches[n]) == scriptCount || size+f.size > scriptBatch {
				batches, size = append(batches, nil), 0
				n++
			}
			batches[n] = append(batches[n], f)
			size += f.size
		}
	}
	err := s.parallel(ctx, len(batches), func(i int) error { return s.scriptBatch(ctx, batches[i], byDigest) })
	if err != nil {
		return err
	}
	return s.parallel(ctx, len(drafts), func(i int) error {
		d := drafts[i]
		d.scripts = map[*file]*scripted{}
		for _, f := range d.files {
			if x := byDigest[f.digest]; x != nil && d.readAsScript(f) {
				d.scripts[f] = x
			}
		}
		return s.relate(ctx, d)
	})
}

// scriptBatch reads some scripts in one request; if that fails, one by one, and
// a deadly one token by token.
func (s *scanner) scriptBatch(ctx context.Context, files []*file, out map[sbom.Digest]*scripted) error {
	answers, err := s.askScripts(files, false)
	if err != nil {
		if fatal(ctx, err) {
			return err
		}
		answers = make([]scriptAnswer, len(files))
		for i := range files {
			one, err := s.oneScript(ctx, files[i])
			if err != nil {
				return err
			}
			answers[i] = one
		}
	}
	for i, f := range files {
		x, a := out[f.digest], answers[i]
		switch {
		case f.changed():
			x.trouble = changedGap()
		case a.Trouble != "":
			x.trouble = &sbom.Gap{Kind: a.Kind, Offset: -1, Count: 1, Why: a.Trouble}
		}
		x.modules = a.Modules
		for _, m := range a.Modules {
			if m.Partial != "" && len(x.notes) == 0 {
				x.notes = append(x.notes, sbom.Gap{Kind: sbom.GapUnreadable, Offset: m.Span.Offset, Count: 1, Why: "script: " + m.Partial})
			}
		}
		if a.Opaque != "" {
			x.trouble = &sbom.Gap{Kind: a.Kind, Offset: -1, Count: 1, Why: a.Opaque}
		}
		s.step(f.path)
	}
	return nil
}

// oneScript reads one script, token by token when the parser is deadly to it.
func (s *scanner) oneScript(ctx context.Context, f *file) (scriptAnswer, error) {
	var first *sbom.Gap
	for _, tokens := range []bool{false, true} {
		l, err := s.askScripts([]*file{f}, tokens)
		if err == nil {
			return l[0], nil
		}
		if fatal(ctx, err) {
			return scriptAnswer{}, err
		}
		if g := s.gapOf(err); first == nil {
			first = &g
		}
	}
	return scriptAnswer{Trouble: first.Why, Kind: first.Kind}, nil
}

func (s *scanner) askScripts(files []*file, tokens bool) ([]scriptAnswer, error) {
	q := scriptRequest{Rules: s.packed, Basic: tokens}
	var size int64
	for _, f := range files {
		q.Files = append(q.Files, scriptFile{Disk: f.disk, Language: language(f)})
		size += f.size
	}
	s.total++
	b, err := s.ask(s.pool, askScripts, q, deadline(4*size))
	if err != nil {
		return nil, err
	}
	var out []scriptAnswer
	if err := json.Unmarshal(b, &out); err != nil || len(out) != len(files) {
		return nil, fmt.Errorf("decoding what the scripts say: %d of %d answers: %w", len(out), len(files), err)
	}
	return out, nil
}

// place is where a script lies: in its own file, or in the archive that holds
// its bytes as they are.
func (f *file) place() (sbom.Digest, int64) {
	if f.in != nil && f.within > 0 {
		return f.in.digest, f.within
	}
	return f.digest, 0
}

// modulePath is the path of a module in the product: an inner module of a bundle
// lies below the file.
func modulePath(rel, name string) string {
	if name == "" {
		return rel
	}
	return rel + "#" + strings.TrimPrefix(name, "./")
}

// addScripts adds the images of the modules that have tags, and the ties that
// lead to them.
func (d *draft) addScripts(p *sbom.Product) {
	at := map[sbom.Digest]int{}
	for _, f := range d.files {
		x := d.scripts[f]
		if x == nil {
			continue
		}
		rel := d.rel(f)
		for _, g := range x.notes {
			g.Path = rel
			p.Gaps = append(p.Gaps, g)
		}
		if x.trouble != nil && d.binaries[f] != nil { // of a script, cover tells it
			g := *x.trouble
			g.Path, g.Why = rel, "packed Python code: "+g.Why
			p.Gaps = append(p.Gaps, g)
		}
		file, base := f.place()
		for i := range x.modules {
			m := &x.modules[i]
			tags := d.moduleTags[moduleKey{f, i}]
			if len(tags) == 0 {
				continue
			}
			if m.Partial != "" {
				tags = opaque(tags)
			}
			where := modulePath(rel, m.Name)
			place := sbom.Place{Path: where, File: file, Offset: base + m.Span.Offset, Bundle: d.set.Innermost(rel), Role: sbom.RoleModule}
			if j, ok := at[m.Digest]; ok {
				p.Images[j].Places = append(p.Images[j].Places, place)
			} else {
				at[m.Digest] = len(p.Images)
				format := sbom.FormatJavaScript
				if f.kind != kindJavaScript {
					format = sbom.FormatPython
				}
				p.Images = append(p.Images, sbom.Image{Digest: m.Digest, Format: format, Type: sbom.TypeModule, Size: m.Span.Length, Places: []sbom.Place{place}})
				p.Tags = append(p.Tags, tags...)
			}
		}
	}
	p.Links = append(p.Links, d.moduleLinks(p)...)
}

// moduleKey is a module of a file.
type moduleKey struct {
	f *file
	n int // in scripted.modules
}

// placedTags places the tags of a module: their evidence counts in the files that
// hold the bytes. from are the files that the evidence's Slice numbers.
func placedTags(tags []sbom.Tag, image sbom.Digest, from []*file) []sbom.Tag {
	out := slices.Clone(tags)
	for i := range out {
		out[i].Image = image
		out[i].Evidence = slices.Clone(out[i].Evidence)
		for j := range out[i].Evidence {
			e := &out[i].Evidence[j]
			f := from[min(max(int(e.Slice), 0), len(from)-1)]
			e.File, e.Slice = f.place()
			e.Offset += e.Slice
		}
		sbom.SortEvidence(out[i].Evidence)
	}
	return out
}

// requiresOf are the names that a file's modules ask for outside the file, with
// those of the bundle's inner modules.
func requiresOf(x *scripted) []script.Require {
	var out []script.Require
	for i := range x.modules {
		out = append(out, x.modules[i].Requires...)
	}
	return out
}

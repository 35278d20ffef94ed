package propagate

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
)

// origin is a source with what the run needs to know of it.
type origin struct {
	Source
	library *library.Library
	reads   sbom.Grade // best grade of its tags that do more than clear; "" when all only clear
}

// findSources makes one source per (image or unit, capability) of all tags of
// all products, sorted by id. The same tag met in several products is kept
// once. Tags of debug symbols are no sources.
func findSources(g *graph.Graph, n *network, libs []library.Library) []origin {
	of := map[sbom.Digest]*library.Library{}
	var static []*library.Library
	for i := range libs {
		if libs[i].Kind == library.KindStatic {
			static = append(static, &libs[i])
			continue
		}
		for _, d := range libs[i].Images {
			if of[d] == nil || of[d].Rung == library.RungUnits { // of its own copies, before versions of it
				of[d] = &libs[i]
			}
		}
	}
	at := map[string]int{}
	seen := map[string]bool{}
	var list []origin
	for _, p := range g.Products {
		for _, t := range p.Tags {
			if _, ok := n.number[t.Image]; !ok {
				continue
			}
			id := SourceID(t)
			key := id + " " + form(t)
			if seen[key] {
				continue
			}
			seen[key] = true
			i, ok := at[id]
			if !ok {
				i = len(list)
				at[id] = i
				o := origin{Source: Source{ID: id, Capability: t.Capability, Image: t.Image, Address: t.Address, Mark: t.Mark}, library: holder(t, of, static)}
				if o.library != nil {
					o.Library = o.library.ID
				}
				list = append(list, o)
			}
			list[i].add(t)
		}
	}
	for i := range list {
		list[i].finish()
	}
	slices.SortFunc(list, func(a, b origin) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// holder is the library that a tag's code belongs to, or nil: a static one by
// the code unit, else the dynamic one that the image is. A tag of a whole image
// says nothing about the static libraries in it.
func holder(t sbom.Tag, of map[sbom.Digest]*library.Library, static []*library.Library) *library.Library {
	if t.Address != nil {
		for _, l := range static {
			if l.Has(t.Image, *t.Address) {
				return l
			}
		}
	}
	return of[t.Image]
}

// SourceID is the id of the source that a tag belongs to.
func SourceID(t sbom.Tag) string {
	if t.Address != nil {
		return graph.UnitNode(t.Image, *t.Address) + "#" + t.Capability
	}
	return graph.ImageNode(t.Image) + "#" + t.Capability
}

func (o *origin) add(t sbom.Tag) {
	o.Tags = append(o.Tags, t)
	if t.Grade.Rank() > o.Grade.Rank() {
		o.Grade = t.Grade
	}
	if t.Grade.Rank() > o.reads.Rank() && !slices.Contains(t.Flags, sbom.FlagClears) {
		o.reads = t.Grade
	}
	o.Mark = max(o.Mark, t.Mark)
	o.Stores = append(o.Stores, t.Stores...)
	o.Flags = append(o.Flags, t.Flags...)
}

// finish sorts. Stores and flags are those of all tags, the weaker ones too:
// what they say of the code holds whatever their grade.
func (o *origin) finish() {
	o.Stores, o.Flags = sorted(o.Stores), sorted(o.Flags)
	slices.SortFunc(o.Tags, func(a, b sbom.Tag) int { return strings.Compare(form(a), form(b)) })
	sbom.SortTags(o.Tags)
}

// sorted is a sorted copy without repetitions; nil when there is nothing.
func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// form is a tag written out, to tell it from others.
func form(t sbom.Tag) string {
	b, err := json.Marshal(t)
	if err != nil {
		panic("propagate: writing out a tag: " + err.Error()) // cannot happen: a tag holds plain values only
	}
	return string(b)
}

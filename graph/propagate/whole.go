package propagate

import (
	"cmp"
	"slices"

	"github.com/kinbom/kinbom/graph/reach"
	"github.com/kinbom/kinbom/sbom"
)

// code lists the functions that refer to the evidence of a source that is known for
// a whole image: where the parts that its rule asks for stand, though they do not
// meet in one piece of code. Of each tag of its grade; rising and without repeats.
func (o *origin) code() []reach.Unit {
	if o.Address != nil {
		return nil
	}
	var out []reach.Unit
	for i := range o.Tags {
		if t := &o.Tags[i]; t.Grade == o.Grade {
			out = append(out, codeOf(t)...)
		}
	}
	slices.SortFunc(out, func(a, b reach.Unit) int { return cmp.Compare(a.Address, b.Address) })
	return slices.Compact(out)
}

// codeOf lists the functions that refer to the evidence of a tag.
func codeOf(t *sbom.Tag) []reach.Unit {
	var out []reach.Unit
	for i := range t.Evidence {
		if f := t.Evidence[i].Function; f != 0 {
			out = append(out, reach.Unit{Image: t.Image, Address: f})
		}
	}
	return out
}

// runs reports whether a whole image's parts are where an entry point leads to: of
// one tag of the source's grade, all functions that refer to its texts, and of what
// else each signal asks for, such as one of the calls that open, some function. The
// one of the highest address stands for them. Where a single text is in code that is
// not reached nothing is said: the parts of a dead reader and those of a menu that
// runs may be in one image.
func (o *origin) runs(code *reach.Reach) (last reach.Unit, ok bool) {
	for i := range o.Tags {
		t := &o.Tags[i]
		if t.Grade != o.Grade || !partsRun(t, code) {
			continue
		}
		for _, u := range codeOf(t) {
			if code.Runs(u) && u.Address > last.Address {
				last, ok = u, true
			}
		}
	}
	return last, ok
}

// partsRun reports whether each signal of a tag has evidence in code that runs, and
// no text of it stands in code that does not.
func partsRun(t *sbom.Tag, code *reach.Reach) bool {
	met := map[string]bool{}
	for i := range t.Evidence {
		e := &t.Evidence[i]
		runs := e.Function != 0 && code.Runs(reach.Unit{Image: t.Image, Address: e.Function})
		if text := e.Kind == sbom.FactString || e.Kind == sbom.FactCFString || e.Kind == sbom.FactConst; text && !runs {
			return false
		}
		met[e.Signal] = met[e.Signal] || runs
	}
	for _, ok := range met {
		if !ok {
			return false
		}
	}
	return len(met) > 0
}

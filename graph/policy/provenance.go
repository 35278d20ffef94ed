package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/sbom"
)

// claimed is said wherever other products are named: a signature can be taken
// off or made by anybody, so it is no ground to name who gave what to whom.
const claimed = "team ids are claims of the files, not verified; this says who carries the same code, not where it came from"

// provenance fills kin, origins and provenance of one judgement. All verdicts
// must be there before.
func (j *judge) provenance(k *propagate.Carried) {
	out := j.judgement[k]
	for _, code := range j.codes(k) {
		for _, m := range j.members[code] {
			if m.Product == k.Product {
				continue
			}
			out.Kin = append(out.Kin, m.Product)
			if j.explains(m) {
				out.Origins = append(out.Origins, m.Product)
			}
		}
	}
	out.Kin, out.Origins = unique(out.Kin), unique(out.Origins)
	var why string
	switch {
	case len(out.Kin) == 0:
		out.Provenance, why = j.alone(k)
	case j.explains(k):
		out.Provenance = finding.ProvenanceOrigin
		why = fmt.Sprintf("the same code is in %s, and the stated purpose %s can explain it here",
			j.names(out.Kin), j.purposes[k.Product])
	case len(out.Origins) > 0:
		out.Provenance = finding.ProvenanceInherited
		why = fmt.Sprintf("carries the same code as %s, where the purpose can explain it; %s", j.names(out.Origins), claimed)
	default:
		out.Provenance = finding.ProvenanceShared
		why = fmt.Sprintf("carries the same code as %s; %s", j.names(out.Kin), j.noOrigin())
	}
	out.Why = append(out.Why, "provenance "+out.Provenance+": "+why)
	if private := j.private(k); private > 0 && len(out.Kin) > 0 {
		out.Why = append(out.Why, fmt.Sprintf("besides, %s of it in code that was met in no other product", plural(private, "source", "sources")))
	}
}

// explains reports whether the product can be an origin: it has a stated
// purpose, and its verdict is expected or ask. Of a composite it is enough that
// this holds for a part that the purpose table judges as it judges the composite.
func (j *judge) explains(k *propagate.Carried) bool {
	v, ok := j.explained[k]
	if !ok {
		v = j.canExplain(k)
		j.explained[k] = v
	}
	return v
}

func (j *judge) canExplain(k *propagate.Carried) bool {
	if j.purposes[k.Product] == "" {
		return false
	}
	fine := func(k *propagate.Carried) bool {
		v := j.judgement[k].Verdict
		return v == finding.VerdictExpected || v == finding.VerdictAsk
	}
	if fine(k) {
		return true
	}
	parts := map[string]bool{}
	for _, s := range j.likely(k) {
		parts[s.Capability] = j.Table.columns[s.Capability] == j.Table.columns[k.Capability]
	}
	return slices.ContainsFunc(j.of[k.Product], func(o *propagate.Carried) bool {
		return o.Capability != k.Capability && parts[o.Capability] && fine(o)
	})
}

func (j *judge) noOrigin() string {
	if j.Family == nil {
		return "without a family file no purpose is known, so no origin can be named"
	}
	return "no product that carries it has a stated purpose that can explain it"
}

// alone gives the provenance of a capability whose code was met in no other
// judged product.
func (j *judge) alone(k *propagate.Carried) (provenance, why string) {
	if !k.InBundle {
		return finding.ProvenanceUnknown, "its code lies outside the product"
	}
	if len(j.Graph.Products) < 2 {
		return finding.ProvenanceUnknown, "one product was judged; to tell shared code from its own, a family is needed"
	}
	units := true
	for _, s := range j.likely(k) {
		if name := j.kin.background[s.ID]; name != "" {
			return finding.ProvenanceUnknown, fmt.Sprintf("its code is in the background library %s, which makes no kinship", name)
		}
		units = units && s.Address != nil && s.Mark != ""
	}
	if !units {
		return finding.ProvenanceUnknown, "its code is known by the file only, and no other product has that file; a static copy elsewhere would not be seen"
	}
	if n := j.uncompared(k); n > 0 {
		return finding.ProvenanceUnknown, fmt.Sprintf("its code units were met in no other product, but %s the capability in code that could not be compared", plural(n, "other product carries", "other products carry"))
	}
	return finding.ProvenanceOwn, "its code units were met in no other product"
}

// uncompared counts the other products that carry the same capability in code
// of unknown kinship: it may be the same code.
func (j *judge) uncompared(k *propagate.Carried) int {
	if j.blind == nil {
		j.blind = j.findBlind()
	}
	n := j.blind[k.Capability]
	if n > 0 && j.inUnread(k) {
		n--
	}
	return n
}

// findBlind counts by capability the products that carry it in code of unknown kinship.
func (j *judge) findBlind() map[string]int {
	out := map[string]int{}
	for _, o := range j.carried {
		if j.inUnread(o) {
			out[o.Capability]++
		}
	}
	return out
}

// inUnread reports whether what is carried lies in code of unknown kinship.
func (j *judge) inUnread(k *propagate.Carried) bool {
	return len(j.Unread) > 0 && slices.ContainsFunc(j.likely(k), func(s *propagate.Source) bool { return j.unread[s.Image] })
}

// private counts the sources inside the product that no other product has.
func (j *judge) private(k *propagate.Carried) int {
	n := 0
	for _, s := range k.Sources {
		code := j.kin.code(s.ID)
		if s.InBundle && sure(s.Grade) && code != "" && len(j.members[k.Capability+" in "+code]) == 1 {
			n++
		}
	}
	return n
}

// mostNamed is how many products a sentence names; of more, one fewer and how many
// the others are.
const mostNamed = 4

// names lists products for people, by name and purpose: at most four.
func (j *judge) names(ids []sbom.Digest) string {
	var first []string // in order
	for _, id := range ids {
		name := j.labels[id]
		if at, _ := slices.BinarySearch(first, name); at < mostNamed {
			first = slices.Insert(first, at, name)
			first = first[:min(len(first), mostNamed)]
		}
	}
	if len(ids) > mostNamed {
		first = append(first[:mostNamed-1], fmt.Sprintf("%d more", len(ids)-mostNamed+1))
	}
	if n := len(first); n > 1 {
		return strings.Join(first[:n-1], ", ") + " and " + first[n-1]
	}
	return strings.Join(first, "")
}

// label is a product by name and purpose.
func (j *judge) label(id sbom.Digest) string {
	if purpose := j.purposes[id]; purpose != "" {
		return j.called[id] + " (" + purpose + ")"
	}
	return j.called[id]
}

func unique(l []sbom.Digest) []sbom.Digest {
	slices.Sort(l)
	return slices.Compact(l)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

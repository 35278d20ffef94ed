// Package propagate carries capability tags along the edges of a graph:
// presence, reach and composites, with witness paths. It knows no purposes and
// gives no verdicts. See the model, section 5.
package propagate

import (
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/reach"
	"github.com/kinbom/kinbom/sbom"
)

// Strength is how firmly a product is tied to a source.
type Strength string

// Strengths, weakest first.
const (
	Carries   Strength = "carries"   // inside its bundle; no reach edge leads to it
	Linked    Strength = "linked"    // an entry image, or loaded by one
	Reachable Strength = "reachable" // an imported name, class or launch leads to it
	Runs      Strength = "runs"      // a call path from an entry point reaches it
)

// Rank orders strengths: 0 for none.
func (s Strength) Rank() int {
	switch s {
	case Carries:
		return 1
	case Linked:
		return 2
	case Reachable:
		return 3
	case Runs:
		return 4
	}
	return 0
}

// Result is what propagation found. Its lists are sorted.
type Result struct {
	Sources []Source  // by ID
	Carried []Carried // by product, then capability
}

// Source is an image or a code unit where tags of one capability start.
type Source struct {
	ID         string // "image:<digest>#<capability>" or "unit:<digest>@<hex>#<capability>"
	Capability string
	Grade      sbom.Grade // best of its tags
	Image      sbom.Digest
	Address    *uint64
	Mark       string
	Library    string   // id of the library that it belongs to, or ""
	Stores     []string // sorted
	Flags      []string // sorted
	Tags       []sbom.Tag
}

// Carried is one capability in one product. For a composite, Sources are those
// of the capabilities that make it up.
type Carried struct {
	Product    sbom.Digest
	Capability string
	Grade      sbom.Grade
	Sends      string   // composites only: "no", "possible", "shown"
	Strength   Strength // best over its sources; "" at grade mentions
	InBundle   bool     // some source lies inside the product
	Stores     []string
	Flags      []string
	Sources    []SourceReach // exact, sorted by ID
	Witnesses  []Witness     // best first; two or more where they exist

	// What the calls say, where the code marks are known.
	Dormant []string     // ids of sources that are linked or reachable and that no call leads to, of those that kinbom follows; sorted
	Flow    *reach.Flow  // what ties a reader to a sender, when Sends is shown
	Hosts   []reach.Host // addresses of the net near the senders, unless Sends is no
}

// SourceReach is how one source is reached in one product.
type SourceReach struct {
	ID       string
	Grade    sbom.Grade
	Strength Strength
	InBundle bool
	Library  *library.Library // the shared library it belongs to, or nil
}

// Witness is one path from a product to a source.
type Witness struct {
	Source   string
	Strength Strength
	Hops     []Hop
	Calls    []reach.Step // of strength runs: from the entry point to the code unit (of a whole image: to one that refers to its evidence), or nil for a module of a script
}

// Hop is one step: a node and the edge that led to it.
type Hop struct {
	Node  string // graph node id
	Label string
	Edge  string // edge kind, "" on the first hop
	How   string
}

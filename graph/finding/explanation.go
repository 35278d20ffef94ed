package finding

import "github.com/kinbom/kinbom/sbom"

// ExplanationSchema is the name and version of the format of an Explanation.
const ExplanationSchema = "kinbom.why/1"

// Explanation is all that a report says about one capability of one product.
// Fields are only added within version 1.
type Explanation struct {
	Schema       string      `json:"schema"`
	Tool         Tool        `json:"tool"`
	Rules        Rules       `json:"rules"`
	Capability   string      `json:"capability"`
	Product      Product     `json:"product"` // with this capability alone, and the components that hold code of it; without any it does not carry it
	Unseen       bool        `json:"unseen"`  // some code of the product was missing or could not be looked at: finding nothing in it is no negative
	Sources      []Explained `json:"sources"`
	Libraries    []Library   `json:"libraries"`    // that the sources belong to
	WhyNotHigher []string    `json:"whyNotHigher"` // what the grade rests on, and what a higher one lacks
	WouldChange  []string    `json:"wouldChange"`  // what would change the verdict
	Gaps         []Gap       `json:"gaps"`         // of the product and of no product
}

// Explained is one source with the paths that lead from the product to it, and
// where its evidence can be looked at again.
type Explained struct {
	Source
	Witnesses []Witness `json:"witnesses"` // best first, without a common inner image where there are such
	Checks    []Check   `json:"checks"`    // in the order of the evidence that they are of
}

// Check is a way to look at one piece of evidence again.
type Check struct {
	Evidence int         `json:"evidence"` // index into the source's evidence
	Product  sbom.Digest `json:"product"`  // whose file it is: the product itself, where it holds the code
	File     string      `json:"file"`     // under the input
	Command  string      `json:"command"`  // for a POSIX shell; a remark behind # where no common command gives the bytes
}

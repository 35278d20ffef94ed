// Package finding is the output contract: the versioned report, its types and
// its Validate, and nothing that decides. Within schema kinbom.report/1 fields
// are only added; readers ignore what they do not know.
package finding

import "github.com/kinbom/kinbom/sbom"

// Schema is the name and version of the report format.
const Schema = "kinbom.report/1"

// Report is the result of one family run. Every number that any output format
// prints is in it.
type Report struct {
	Schema    string    `json:"schema"`
	Tool      Tool      `json:"tool"`
	Rules     Rules     `json:"rules"`
	Model     *Model    `json:"backgroundModel"` // null: background was told by names alone
	Family    *Family   `json:"family"`          // null: no family file was given
	Inputs    []Input   `json:"inputs"`
	Summary   Summary   `json:"summary"`
	Products  []Product `json:"products"`
	Others    []Other   `json:"others"` // met, but not of this family: listed, not judged
	Libraries []Library `json:"libraries"`
	Sources   []Source  `json:"sources"`
	Findings  []Finding `json:"findings"`
	Gaps      []Gap     `json:"gaps"`
	Coverage  Coverage  `json:"coverage"` // of everything met: products, others and outside
	Outside   Coverage  `json:"outside"`  // files that belong to no product
	Exit      Exit      `json:"exit"`
}

// Tool names what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Rules names the rules in force at scan time.
type Rules struct {
	Digest sbom.Digest `json:"digest"`
}

// Model names the background model in force: what it knows is no kinship.
type Model struct {
	Digest    sbom.Digest `json:"digest"`    // of its saved form
	Libraries int         `json:"libraries"` // that it knows
}

// Family is the family file as it was used.
type Family struct {
	Vendor   string      `json:"vendor"`
	Digest   sbom.Digest `json:"digest"`   // of the file's bytes
	Declared int         `json:"declared"` // products that the file lists
	Met      int         `json:"met"`      // of those, met in the input
	NotMet   []string    `json:"notMet"`   // bundle ids that the file lists and the input lacks
}

// Input is one path that was given, with its digest.
type Input struct {
	Path   string      `json:"path"`
	Kind   string      `json:"kind"`
	SHA256 sbom.Digest `json:"sha256"`
	Files  int         `json:"files"`
	Bytes  int64       `json:"bytes"`
}

// Summary is the answer in numbers.
type Summary struct {
	Capability string `json:"capability"` // the headline composite
	Products   int    `json:"products"`   // judged
	Others     int    `json:"others"`     // listed, not judged
	Carriers   int    `json:"carriers"`   // products with the headline at likely or better
	Unexpected int    `json:"unexpected"` // of those, verdict unexpected
	Ask        int    `json:"ask"`        // of those, verdict ask
	Expected   int    `json:"expected"`   // of those, verdict expected
	Inherited  int    `json:"inherited"`  // of those, provenance inherited
	Mentions   int    `json:"mentions"`   // products that only mention
	Clean      int    `json:"clean"`      // products without the headline
	Unseen     int    `json:"unseen"`     // of the clean ones and those that only mention, products with code that was missing or could not be looked at: no negatives
	Libraries  int    `json:"libraries"`  // shared, background not counted
	Background int    `json:"background"` // shared background libraries
	ThirdParty int    `json:"thirdParty"` // of Libraries, those of public packages
	Findings   int    `json:"findings"`
	Gaps       int    `json:"gaps"`
}

// Product is one judged product.
type Product struct {
	ID           sbom.Digest  `json:"id"`
	Name         string       `json:"name"`
	Kind         string       `json:"kind"`
	BundleID     string       `json:"bundleId"`
	Version      string       `json:"version"`
	Build        string       `json:"build"`
	Team         string       `json:"team"`         // claimed by the signature
	TeamVerified bool         `json:"teamVerified"` // always false in this version
	Path         string       `json:"path"`
	Paths        []string     `json:"paths"`
	Purpose      string       `json:"purpose"`  // "" when none was given
	Security     *bool        `json:"security"` // whether the purpose is a security one; null without purpose
	Images       int          `json:"images"`
	Coverage     Coverage     `json:"coverage"`
	Capabilities []Capability `json:"capabilities"`
	Components   []Component  `json:"components,omitempty"` // its bundles, the root first; sorted by path
}

// Other is a product that was met but is not of this family: listed, not judged.
type Other struct {
	ID       sbom.Digest `json:"id"`
	Name     string      `json:"name"`
	BundleID string      `json:"bundleId"`
	Team     string      `json:"team"`
	Path     string      `json:"path"`
	Why      string      `json:"why"`
	Coverage Coverage    `json:"coverage"`
}

// Capability is what one product carries of one capability. A capability of
// grade mentions has no strength, provenance or verdict.
type Capability struct {
	ID         string    `json:"id"`
	Grade      string    `json:"grade"`
	Sends      string    `json:"sends,omitempty"` // composites only: no, possible, shown
	Strength   string    `json:"strength,omitempty"`
	Provenance string    `json:"provenance,omitempty"`
	Verdict    string    `json:"verdict,omitempty"`
	Declared   string    `json:"declared,omitempty"`
	DeclaredBy []string  `json:"declaredBy,omitempty"` // files that say so, with what they say
	InBundle   bool      `json:"inBundle"`             // at least one source lies inside the product
	Stores     []string  `json:"stores,omitempty"`     // browser families whose stores are named: safari, chromium, firefox
	Flags      []string  `json:"flags"`
	Sources    []string  `json:"sources"` // ids into Report.Sources
	Witnesses  []Witness `json:"witnesses"`
	Why        []string  `json:"why"` // why this strength, provenance and verdict: one short sentence each

	// What the calls say, where they are known.
	Dormant []string `json:"dormant,omitempty"` // ids of sources that no call leads to, of those that kinbom follows
	Flow    *Flow    `json:"flow,omitempty"`    // with sends shown: what ties a reader to a sender
	Hosts   []Host   `json:"hosts,omitempty"`   // addresses of the net near the senders
}

// Flow is what ties code that reads to code that sends. No data is followed.
type Flow struct {
	How    string `json:"how"`
	Reader []Call `json:"reader"`           // from what ties them to the reader; without sender: from the reader to the sender
	Sender []Call `json:"sender,omitempty"` // from what ties them to the sender or packer
}

// Host is an address of the net, or a template of one, in a literal near a sender.
type Host struct {
	Text     string      `json:"text"`
	How      string      `json:"how"` // how near the function that refers to it is to the sender
	Image    sbom.Digest `json:"image"`
	Address  uint64      `json:"address"` // of that function
	Function string      `json:"function,omitempty"`
}

// Call is one function on a way through code.
type Call struct {
	Image    sbom.Digest `json:"image"`
	Address  uint64      `json:"address"`
	Function string      `json:"function,omitempty"` // its name, where it has one
	How      string      `json:"how,omitempty"`      // how the step to it is known; absent on the first one of a flow
	Over     bool        `json:"over,omitempty"`     // the step may go too far
}

// Witness is one path from the product to a source; anyone can re-check it.
type Witness struct {
	Source   string `json:"source"`
	Strength string `json:"strength"`
	Hops     []Hop  `json:"hops"`            // first the product, last the image or code unit
	Calls    []Call `json:"calls,omitempty"` // of strength runs: from an entry point to the code unit, or of a whole image to one that refers to its evidence
}

// Hop is one step of a witness: the node, and the edge that led to it.
type Hop struct {
	Node  string `json:"node"`           // node id as in graph
	Kind  string `json:"kind"`           // node kind
	Label string `json:"label"`          // for people: a path or a name
	Edge  string `json:"edge,omitempty"` // edge kind that led here; absent on the first hop
	How   string `json:"how,omitempty"`  // how that edge is known
}

// Source is an image or code unit where tags start, with its evidence.
type Source struct {
	ID         string        `json:"id"` // "image:<digest>" or "unit:<digest>@<hex address>", then "#" and the capability
	Capability string        `json:"capability"`
	Grade      string        `json:"grade"`
	Image      sbom.Digest   `json:"image"`
	Arch       string        `json:"arch"`
	Address    *uint64       `json:"address"`          // null at image scope
	Mark       *string       `json:"mark"`             // null at image scope
	Symbol     string        `json:"symbol,omitempty"` // name of the code unit, where it is known
	Scopes     []string      `json:"scopes,omitempty"` // how far around the unit its evidence was looked for
	Next       []NextGrade   `json:"next,omitempty"`   // by rule: why not a higher grade
	Library    *string       `json:"library"`          // id into Report.Libraries, or null
	Rules      []string      `json:"rules"`
	Flags      []string      `json:"flags"`
	Stores     []string      `json:"stores"`
	Places     []SourcePlace `json:"places"` // every product that carries it and the paths in it
	Evidence   []Evidence    `json:"evidence"`
}

// SourcePlace is one file that holds a source.
type SourcePlace struct {
	Product sbom.Digest `json:"product"`
	Path    string      `json:"path"` // relative to the product
	Role    string      `json:"role"`
	SHA256  sbom.Digest `json:"sha256"` // of the whole file: evidence with this digest can be re-checked here
}

// Evidence is bytes that anyone can look at again.
type Evidence struct {
	SHA256  sbom.Digest `json:"sha256"` // of the whole file
	Slice   int64       `json:"slice"`  // offset of the slice in the file
	Section string      `json:"section"`
	Offset  int64       `json:"offset"` // in the file
	Length  int64       `json:"length"`
	Bytes   []byte      `json:"bytes"` // up to 256, base64 in JSON
	Text    string      `json:"text"`  // the same, printable, others escaped
	Kind    string      `json:"kind"`
	Signal  string      `json:"signal"`
	Rule    string      `json:"rule"`

	How      string `json:"how,omitempty"`      // how the text follows from the bytes: joined, base64, xor 5a, ...; "" when it is these bytes
	Meaning  string `json:"meaning,omitempty"`  // with How: the text that the rule saw, printable
	Function string `json:"function,omitempty"` // hexadecimal address of the function that refers to it
	Symbol   string `json:"symbol,omitempty"`   // name of that function
	Path     string `json:"path,omitempty"`     // in the product, of a file that is no place of the source, such as a property list
	Use      string `json:"use,omitempty"`      // what the code does with the text: reads, shows, compares, writes; "" when not known
}

// NextGrade says why a rule gave no higher grade to a source.
type NextGrade struct {
	Rule    string   `json:"rule"`
	Grade   string   `json:"grade"`             // next higher one that the rule knows; "": it knows none
	Missing []string `json:"missing,omitempty"` // parts of its condition that the evidence does not show, in words
	Why     string   `json:"why"`               // one sentence
}

// Library is code that two or more products carry; executables too.
type Library struct {
	ID           string        `json:"id"`
	Kind         string        `json:"kind"` // dynamic, static
	Name         string        `json:"name"`
	Background   bool          `json:"background"`
	Why          string        `json:"why"`    // why it is or is not background
	Rung         string        `json:"rung"`   // weakest rung of the sameness ladder that ties its copies
	SHA256       []sbom.Digest `json:"sha256"` // of its files, sorted
	Images       []sbom.Digest `json:"images"`
	Products     []string      `json:"products"` // their path, sorted
	ProductIDs   []sbom.Digest `json:"productIds"`
	Capabilities []string      `json:"capabilities"` // ids of tags at likely or better that start in it
	SameAs       []SameAs      `json:"sameAs"`
	Packages     []Package     `json:"packages,omitempty"` // of public registries that it is of; background or not

	Builds  []Build   `json:"builds,omitempty"`  // of static libraries with several; by number
	Similar []Similar `json:"similar,omitempty"` // images with similar evidence: no carriers

	// Only of libraries that were found by their code units.
	Functions int      `json:"functions,omitempty"`
	Copies    []Copy   `json:"copies,omitempty"`  // sorted by product, path, image
	Names     []Naming `json:"names,omitempty"`   // what names it, best first
	Members   []Member `json:"members,omitempty"` // in link order; the first ones, and all in which a capability starts
}

// Package is a package of a public registry that a library is known to be of. The
// registry was not asked.
type Package struct {
	PURL string `json:"purl"`
	How  string `json:"how"`  // crate path, package list
	Text string `json:"text"` // the source path, or the place of the file in the product
}

// ThirdParty reports whether a library is of public packages and no background:
// products have it in common, and others may have it too.
func (l *Library) ThirdParty() bool { return !l.Background && len(l.Packages) > 0 }

// Copy is the part of a library that one image holds.
type Copy struct {
	Image     sbom.Digest `json:"image"`
	Product   sbom.Digest `json:"product"`
	Path      string      `json:"path"` // of the image in the product
	Word      string      `json:"word"` // IDENTICAL, SAME SOURCE, SIMILAR EVIDENCE
	Build     int         `json:"build"`
	Functions int         `json:"functions"`      // of the library that it has
	Exact     int         `json:"exact"`          // of those, with a mark that another image has too
	Text      float64     `json:"text,omitempty"` // share of the library's own text that it has
}

// Naming is one thing that names a library.
type Naming struct {
	How   string `json:"how"`
	Name  string `json:"name"`
	Text  string `json:"text"`
	Count int    `json:"count"` // functions that say so
}

// Member is one function of a library, as its fullest copy has it.
type Member struct {
	Mark    string      `json:"mark"` // full mark, 16 hexadecimal digits
	Name    string      `json:"name"` // "" where no copy has one
	Copies  int         `json:"copies"`
	Image   sbom.Digest `json:"image"`
	Address uint64      `json:"address"`
	Size    uint32      `json:"size"`
}

// MaxMembers is how many functions of a library a report lists beside those in
// which a capability starts.
const MaxMembers = 64

// SameAs ties a library to another one that is not the same, with its rung.
type SameAs struct {
	Library string  `json:"library"`
	Rung    string  `json:"rung"`
	Word    string  `json:"word,omitempty"`  // SIMILAR EVIDENCE: not shared
	Score   float64 `json:"score,omitempty"` // of what this one has, the share that the other has too
}

// Build is one build of a static library, with its same-as ties to the others.
type Build struct {
	Number    int        `json:"number"`
	Arch      string     `json:"arch"`
	Functions int        `json:"functions"` // of the library, in its fullest copy
	Ties      []BuildTie `json:"ties"`
}

// BuildTie is a same-as tie to another build, in this direction.
type BuildTie struct {
	Build int     `json:"build"`
	Rung  string  `json:"rung"`
	Word  string  `json:"word"`
	Score float64 `json:"score"` // share of this build's functions that the other has
	Exact float64 `json:"exact"` // share that it has with an equal mark
}

// Similar is an image with some of a library's text and none of its functions.
type Similar struct {
	Product sbom.Digest `json:"product"`
	Path    string      `json:"path"`
	Image   sbom.Digest `json:"image"`
	Word    string      `json:"word"`
	Text    float64     `json:"text"` // share of the library's own text that it has
}

// Finding is one sentence of the answer, with what it rests on.
type Finding struct {
	ID         string      `json:"id"`   // stable: digest of kind, capability, product and library
	Kind       string      `json:"kind"` // inherited, unexpected, ask, ...
	Capability string      `json:"capability"`
	Product    sbom.Digest `json:"product"`
	Path       string      `json:"path"`
	Verdict    string      `json:"verdict"`
	Provenance string      `json:"provenance"`
	Grade      string      `json:"grade"`
	Strength   string      `json:"strength"`
	Libraries  []string    `json:"libraries"` // through which it came
	Sources    []string    `json:"sources"`
	// Other products that carry the same code, and those of them that are
	// origins. It says who shares, not where the code came from.
	Kin     []sbom.Digest `json:"kin"`
	Origins []sbom.Digest `json:"origins"`
	Text    string        `json:"text"`
}

// Gap is something that could not be looked at or, of kind untested, that was
// read by a reader which no file of another maker has confirmed.
type Gap struct {
	Product *sbom.Digest `json:"product"` // null: belongs to no product
	Path    string       `json:"path"`    // product path and path in it, or path under the input
	Image   sbom.Digest  `json:"image,omitempty"`
	Kind    string       `json:"kind"`
	Offset  int64        `json:"offset"` // -1: not known
	Why     string       `json:"why"`
	Count   int          `json:"count"`
	// Only of unresolved references: all that it stands for are weak. The
	// product is made to run without what is not there, so nothing is missing.
	Weak bool `json:"weak,omitempty"`
}

// Coverage counts files met: files = analysed + skipped + unreadable.
type Coverage struct {
	Files      int      `json:"files"`
	Analysed   int      `json:"analysed"`
	Skipped    int      `json:"skipped"`
	Unreadable int      `json:"unreadable"`
	Reasons    []Reason `json:"reasons"`
}

// Reason is one cause with its count.
type Reason struct {
	Status string `json:"status"`
	Why    string `json:"why"`
	Count  int    `json:"count"`
}

// Exit is the exit status and why; equal in all formats.
type Exit struct {
	Status  int      `json:"status"`
	Reasons []string `json:"reasons"`
}

package sbom

// Unit is a piece of code with the plain facts that rules look at. Today a
// unit is a whole image; later also a function, a class, a JavaScript module.
type Unit struct {
	Image   Digest
	Scope   Scope
	Address *uint64 // of the unit in the image; nil: the whole image
	Mark    string  // full mark of the unit (hexadecimal), or ""
	Facts   []Fact
}

// Scope is how large a unit is.
type Scope string

// Scopes.
const (
	ScopeImage    Scope = "image"
	ScopeFunction Scope = "function"
	ScopeCallees  Scope = "callees" // a function with those that it calls directly
	ScopeClass    Scope = "class"
	ScopeModule   Scope = "module"  // of a script
	ScopeModules  Scope = "modules" // a module with those that it requires directly

	ScopeComponent Scope = "component" // a bundle: its property lists, the entitlements and loads of its images; the tag is its executable's
	ScopeProduct   Scope = "product"   // all components of a product together; the tag is the main executable's
)

// FactKind is the kind of a fact.
type FactKind string

// Fact kinds.
const (
	FactString      FactKind = "string"      // literal in a string section
	FactCFString    FactKind = "cfstring"    // literal behind a CFString record
	FactConst       FactKind = "const"       // printable run in a constant section; may hold several literals end to end
	FactImport      FactKind = "import"      // imported name, with its leading underscore taken off
	FactSelector    FactKind = "selector"    // Objective-C selector referenced or implemented
	FactClass       FactKind = "class"       // Objective-C class defined
	FactClassRef    FactKind = "class-ref"   // Objective-C class of another image
	FactLoad        FactKind = "load"        // library reference
	FactEntitlement FactKind = "entitlement" // key of an entitlement
	FactPlist       FactKind = "plist"       // key of a property list of the bundle, or "key=value"
	FactNumber      FactKind = "number"      // number that code uses, in decimal digits
	FactModule      FactKind = "module"      // module that a script requires or imports, as written
	FactCall        FactKind = "call"        // what a script calls: "readFileSync", "fs.readFileSync"
)

// Fact is one plain fact of a unit with the bytes that prove it.
type Fact struct {
	Kind    FactKind
	Value   []byte // raw bytes, without terminator
	Section string // "__TEXT,__cstring"; "" when not in a section
	Offset  int64  // of Value in the slice; -1 when there is no such place
	Length  int64  // bytes in the file at Offset (may differ from len(Value) for UTF-16)
	How     string // how Value follows from the bytes, when it is not these bytes: see the How constants; else ""
	Parts   []Span // how HowJoined: the bytes of each part in the order of the text; else nil
	Use     string // of a text: what the code does with it, as far as local data flow shows; see the Use constants; "" when not known
}

// What code does with a text.
const (
	UseReads    = "reads"    // its value reaches an argument of a call that opens, reads, copies or queries
	UseShows    = "shows"    // it only reaches what prints, logs or displays
	UseCompares = "compares" // it is only compared, searched for or matched
	UseWrites   = "writes"   // it only reaches what writes it out
)

// Span is bytes of a slice.
type Span struct{ Offset, Length int64 }

// How the value of a fact follows from bytes that are not it. A key of
// HowXOR stands behind it as two hexadecimal digits: "xor 5a".
const (
	HowJoined     = "joined"     // code puts it together from parts
	HowBase64     = "base64"     // the bytes are base64 of it
	HowHex        = "hex"        // the bytes are hexadecimal digits of it
	HowReversed   = "reversed"   // the bytes are it backwards
	HowXOR        = "xor"        // every byte is combined with one key
	HowImmediates = "immediates" // instructions hold it in pieces
	HowCodes      = "codes"      // a list of character codes
	HowZlib       = "zlib"       // the bytes are zlib data that hold it among others
	HowEscaped    = "escaped"    // the literal writes it with escapes, or a number in another way than in decimal digits
)

// Grade is how sure a tag is; see the model, section 4.
type Grade string

// Grades, weakest first.
const (
	GradeMentions Grade = "mentions"
	GradeLikely   Grade = "likely"
	GradeShown    Grade = "shown"
)

// Rank orders grades: 0 for none, then mentions, likely, shown.
func (g Grade) Rank() int {
	switch g {
	case GradeMentions:
		return 1
	case GradeLikely:
		return 2
	case GradeShown:
		return 3
	}
	return 0
}

// Flags of a tag.
const (
	FlagClears   = "clears"    // deletes, does not read
	FlagOwnStore = "own-store" // the store is the product's own
	FlagEngine   = "engine"    // literals of a browser engine
	FlagImporter = "importer"  // a browser that reads other browsers
	FlagOpaque   = "opaque"    // packed, encrypted or bytecode: could not be looked into
)

// Tag says that a unit DIRECTLY has a capability. It does not say that a
// product uses it.
type Tag struct {
	Capability  string // id such as browser.history.read
	Grade       Grade
	Image       Digest
	Address     *uint64    // of the code unit; nil: the whole image
	Mark        string     // full mark of the unit, or ""
	Rule        string     // id of the rule
	RulesDigest Digest     // of the rules in force
	Stores      []string   // browser families whose stores the rule names: safari, chromium, firefox; sorted
	Flags       []string   // sorted
	Evidence    []Evidence // sorted by Offset, then Signal
	Scope       Scope      // how far around the unit its evidence was looked for; "" in BOMs of older versions
	Symbol      string     // name of the code unit: "-[Class selector]", a function's name; "" when not known
}

// Evidence is bytes that anyone can look at again.
type Evidence struct {
	File    Digest // of the whole file
	Slice   int64  // offset of the slice in the file
	Section string // "__TEXT,__cstring" or ""
	Offset  int64  // of the bytes in the FILE (not in the slice)
	Length  int64  // number of bytes there
	Bytes   []byte // up to 256 of them
	Kind    FactKind
	Signal  string // which part of the rule it satisfies: "vendor", "store", "sql", "open", ...

	How      string // how the text follows from the bytes: see the How constants; "" when it is these bytes
	Meaning  []byte // with How: the text that the rule saw, up to 256 bytes; else nil
	Function uint64 // address of the function that refers to it, where that is known; else 0
	Symbol   string // name of that function, or ""
	Use      string // what the code does with the text: see the Use constants; "" when not known

	// Path is where File lies in the product, for a tag of a component or a product:
	// the bytes may be of a property list or another image; else "".
	Path string
}

// MaxEvidenceBytes is the most bytes that one Evidence carries.
const MaxEvidenceBytes = 256

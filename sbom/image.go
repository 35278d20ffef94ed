package sbom

// Image is one slice of a binary file: what one architecture runs. Its id is
// the digest of the slice's bytes; the same content at several places is one
// image with several places. The words are neutral to the file format.
type Image struct {
	Digest     Digest     // of the slice's bytes
	Format     string     // "macho"; of a module of a script: see the Format constants
	Arch       string     // arm64, arm64e, arm64_32, x86_64, i386, ...; "" for scripts
	Type       string     // execute, dylib, bundle, object, dsym, ...; "module" for scripts
	Size       int64      // bytes of the slice
	Places     []Place    // sorted by Path, then Offset; at least one
	Identities []Identity // sorted by Method; see the sameness ladder

	InstallName    string // name under which a dynamic library asks to be loaded
	CurrentVersion string // of the library itself
	CompatVersion  string
	Loads          []Load     // in file order: the order is the library ordinal
	Rpaths         []string   // in file order: dyld tries them in order
	Builds         []Build    // in file order
	Signature      *Signature // nil: unsigned
	Encrypted      bool       // some of the code is encrypted (FairPlay)
	Stripped       bool       // no defined local symbols are left

	Classes    []string // Objective-C classes defined here, sorted
	Categories []string // Objective-C categories as "Class(Category)", sorted
	Protocols  []string // Objective-C protocols, sorted
	SwiftTypes []string // Swift nominal types as "Module.Type", sorted
	Counts     Counts

	// Hosts are the hosts and URL templates in the image's literals, such as
	// "https://up.example.com" or "https://%@.example.com": scheme and host, no
	// path. Sorted; at most MaxHosts, with HostsMore for those that were left out.
	// Names of formats (XML namespaces, document types) that look like addresses
	// are no hosts.
	Hosts     []string
	HostsMore int

	// Marks is the digest of the file with the marks of the image's code units,
	// saved beside the BOMs; "" when none were made.
	Marks Digest
}

// Formats of images that are modules of a script language: one file, one inner
// module of a bundle, or one member of an archive. Only modules in which rules
// find something are images; the others are counted in the coverage. The digest
// is that of the module's bytes, and so is Size.
const (
	FormatJavaScript = "javascript"
	FormatPython     = "python"
)

// TypeModule is the type of such an image.
const TypeModule = "module"

// MaxHosts is the most hosts that one Image lists. A list that was cut is no
// gap: every literal was looked at.
const MaxHosts = 200

// Counts says how much of each thing an image holds.
type Counts struct {
	Functions int // function starts
	Strings   int // literals in string sections, CFStrings and printable runs of constants
	CFStrings int
	Imports   int
	Exports   int
	Selectors int
	Symbols   int
}

// Place is one place of an image in its product.
type Place struct {
	Path   string // of the file, relative to the product; a member of a static archive lies below it
	File   Digest // of the whole file
	Offset int64  // of the slice (or member) in the file
	Bundle string // Path of the innermost bundle that holds the file
	Role   Role
}

// Identity is one method by which two images can be recognised as the same.
type Identity struct {
	Method string // see the Identity constants
	Value  string
}

// Identity methods of Mach-O images, in the order of the sameness ladder below
// "same bytes". Other formats add their own.
const (
	IdentCDHash   = "cdhash"          // code directory hash, 40 hex (Apple: first 20 bytes of the digest of the CodeDirectory)
	IdentUnsigned = "unsigned-digest" // digest of the slice without its signature
	IdentUUID     = "macho-uuid"      // LC_UUID, lower-case hex without dashes
	IdentText     = "text-digest"     // digest of the code section (__TEXT,__text)
)

// Identity returns the value for a method, or "".
func (m *Image) Identity(method string) string {
	for _, i := range m.Identities {
		if i.Method == method {
			return i.Value
		}
	}
	return ""
}

// LoadKind is how a library reference is loaded.
type LoadKind string

// Load kinds, neutral words for the LC_LOAD_* commands.
const (
	LoadRegular  LoadKind = "regular"
	LoadWeak     LoadKind = "weak"
	LoadReexport LoadKind = "re-export"
	LoadUpward   LoadKind = "upward"
	LoadLazy     LoadKind = "lazy"
)

// Load is one reference to a dynamic library, as written in the file.
type Load struct {
	Name    string // install name as written: /usr/lib/..., @rpath/..., ...
	Kind    LoadKind
	Current string // version it was linked against
	Compat  string // lowest version it accepts
	Imports int    // number of imported names bound to it
}

// Build is one build version record of an image.
type Build struct {
	Platform string // macos, ios, maccatalyst, ...
	MinOS    string
	SDK      string
	Tools    []Tool
}

// Tool is a tool that took part in a build, with its version.
type Tool struct{ Name, Version string }

// Signature is what the embedded code signature CLAIMS. Nothing in it is
// verified against a certificate authority.
type Signature struct {
	Identifier   string
	Team         string     // team id, or ""
	Flags        uint32     // code directory flags
	AdHoc        bool       // no certificate: anybody can make it
	CMS          bool       // a CMS blob (certificate chain) is present
	Entitlements []KeyValue // key and value (scalars as text, lists as JSON), sorted by key
}

// LinkKind is the kind of a tie between two images of one product.
type LinkKind string

// Link kinds; see the model for the reach that each grants.
const (
	LinkLoads    LinkKind = "loads"
	LinkCalls    LinkKind = "calls"
	LinkLaunches LinkKind = "launches"
	LinkOpens    LinkKind = "opens"
)

// Link is a tie from an image of the product to another image, to a system
// library, to code outside the bundle, or to nothing that could be found.
type Link struct {
	Kind     LinkKind
	From     Digest   // image of this product
	To       Digest   // image of this product, or "" when Target is not Inside
	Target   Target   // where the reference leads
	Name     string   // reference as written: install name, path or bundle id
	Load     LoadKind // for loads
	How      string   // how it was resolved or known: "absolute", "@rpath", "@loader_path", "@executable_path", "re-export", "bound symbol", "flat lookup", "bundle contents", "bundle id in a string", ...
	Soft     bool     // rests on a string, not on a structure of the file
	Seen     bool     // for launches: the launch itself is seen (API import and the target's name)
	Symbols  []string // for calls, and for loads that leave the product: imported names that tie the two; sorted
	Evidence []Evidence
}

// Words in How of links that lead to modules of scripts: how it begins, and how it
// ends where data is seen to go from one module to another one.
const (
	HowRequire = "require: "              // the modules that ask for each other, from an entry or the asking module on
	HowImport  = "import: "               // the same, of Python
	HowHandsOn = "data handed on: "       // a third module hands what From gives it to a function of To
	HowGives   = ", and is handed data"   // From hands data to functions of To
	HowTakes   = ", and its data is used" // From uses what functions of To give it
)

// Target says where a Link leads.
type Target string

// Targets.
const (
	TargetInside  Target = "inside"  // an image of this product
	TargetSystem  Target = "system"  // a library of the operating system
	TargetOutside Target = "outside" // a path outside the bundle that is not the system's
	TargetMissing Target = "missing" // nothing in the input answers to it
)

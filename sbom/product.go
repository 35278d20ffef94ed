package sbom

// ProductKind says how a product was met.
type ProductKind string

// The kinds of product.
const (
	KindApp        ProductKind = "app"        // an outermost .app bundle; an app held by another one when it was split off
	KindExecutable ProductKind = "executable" // an executable outside any bundle
	KindLibraries  ProductKind = "libraries"  // the loose libraries of one input
)

// Product is one product of a vendor: an outermost .app, an executable outside
// any bundle, or the loose libraries of one input. An archive or disk image is
// a place where a product was met, not a product.
type Product struct {
	ID       Digest      // see ProductID
	Kind     ProductKind //
	Name     string      // display name; a label, never an identity
	BundleID string      // CFBundleIdentifier of the root bundle, or ""
	Version  string      // CFBundleShortVersionString, else CFBundleVersion
	Build    string      // CFBundleVersion
	Platform string      // macos, ios, ... of the main executable, or ""
	Team     string      // team id CLAIMED by the main executable's signature; not verified
	Paths    []string    // where it was met, relative to the input; sorted, at least one

	Bundles  []Bundle  // sorted by Path; the root bundle (Path "") first when there is one
	Images   []Image   // sorted by Digest; each content once
	Links    []Link    // sorted; see SortLinks
	Packages []Package // sorted by PURL, then place
	Tags     []Tag     // sorted; see SortTags
	Notes    []Note    // sorted; see SortNotes
	Gaps     []Gap     // sorted; see SortGaps
	Coverage Coverage  // over all files at all Paths
}

// BundleKind is the kind of a folder (or archive) that groups files of a product.
type BundleKind string

// The kinds of bundle.
const (
	BundleApp       BundleKind = "app"
	BundleFramework BundleKind = "framework"
	BundleAppex     BundleKind = "appex" // app extension
	BundleXPC       BundleKind = "xpc"   // XPC service
	BundleSystemExt BundleKind = "systemextension"
	BundlePlugin    BundleKind = "plugin" // .plugin, .bundle in PlugIns, prefPane, qlgenerator, ...
	BundleResource  BundleKind = "bundle" // .bundle elsewhere
	BundleXCF       BundleKind = "xcframework"
	BundleDSYM      BundleKind = "dsym" // symbols of another binary: never counted as code
	BundleAsar      BundleKind = "asar" // archive of an Electron app: its members lie below its path
)

// Role says what a bundle or an image is for in its product.
type Role string

// Roles. Those for which Entry is true are started by the system or the user
// and are entry points of reach.
const (
	RoleMain      Role = "main"       // main executable of the root bundle, or the bare executable
	RoleHelperApp Role = "helper-app" // an .app inside the product
	RoleLoginItem Role = "login-item" // Contents/Library/LoginItems/*.app
	RoleHelper    Role = "helper"     // another executable inside the product (helper tool)
	RoleExtension Role = "extension"  // executable of an .appex or system extension
	RoleXPC       Role = "xpc"        // executable of an .xpc
	RoleFramework Role = "framework"  // executable of a .framework
	RolePlugin    Role = "plugin"     // loadable bundle (MH_BUNDLE): plug-ins, .node addons
	RoleLibrary   Role = "library"    // loose dynamic library
	RoleObject    Role = "object"     // relocatable object
	RoleModule    Role = "module"     // module of a script language
	RoleSymbols   Role = "symbols"    // dSYM: paired with its image, never code
)

// Entry reports whether code of this role is started by the system or the user.
func (r Role) Entry() bool {
	switch r {
	case RoleMain, RoleHelperApp, RoleLoginItem, RoleHelper, RoleExtension, RoleXPC:
		return true
	}
	return false
}

// Bundle is one bundle of a product and what its own property lists say.
type Bundle struct {
	Path           string     // relative to the product, slash-separated; "" is the product's own root
	Kind           BundleKind //
	Role           Role       //
	Name           string     // CFBundleDisplayName, else CFBundleName, else the folder's name without its ending
	ID             string     // CFBundleIdentifier
	Version        string     // CFBundleShortVersionString
	Build          string     // CFBundleVersion
	Executable     string     // path of the executable relative to the product, or "" when none was found
	MinOS          string     // LSMinimumSystemVersion or MinimumOSVersion
	Category       string     // LSApplicationCategoryType
	ExtensionPoint string     // NSExtensionPointIdentifier
	Classes        []KeyValue // classes that its Info.plist names for the system to make: NSPrincipalClass, NSExtensionPrincipalClass, ...; sorted by key
	Usage          []KeyValue // usage descriptions (NS*UsageDescription), sorted by key
	Privacy        *Privacy   // its own PrivacyInfo.xcprivacy, or nil when there is none
	Nibs           *Nibs      // what its interface files name, or nil when it has none or the BOM is of an older version
}

// Nibs is what the interface files of a bundle (nibs, compiled storyboards) name
// of code: they make objects of classes that no code names.
type Nibs struct {
	Read    int        // files that were read
	Unread  int        // files that could not be: what they name is not known
	Classes []KeyValue // by Key, the path of the first nib that names it, relative to the product: classes of objects; none of the system's, where the product does not define it; sorted
	Sends   []string   // selectors that the objects send, and names of their outlets and key paths; sorted
}

// KeyValue is one named text.
type KeyValue struct{ Key, Value string }

// Privacy is what a PrivacyInfo.xcprivacy declares (Apple: "Privacy manifest files").
type Privacy struct {
	Tracking        bool     // NSPrivacyTracking
	TrackingDomains []string // NSPrivacyTrackingDomains, sorted
	Collected       []string // NSPrivacyCollectedDataType values, sorted
	Accessed        []string // NSPrivacyAccessedAPIType values, sorted
	File            string   // path of the manifest relative to the product; "" in BOMs of older versions
}

// Package is a third-party package with the place it was found in: by syft, or
// by what a runtime that an app carries whole says of itself.
type Package struct {
	PURL     string // package URL; may be "" when the ecosystem has none
	Name     string
	Version  string
	Type     string   // syft's package type: go-module, npm, python, ...
	FoundBy  string   // name of the cataloger
	Licenses []string // sorted
	Place    string   // path of the file that shows it, relative to the product
	Bundle   string   // Path of the innermost bundle that holds Place
	Main     bool     // the program at Place was built from this package (Go: its main module)

	Evidence []Evidence // bytes that give the version, where they are known; sorted
}

// Note is a fact about a product that is neither code nor a gap: it was looked
// at, and this came of it. A note never makes a result incomplete.
type Note struct {
	Kind   NoteKind
	Path   string // relative to the product
	Digest Digest // see the kinds, or ""
	Text   string // in plain words, without the path; may be ""
}

// NoteKind is the type of a note.
type NoteKind string

// The kinds of note.
const (
	NoteHoldsApp      NoteKind = "holds-app"      // an app of its own at Path, read as a part of this product
	NoteSplitOff      NoteKind = "split-off"      // an app of its own at Path, made a product of its own: Digest is its id
	NoteElectron      NoteKind = "electron"       // the product runs on Electron; Path is the framework, Text its versions
	NoteAsarIntegrity NoteKind = "asar-integrity" // the header of the archive at Path has the digest (Digest) that a property list gives for it
)

// Coverage counts files met. Files = Analysed + Skipped + Unreadable, always.
type Coverage struct {
	Files      int
	Analysed   int
	Skipped    int
	Unreadable int
	Reasons    []Reason // why files were skipped or unreadable; sorted; its counts sum to Skipped + Unreadable
}

// Reason is one cause with the number of files it applies to.
type Reason struct {
	Status string // skipped or unreadable
	Why    string // short and stable, such as "javascript: not looked at", "not code"
	Count  int
}

// Gap is something that kinbom could not look into, or only in part, or whose
// reader is untested (see Missing). A gap is a result: located, typed, and shown
// beside every negative.
type Gap struct {
	Kind   GapKind
	Path   string // relative to the product, or to the input for gaps of no product
	Image  Digest // the image concerned, or ""
	Offset int64  // byte in the file where the trouble was met, or -1
	Why    string // in plain words, without the path
	Count  int    // how many files it stands for; at least 1
}

// GapKind is the type of a gap.
type GapKind string

// The kinds of gap.
const (
	GapUnreadable   GapKind = "unreadable"    // the file or a part of it could not be parsed
	GapWorkerDied   GapKind = "worker-died"   // the child process that read it crashed or was killed
	GapTimeout      GapKind = "timeout"       // the child process passed its deadline
	GapLimit        GapKind = "limit"         // a limit of the budget was hit
	GapEncrypted    GapKind = "encrypted"     // encrypted code
	GapNotLookedAt  GapKind = "not-looked-at" // a kind of code that this version does not read
	GapUnresolved   GapKind = "unresolved"    // a library reference that leads nowhere in the input
	GapUnsupported  GapKind = "unsupported"   // a container or format that cannot be opened
	GapInconsistent GapKind = "inconsistent"  // inputs that contradict each other, such as BOMs made with different rules
	GapNoMarks      GapKind = "no-marks"      // code without marks, or with marks that cannot be compared: its kinship is unknown
	GapUntested     GapKind = "untested"      // a form of container that was read after its description alone; belongs to no product
)

// KinshipOnly reports whether a gap of this kind leaves out nothing but the
// comparison of code with other code. What was looked for in the literals and
// names of the file was looked for all the same, so that not finding it is as
// good as without the gap.
func (k GapKind) KinshipOnly() bool { return k == GapNoMarks }

// Missing reports whether something was not looked at. Of all kinds only
// GapUntested says no: all was read, by a reader that no file of another maker
// has confirmed.
func (k GapKind) Missing() bool { return k != GapUntested }

package sbom

// Scan is the result of one scan: the products and what belongs to none. Saved
// it is a folder: one BOM per product, scan.json, and marks/ (reserved).
type Scan struct {
	Tool     string     // "kinbom"
	Version  string     // of the tool
	Rules    Digest     // of the rules in force
	Inputs   []Input    // as given, sorted by Path
	Products []*Product // sorted by first path, then ID
	Outside  Coverage   // files that belong to no product
	Gaps     []Gap      // gaps that belong to no product; sorted
}

// Kinds of Input.
const (
	InputDirectory = "directory"
	InputBundle    = "bundle" // a folder that is itself an app or another bundle
	InputFile      = "file"
	InputZip       = "zip"
	InputIPA       = "ipa" // a zip with Payload/*.app
	InputDMG       = "dmg" // a disk image, of Apple's form or plain
	InputPkg       = "pkg" // an installer package
	InputXIP       = "xip"
	InputTar       = "tar" // plain or compressed
	InputAsar      = "asar"
)

// Input is one path that the user gave.
type Input struct {
	Path   string // the last component of the path, with a number where two inputs have the same: where an input lies does not show
	Kind   string //
	Digest Digest // of the file; of a folder: of its sorted (path, content digest) list, without members of archives that are themselves a part of a product
	Files  int    // regular files met, those in archives too
	Bytes  int64  // bytes of those
}

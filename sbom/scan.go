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

// Input is one path that the user gave.
type Input struct {
	Path   string // as the user gave it, cleaned, with slashes; without its folders when it is absolute
	Kind   string // directory, file, zip, ipa
	Digest Digest // of the file; for a directory of its sorted (path, content digest) list
	Files  int    // regular files met below it
	Bytes  int64  // bytes of those
}

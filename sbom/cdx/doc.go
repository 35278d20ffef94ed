// Package cdx is the saved form of what sbom knows: CycloneDX 1.6 and 1.7,
// JSON and XML, one BOM per product, and a folder of them with scan.json.
//
// It promises an exact round trip: Read(Write(p)) equals p after p.Normalize(),
// and writing what was read gives the same bytes. The facts of kinbom live in
// properties under "kinbom:" (docs/sbom.md lists every one); the fields of
// CycloneDX say the same to other tools as far as they can say it. A reader
// takes the properties; where a field and its property disagree, or the serial
// number is not that of the content, somebody has changed the file, and the
// product gets a gap that says so.
//
// BOMs come from other people, so reading is bounded: by a size (see Limits),
// by the nesting depth of the decoders (10,000), by checked ids and counts.
// Trouble is an error, never a panic. Names in a BOM are never opened as
// files; names of BOM files in scan.json must be plain names in its folder.
//
// No other package knows that CycloneDX exists.
package cdx

// Package sbom holds the nouns of ONE product: what kinbom knows about it
// after its shipped bytes were read, and nothing else. It does no I/O.
//
// The straight way of the data is
//
//	bytes -> units -> SBOM -> graph -> findings -> report
//
// Packages below sbom turn bytes into these nouns and end in a saved BOM
// (sbom/cdx). Packages below graph start from these nouns and never open a
// shipped file. So this package is the contract between the two halves: it
// imports nothing of ours, and nothing in it belongs to one file format or to
// one library that we use.
//
// Identity is content: every id is a SHA-256 of bytes; names are labels.
// All lists in a finished Product are sorted (see Product.Normalize), so that
// the same input gives the same bytes out.
package sbom

// Package capability holds the taxonomy of capabilities and the rules that
// recognise them, as data, and matches them over the plain facts of an
// sbom.Unit: which unit DIRECTLY has which capability. It knows no file format
// and no edges between units; carrying tags along a graph and evaluating
// composites is the work of graph/propagate.
//
// Rule files are YAML, read strictly: an unknown key, signal, store or
// capability is an error with file and line and a suggestion. The format is
// described in docs/rules.md. A Set is immutable; the files that made it can be
// handed to another process, which gets an equal Set from Parse. Pack and Unpack
// hand over what matching needs alone, at a small part of the cost.
//
// Matching looks at every literal once. All patterns of all rules are keys of
// one Aho-Corasick automaton with ASCII case folded; what it finds is
// then checked in its surroundings (case, edges, path components, the SQL
// statement around a table, running text). The automaton is our own because
// the libraries that we measured were too slow or allocated: on 17 MB of
// literals of real programs with 500 keys, github.com/BobuSumisu/aho-corasick
// v1.0.3 and github.com/cloudflare/ahocorasick (2024-09) reached 115 MB/s
// without folding case and github.com/petar-dambovaliev/aho-corasick (2025-04)
// 90 MB/s with an allocation a match, this one, when each of its states had a row,
// 430 to 630 MB/s with none. Now the states near the start have rows.
//
// Promises on hostile input. Facts may hold any bytes: nothing here panics, and
// work is bounded by a constant times their length (statements are followed at
// most 2 KB back and 1 KB ahead, and at most 64 matches of a pattern are
// judged). Memory of a Match does not grow with the number of facts. Rule files
// are limited in number, size and nesting; anchors and aliases are refused. A packed
// set is taken with the digest of its bytes only.
// Everything is deterministic: the order of facts and files does not matter.
package capability

// Package fingerprint recognises code that was compiled into several images. It
// owns the one pass over the instructions of an image: code, boundaries and a
// way to ask what an address holds come in (Code); code units with marks,
// features, calls and names come out (Set). It also owns the saved form of a
// Set, one file per image (see Write and Read).
//
// A mark is a digest of a function's normal form: what the linker decides
// (addresses, distances, relaxed loads) is replaced by what it leads to, or by a
// hole. Two functions with one full mark were compiled alike from alike source.
// A feature is something that a function refers to by name or by content; it
// survives another compiler, level or architecture, where a mark does not.
//
// Hostile input: the pass is linear in the bytes of code, allocates in
// proportion to them, and never panics; a byte that cannot be decoded counts as
// itself, and the pass goes on behind it. Marks are no cryptographic digests: whoever
// wants to can make two functions collide. So a mark ties code together, and
// never proves by itself who wrote it.
package fingerprint

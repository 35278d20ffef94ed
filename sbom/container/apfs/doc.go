// Package apfs reads unencrypted APFS containers: their volumes, all entries
// with their paths, contents, extended attributes, symbolic and hard links, and
// files that macOS compresses transparently. It opens the newest state that is
// whole. It writes nothing.
//
// What it promises on hostile input: sizes in the container are claims; nothing
// outside the reader is read, and nothing is allocated before it is known to be
// there. Every metadata block must match its checksum, the number under which it
// was asked for, and the type that is expected. Levels of a tree fall strictly,
// keys rise strictly or stay equal, and no node is met twice in one scan, so that
// cycles end. A folder that is met a second time is damage and is not entered
// again. Depth, path length and the number of entries are bounded by the budget.
// A path never has "." or ".." or an empty name as a part, nor a zero byte.
// What is damaged is an error that names its byte; all else is still listed.
// Contents have no checksums in APFS: damage there cannot be seen.
//
// Memory does not grow with the container, but for a bounded cache of nodes and
// one number for each folder of a walk.
//
// Not read: encrypted volumes (ErrEncrypted), Fusion containers, trees whose
// nodes are larger than a block. Hashes of sealed volumes are not verified: a
// seal is Apple's, and its root hash is not in the container. Links between the
// volumes of a group (firmlinks) are not followed.
//
// The layout follows Apple's "Apple File System Reference" (2020-06-22). That
// children of a sealed tree are counted from the root's number, and that their
// object header is zero, is not written there; public readers agree on it.
package apfs

package sbom

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"sort"
)

// Digest is a SHA-256 in lower-case hexadecimal (64 characters), or "" for
// "not known".
type Digest string

// Short is the first 12 characters, for people; ids in saved data are whole.
func (d Digest) Short() string {
	if len(d) > 12 {
		return string(d[:12])
	}
	return string(d)
}

// Valid reports whether d is 64 lower-case hexadecimal characters.
func (d Digest) Valid() bool {
	if len(d) != 64 {
		return false
	}
	for _, c := range []byte(d) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// DigestOf is the digest of the bytes.
func DigestOf(b []byte) Digest {
	s := sha256.Sum256(b)
	return Digest(hex.EncodeToString(s[:]))
}

// DigestOfList is the digest of a list of strings: each is written with its
// length before it, so that no two lists give the same bytes. The order counts.
func DigestOfList(list []string) Digest {
	h := sha256.New()
	var n [8]byte
	for _, s := range list {
		l := uint64(len(s))
		for i := range n {
			n[i] = byte(l >> (8 * i))
		}
		h.Write(n[:])
		io.WriteString(h, s)
	}
	return Digest(hex.EncodeToString(h.Sum(nil)))
}

// FileID is one file of a product as its id sees it.
type FileID struct {
	Path   string // slash-separated, relative to the product, Unicode NFC
	Digest Digest // of the content
}

// ProductID is the digest of the sorted (path, content digest) list. Symbolic
// links, AppleDouble files and .DS_Store are not part of it, so that the same
// release has the same id from a folder, a zip or a disk image.
func ProductID(files []FileID) Digest {
	list := make([]string, 0, 2*len(files))
	fs := append([]FileID(nil), files...)
	sort.Slice(fs, func(i, j int) bool {
		if fs[i].Path != fs[j].Path {
			return fs[i].Path < fs[j].Path
		}
		return fs[i].Digest < fs[j].Digest
	})
	for _, f := range fs {
		list = append(list, f.Path, string(f.Digest))
	}
	return DigestOfList(list)
}

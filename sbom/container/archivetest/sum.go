package archivetest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
)

// hashOf is the checksum of a style, in hexadecimal.
func hashOf(style string, data []byte) string {
	h := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[style]
	if h == nil {
		return "00"
	}
	sum := h()
	sum.Write(data)
	return hex.EncodeToString(sum.Sum(nil))
}

// Sum256 is the SHA-256 of a text, in hexadecimal.
func Sum256(s string) string { return hashOf("sha256", []byte(s)) }

package library

import (
	"bytes"

	"github.com/kinbom/kinbom/sbom"
)

// Digest names a model: the digest of its saved form, so that of the file that
// holds it alone. Models of the same content have one digest; it is "" for nil.
func (b *Background) Digest() sbom.Digest {
	if b == nil {
		return ""
	}
	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		panic(err) // cannot happen: a buffer takes everything
	}
	return sbom.DigestOf(out.Bytes())
}

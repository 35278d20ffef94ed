package macho

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

func (s *slice) identity(method, value string) {
	m := &s.out.Image
	m.Identities = append(m.Identities, sbom.Identity{Method: method, Value: value})
}

// identify computes the digests of the slice and sorts its identities.
func (s *slice) identify() {
	m := &s.out.Image
	if m.Digest = s.o.Digest; m.Digest == "" {
		m.Digest = sbom.DigestOf(s.b)
	}
	if s.said.UUID != "" {
		s.identity(sbom.IdentUUID, s.said.UUID)
	}
	text := s.section("__TEXT,__text")
	var sum [sha256.Size]byte
	if text != nil {
		sum = sha256.Sum256(text.data)
		s.identity(sbom.IdentText, hex.EncodeToString(sum[:]))
	}
	s.identity(sbom.IdentUnsigned, hex.EncodeToString(s.unsigned(text, sum)))
	slices.SortFunc(m.Identities, func(a, b sbom.Identity) int { return strings.Compare(a.Method, b.Method) })
}

// unsigned is the digest of the slice as it was before it was signed: equal for
// an unsigned image, the same image signed, and signed again by somebody else.
// It is the SHA-256 of
//
//   - the header, with the number and size of the load commands set to zero;
//   - the load commands but LC_CODE_SIGNATURE, with the sizes of the segment
//     __LINKEDIT set to zero, and as many zero bytes as the left-out command had;
//   - the rest up to the signature's data (else the end) without the zero bytes
//     at its end, where the 32 bytes of the text digest stand for the content
//     of __TEXT,__text, so that the code is hashed once.
func (s *slice) unsigned(text *section, sum [sha256.Size]byte) []byte {
	h := sha256.New()
	head := slices.Clone(s.b[:s.cmdEnd])
	clear(head[16:24])
	s.neutralLinkedit(head)
	if at := s.t.signatureCmd; at > 0 {
		n := int64(s.bo.Uint32(s.b[at+4:]))
		copy(head[at:], head[at+n:])
		clear(head[int64(len(head))-n:])
	}
	h.Write(head)
	rest := s.b[s.cmdEnd:]
	if at := s.t.signature.off; s.t.signatureCmd > 0 && at >= uint64(s.cmdEnd) && at <= uint64(len(s.b)) {
		rest = s.b[s.cmdEnd:at]
	}
	rest = trimZeros(rest)
	if text != nil && text.off >= uint64(s.cmdEnd) && text.off-uint64(s.cmdEnd)+uint64(len(text.data)) <= uint64(len(rest)) {
		from := text.off - uint64(s.cmdEnd)
		h.Write(rest[:from])
		h.Write(sum[:])
		rest = rest[from+uint64(len(text.data)):]
	}
	h.Write(rest)
	return h.Sum(nil)
}

// neutralLinkedit clears vmsize and filesize of the segment __LINKEDIT, which
// grows when a signature is added.
func (s *slice) neutralLinkedit(head []byte) {
	at := s.t.linkedit
	switch {
	case at == 0:
	case s.bo.Uint32(head[at:]) == lcSegment64:
		clear(head[at+32 : at+40])
		clear(head[at+48 : at+56])
	default:
		clear(head[at+28 : at+32])
		clear(head[at+36 : at+40])
	}
}

// trimZeros cuts the zero bytes at the end: signers align the place of the
// signature with them.
func trimZeros(b []byte) []byte {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	return b[:n]
}

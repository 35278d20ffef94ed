package macho

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"

	"github.com/kinbom/kinbom/sbom"
)

// Code signature blobs (kern/cs_blobs.h). They are big-endian.
const (
	blobSuper        = 0xfade0cc0
	blobDirectory    = 0xfade0c02
	blobEntitlements = 0xfade7171
	blobCMS          = 0xfade0b01

	slotDirectory    = 0
	slotEntitlements = 5
	slotDER          = 7
	slotAlternate    = 0x1000 // to 0x1004
	slotCMS          = 0x10000

	signAdHoc   = 0x2     // CS_ADHOC
	withTeam    = 0x20200 // first version of a directory that has a team id
	directoryLn = 44
)

// directory is one code directory.
type directory struct {
	b    []byte
	hash byte // of its hashes, and of the cdhash
	at   int64
}

// readSignature reads what the code signature claims. Nothing is verified.
func (s *slice) readSignature() {
	if s.t.signatureCmd == 0 {
		return
	}
	b, at := s.superBlob()
	if b == nil {
		return
	}
	be, count := binary.BigEndian, binary.BigEndian.Uint32(b[8:])
	if count > maxBlobs || 12+8*int(count) > len(b) {
		s.gap(sbom.GapUnreadable, at+8, "code signature claims %d blobs", count)
		count = min(count, maxBlobs, uint32(len(b)-12)/8)
	}
	sig := &sbom.Signature{}
	var best *directory
	slots := map[uint32]bool{}
	for i := range int(count) {
		slot, off := be.Uint32(b[12+8*i:]), uint64(be.Uint32(b[16+8*i:]))
		if off+8 > uint64(len(b)) || uint64(be.Uint32(b[off+4:])) > uint64(len(b))-off || be.Uint32(b[off+4:]) < 8 {
			s.gap(sbom.GapUnreadable, at+int64(12+8*i), "blob %d of the code signature lies outside it", i)
			continue
		}
		slots[slot] = true
		blob := b[off : off+uint64(be.Uint32(b[off+4:]))]
		if d := s.blob(sig, slot, blob, at+int64(off)); d != nil && (best == nil || hashRank(d.hash) > hashRank(best.hash)) {
			best = d
		}
	}
	if best == nil {
		s.gap(sbom.GapUnreadable, at, "code signature has no code directory")
		return
	}
	if slots[slotDER] && !slots[slotEntitlements] {
		s.gap(sbom.GapNotLookedAt, at, "entitlements are there in binary form (DER) only")
	}
	s.directory(sig, best)
	s.out.Image.Signature = sig
}

// superBlob returns the blob that holds the others and its place, or nil.
func (s *slice) superBlob() ([]byte, int64) {
	b, at, be := s.table(s.t.signature, "code signature"), s.clamp(s.t.signature.off), binary.BigEndian
	if len(b) < 12 || be.Uint32(b) != blobSuper {
		s.gap(sbom.GapUnreadable, at, "code signature has no super blob")
		return nil, at
	}
	if n := be.Uint32(b[4:]); n >= 12 && uint64(n) <= uint64(len(b)) {
		b = b[:n]
	}
	return b, at
}

// blob reads one blob; it returns the code directories.
func (s *slice) blob(sig *sbom.Signature, slot uint32, b []byte, at int64) *directory {
	magic := binary.BigEndian.Uint32(b)
	switch {
	case slot == slotDirectory || slot >= slotAlternate && slot <= slotAlternate+4:
		if magic != blobDirectory || len(b) < directoryLn {
			s.gap(sbom.GapUnreadable, at, "code directory is damaged")
			return nil
		}
		return &directory{b, b[37], at}
	case slot == slotCMS && magic == blobCMS:
		sig.CMS = len(b) > 8
	case slot == slotEntitlements && magic == blobEntitlements:
		s.readEntitlements(sig, b[8:], at+8)
	}
	return nil
}

// hashRank orders hash types as the kernel does; unknown ones come last.
func hashRank(t byte) int {
	switch t {
	case 1: // SHA-1
		return 1
	case 3: // SHA-256, cut to 20 bytes
		return 2
	case 2: // SHA-256
		return 3
	case 4: // SHA-384
		return 4
	}
	return 0
}

// directory takes identifier, team, flags and the code directory hash: the
// first 20 bytes of the blob's digest with the directory's own hash.
func (s *slice) directory(sig *sbom.Signature, d *directory) {
	be := binary.BigEndian
	sig.Flags = be.Uint32(d.b[12:])
	sig.AdHoc = sig.Flags&signAdHoc != 0
	sig.Identifier = string(textIn(d.b, be.Uint32(d.b[20:])))
	if be.Uint32(d.b[8:]) >= withTeam && len(d.b) >= 52 {
		if off := be.Uint32(d.b[48:]); off != 0 {
			sig.Team = string(textIn(d.b, off))
		}
	}
	var sum []byte
	switch d.hash {
	case 1:
		h := sha1.Sum(d.b)
		sum = h[:]
	case 2, 3:
		h := sha256.Sum256(d.b)
		sum = h[:]
	case 4:
		h := sha512.Sum384(d.b)
		sum = h[:]
	default:
		s.gap(sbom.GapUnsupported, d.at+37, "code directory has hash type %d", d.hash)
		return
	}
	s.identity(sbom.IdentCDHash, hex.EncodeToString(sum[:20]))
}

func textIn(b []byte, off uint32) []byte {
	if uint64(off) >= uint64(len(b)) {
		return nil
	}
	return cString(b[off:])
}

package machotest

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Signature describes a code signature. Nothing in it could be verified: there
// is no certificate.
type Signature struct {
	Identifier   string
	Team         string
	AdHoc        bool
	CMS          bool   // a blob in the place of a certificate chain
	Entitlements string // XML property list
}

// Sign adds a code signature to an image of Build, or replaces it.
func Sign(image []byte, sig Signature) []byte {
	le := binary.LittleEndian
	b := slices.Clone(image)
	cmds, size := le.Uint32(b[16:]), le.Uint32(b[20:])
	link, old := 0, 0
	for off, i := 32, uint32(0); i < cmds; i++ {
		switch {
		case le.Uint32(b[off:]) == 0x19 && string(b[off+8:off+18]) == "__LINKEDIT":
			link = off
		case le.Uint32(b[off:]) == 0x1d:
			old = off
		}
		off += int(le.Uint32(b[off+4:]))
	}
	if old != 0 {
		b = b[:le.Uint32(b[old+8:])]
	} else {
		old = 32 + int(size)
		le.PutUint32(b[16:], cmds+1)
		le.PutUint32(b[20:], size+16)
	}
	for len(b)%16 != 0 {
		b = append(b, 0)
	}
	limit := len(b)
	length := len(superBlob(b, sig))
	le.PutUint32(b[old:], 0x1d)
	le.PutUint32(b[old+4:], 16)
	le.PutUint32(b[old+8:], uint32(limit))
	le.PutUint32(b[old+12:], uint32(length))
	from := le.Uint64(b[link+40:])
	le.PutUint64(b[link+48:], uint64(limit+length)-from)
	le.PutUint64(b[link+32:], (uint64(limit+length)-from+page-1)&^(page-1))
	return append(b, superBlob(b, sig)...)
}

// superBlob signs the bytes: code directory, requirements, entitlements, CMS.
func superBlob(code []byte, sig Signature) []byte {
	be := binary.BigEndian
	type slot struct {
		n uint32
		b []byte
	}
	slots := []slot{{0, codeDirectory(code, sig)}}
	if sig.Entitlements != "" {
		slots = append(slots, slot{5, blob(0xfade7171, []byte(sig.Entitlements))})
	}
	cms := []byte(nil)
	if sig.CMS {
		cms = []byte("not a certificate chain")
	}
	slots = append(slots, slot{0x10000, blob(0xfade0b01, cms)})
	head, body := be.AppendUint32(nil, uint32(len(slots))), []byte(nil)
	for _, s := range slots {
		head = be.AppendUint32(head, s.n)
		head = be.AppendUint32(head, uint32(12+8*len(slots)+len(body)))
		body = append(body, s.b...)
	}
	return blob(0xfade0cc0, append(head, body...))
}

func blob(magic uint32, b []byte) []byte {
	h := binary.BigEndian.AppendUint32(nil, magic)
	return append(binary.BigEndian.AppendUint32(h, uint32(8+len(b))), b...)
}

// codeDirectory hashes the code in pages of 4 KiB (version 0x20400).
func codeDirectory(code []byte, sig Signature) []byte {
	be := binary.BigEndian
	const head = 88
	names := append([]byte(sig.Identifier), 0)
	team := uint32(0)
	if sig.Team != "" {
		team = head + uint32(len(names))
		names = append(append(names, sig.Team...), 0)
	}
	var hashes []byte
	pages := 0
	for rest := code; len(rest) > 0; pages++ {
		n := min(len(rest), 4096)
		sum := sha256.Sum256(rest[:n])
		hashes = append(hashes, sum[:]...)
		rest = rest[n:]
	}
	flags := uint32(0)
	if sig.AdHoc {
		flags = 2
	}
	var b []byte
	for _, v := range []uint32{0x20400, flags, head + uint32(len(names)), head, 0, uint32(pages), uint32(len(code)), 32<<24 | 2<<16 | 12,
		0, 0, team, 0, 0, 0, 0, 0, 0, 0, 0, 0} {
		b = be.AppendUint32(b, v)
	}
	return blob(0xfade0c02, slices.Concat(b, names, hashes))
}

// Fat joins thin images into a universal file, each at a multiple of 4 KiB.
func Fat(slices ...[]byte) []byte {
	be := binary.BigEndian
	h := be.AppendUint32(be.AppendUint32(nil, 0xcafebabe), uint32(len(slices)))
	off := uint32(4096)
	var body []byte
	for _, s := range slices {
		for _, v := range []uint32{binary.LittleEndian.Uint32(s[4:]), binary.LittleEndian.Uint32(s[8:]), off, uint32(len(s)), 12} {
			h = be.AppendUint32(h, v)
		}
		body = append(body, s...)
		for len(body)%4096 != 0 {
			body = append(body, 0)
		}
		off = 4096 + uint32(len(body))
	}
	last := len(slices) - 1
	if last >= 0 { // the file ends with the last slice
		body = body[:be.Uint32(h[8+20*last+8:])-4096+uint32(len(slices[last]))]
	}
	return append(append(h, make([]byte, 4096-len(h))...), body...)
}

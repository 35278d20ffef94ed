package machotest

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// segment is a segment while it is written.
type segment struct {
	name          string
	addr, size    uint64
	off, bytes    uint64
	parts         []*part
	maxprot, prot uint32
}

// command appends one load command, padded to 8 bytes, and returns the list.
func command(cmds [][]byte, cmd uint32, words []uint32, text string) [][]byte {
	b := make([]byte, 8)
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	if text != "" {
		b = append(append(b, text...), 0)
	}
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	binary.LittleEndian.PutUint32(b, cmd)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
	return append(cmds, b)
}

// pass writes the whole image with the addresses that it has.
func (l *layout) pass() []byte {
	l.content()
	segs := l.segments()
	link := l.linkedit(segs)
	head := l.commands(segs, link)
	text, data, last := segs[0], segs[1], segs[2]
	start := (uint64(len(head)) + 64 + 15) &^ 15 // room for LC_CODE_SIGNATURE
	text.place(l.base, 0, start)
	data.place(l.base+(text.size+page-1)&^(page-1), text.bytes, 0)
	last.addr, last.off = data.addr+(data.size+page-1)&^(page-1), (data.off+data.bytes+7)&^7
	l.applyFixes(segs)
	link = l.linkedit(segs) // again, with the addresses
	last.bytes, last.size = uint64(len(link.data)), (uint64(len(link.data))+page-1)&^(page-1)
	head = l.commands(segs, link)
	out := make([]byte, last.off)
	copy(out, head)
	for _, p := range l.parts {
		copy(out[p.off:], p.data)
	}
	return append(out, link.data...)
}

// segments groups the sections.
func (l *layout) segments() []*segment {
	segs := []*segment{{name: "__TEXT", maxprot: 5, prot: 5}, {name: "__DATA", maxprot: 3, prot: 3}, {name: "__LINKEDIT", maxprot: 1, prot: 1}}
	for _, p := range l.parts {
		for _, g := range segs {
			if g.name == p.seg {
				g.parts = append(g.parts, p)
			}
		}
	}
	return segs
}

// place gives the segment and its sections their addresses, 16-byte aligned.
func (g *segment) place(addr, off, skip uint64) {
	off = (off + 15) &^ 15
	g.addr, g.off = addr, off
	at := skip
	for _, p := range g.parts {
		at = (at + 15) &^ 15
		p.addr, p.off = addr+at, off+at
		at += uint64(len(p.data))
	}
	g.bytes = at
	g.size = (at + page - 1) &^ (page - 1)
}

// commands writes the header and the load commands.
func (l *layout) commands(segs []*segment, link *linkedit) []byte {
	im := &l.im
	var cmds [][]byte
	for _, g := range segs {
		if len(g.parts) > 0 || g.name != "__DATA" {
			cmds = append(cmds, g.command())
		}
	}
	cmds = link.commands(cmds, uint32(segs[2].off), im)
	if im.UUID != "" {
		var u [16]byte
		copy(u[:], im.UUID)
		cmds = command(cmds, 0x1b, []uint32{binary.LittleEndian.Uint32(u[:]), binary.LittleEndian.Uint32(u[4:]), binary.LittleEndian.Uint32(u[8:]), binary.LittleEndian.Uint32(u[12:])}, "")
	}
	cmds = command(cmds, 0x32, []uint32{1, im.MinOS, im.MinOS, 1, 3, 0x04010000}, "")
	if im.InstallName != "" {
		cmds = command(cmds, 0xd, []uint32{24, 1, im.Version, 0x10000}, im.InstallName)
	}
	for _, d := range im.Loads {
		cmd, ok := map[string]uint32{"": 0xc, "regular": 0xc, "weak": 0x80000018, "re-export": 0x8000001f, "upward": 0x80000023, "lazy": 0x20}[d.Kind]
		if !ok {
			panic(fmt.Sprintf("machotest: unknown load kind %q", d.Kind))
		}
		cmds = command(cmds, cmd, []uint32{24, 2, 0x00010203, 0x10000}, d.Name)
	}
	for _, r := range im.Rpaths {
		cmds = command(cmds, 0x8000001c, []uint32{12}, r)
	}
	if im.Crypt {
		cmds = command(cmds, 0x2c, []uint32{uint32(l.cryptStart()), uint32(segs[0].bytes - l.cryptStart()), 1, 0}, "")
	}
	body := slices.Concat(cmds...)
	cpu := map[string][2]uint32{"arm64": {0x0100000c, 0}, "arm64e": {0x0100000c, 2}, "x86_64": {0x01000007, 3}}[im.Arch]
	kind := map[string]uint32{"execute": 2, "dylib": 6, "bundle": 8, "dsym": 10}[im.Type]
	if cpu[0] == 0 || kind == 0 {
		panic(fmt.Sprintf("machotest: unknown architecture %q or type %q", im.Arch, im.Type))
	}
	var h []byte
	for _, v := range []uint32{0xfeedfacf, cpu[0], cpu[1], kind, uint32(len(cmds)), uint32(len(body)), 0x85, 0} {
		h = binary.LittleEndian.AppendUint32(h, v)
	}
	return append(h, body...)
}

// cryptStart is where encryption begins: at the first section.
func (l *layout) cryptStart() uint64 {
	if len(l.parts) == 0 {
		return 0
	}
	return l.parts[0].off
}

// command is the segment's LC_SEGMENT_64 with its sections.
func (g *segment) command() []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0x19)
	b = le.AppendUint32(b, uint32(72+80*len(g.parts)))
	b = appendFixed(b, g.name)
	for _, v := range []uint64{g.addr, g.size, g.off, g.bytes} {
		b = le.AppendUint64(b, v)
	}
	for _, v := range []uint32{g.maxprot, g.prot, uint32(len(g.parts)), 0} {
		b = le.AppendUint32(b, v)
	}
	for _, p := range g.parts {
		b = appendFixed(appendFixed(b, p.name), p.seg)
		b = le.AppendUint64(le.AppendUint64(b, p.addr), uint64(len(p.data)))
		for _, v := range []uint32{uint32(p.off), 4, 0, 0, p.flags, 0, 0, 0} {
			b = le.AppendUint32(b, v)
		}
	}
	return b
}

func appendFixed(b []byte, s string) []byte {
	var n [16]byte
	copy(n[:], s)
	return append(b, n[:]...)
}

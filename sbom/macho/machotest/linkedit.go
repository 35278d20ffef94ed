package machotest

import (
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

// linkedit is the last segment and the ranges of its tables, from its start.
type linkedit struct {
	data                           []byte
	bind, trie, starts, fixups     [2]uint32
	sym, str                       [2]uint32
	nlocal, nexport, nimport, nsym uint32
}

// linkedit writes all tables.
func (l *layout) linkedit(segs []*segment) *linkedit {
	k := &linkedit{}
	if l.im.Chained {
		k.fixups = k.add(l.chains(segs))
	} else {
		k.bind = k.add(l.bindOpcodes(segs))
	}
	k.trie = k.add(exportTrie(l.im.Exports))
	var starts []byte
	if code := l.find("__text"); code != nil && !l.im.Unlisted {
		first := code.addr - l.base + uint64(len(code.data)-16*l.im.Functions)
		starts = binary.AppendUvarint(starts, first)
		for range l.im.Functions - 1 {
			starts = append(starts, 16)
		}
	}
	k.starts = k.add(append(starts, 0))
	l.symbols(k)
	return k
}

func (k *linkedit) add(b []byte) [2]uint32 {
	if len(b) == 0 {
		return [2]uint32{}
	}
	r := [2]uint32{uint32(len(k.data)), uint32(len(b))}
	k.data = append(k.data, b...)
	for len(k.data)%8 != 0 {
		k.data = append(k.data, 0)
	}
	return r
}

func (l *layout) find(name string) *part {
	for _, p := range l.parts {
		if p.name == name {
			return p
		}
	}
	return nil
}

// symbols writes local, exported and imported symbols and their names.
func (l *layout) symbols(k *linkedit) {
	names, tab := []byte{' ', 0}, []byte(nil)
	add := func(name string, kind, sect byte, desc uint16, value uint64) {
		tab = binary.LittleEndian.AppendUint32(tab, uint32(len(names)))
		tab = append(tab, kind, sect)
		tab = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint16(tab, desc), value)
		names = append(append(names, name...), 0)
		k.nsym++
	}
	var code uint64
	if p := l.find("__text"); p != nil {
		code = p.addr + uint64(len(p.data)-16*l.im.Functions)
	}
	for _, n := range l.im.Locals {
		add(n, 0x0e, 1, 0, code)
	}
	k.nlocal = k.nsym
	for i, n := range l.im.Exports {
		add(n, 0x0f, 1, 0, code+16*uint64(i))
	}
	k.nexport = k.nsym - k.nlocal
	if !l.im.Thinned {
		for _, m := range l.binds {
			desc := uint16(uint8(ordinalByte(m.Ordinal))) << 8
			if m.Weak {
				desc |= 0x40
			}
			add(m.Name, 0x01, 0, desc, 0)
		}
	}
	k.nimport = k.nsym - k.nlocal - k.nexport
	k.sym = k.add(tab)
	k.str = k.add(names)
}

// ordinalByte is an ordinal as n_desc and short chained imports write it.
func ordinalByte(n int) int {
	switch n {
	case -1:
		return 0xff
	case -2:
		return 0xfe
	}
	return n
}

// commands appends the load commands of the tables.
func (k *linkedit) commands(cmds [][]byte, base uint32, im *Image) [][]byte {
	at := func(r [2]uint32) (uint32, uint32) {
		if r[1] == 0 {
			return 0, 0
		}
		return base + r[0], r[1]
	}
	bo, bs := at(k.bind)
	to, ts := at(k.trie)
	if im.Chained {
		fo, fs := at(k.fixups)
		cmds = command(cmds, 0x80000034, []uint32{fo, fs}, "")
		cmds = command(cmds, 0x80000033, []uint32{to, ts}, "")
	} else {
		cmds = command(cmds, 0x80000022, []uint32{0, 0, bo, bs, 0, 0, 0, 0, to, ts}, "")
	}
	so, _ := at(k.sym)
	no, ns := at(k.str)
	cmds = command(cmds, 0x2, []uint32{so, k.nsym, no, ns}, "")
	cmds = command(cmds, 0xb, append([]uint32{0, k.nlocal, k.nlocal, k.nexport, k.nlocal + k.nexport, k.nimport}, make([]uint32, 12)...), "")
	fo, fs := at(k.starts)
	return command(cmds, 0x26, []uint32{fo, fs}, "")
}

// applyFixes writes the pointers as the chosen format wants them.
func (l *layout) applyFixes(segs []*segment) {
	sort.SliceStable(l.fixes, func(i, j int) bool {
		a, b := l.fixes[i], l.fixes[j]
		return a.part.addr+uint64(a.at) < b.part.addr+uint64(b.at)
	})
	data := segs[1]
	for i, f := range l.fixes {
		v := f.target
		if l.im.Chained {
			v -= l.base
			if f.bind != "" {
				v = 1<<63 | uint64(slices.IndexFunc(l.binds, func(m Import) bool { return m.Name == f.bind }))
			}
			here := f.part.addr + uint64(f.at) - data.addr
			if i+1 < len(l.fixes) {
				next := l.fixes[i+1]
				if to := next.part.addr + uint64(next.at) - data.addr; to/page == here/page {
					v |= (to - here) / 4 << 51
				}
			}
		}
		binary.LittleEndian.PutUint64(f.part.data[f.at:], v)
	}
}

// chains writes LC_DYLD_CHAINED_FIXUPS: one chain a page in __DATA, format
// DYLD_CHAINED_PTR_64_OFFSET, imports in the shortest format.
func (l *layout) chains(segs []*segment) []byte {
	le := binary.LittleEndian
	count := 2 // segments in the commands
	if len(segs[1].parts) > 0 {
		count = 3
	}
	pages := int((segs[1].size + page - 1) / page)
	first := slices.Repeat([]uint16{0xffff}, pages)
	for _, f := range l.fixes {
		here := f.part.addr + uint64(f.at) - segs[1].addr
		if n := here / page; n < uint64(pages) && first[n] == 0xffff {
			first[n] = uint16(here % page)
		}
	}
	starts := le.AppendUint32(nil, uint32(count))
	info := uint32(4+4*count+7) &^ 7
	for i := range count {
		v := uint32(0)
		if count == 3 && i == 1 {
			v = info
		}
		starts = le.AppendUint32(starts, v)
	}
	for uint32(len(starts)) < info {
		starts = append(starts, 0)
	}
	if count == 3 {
		starts = le.AppendUint32(starts, uint32(22+2*pages))
		starts = le.AppendUint16(le.AppendUint16(starts, page), 6)
		starts = le.AppendUint64(starts, segs[1].addr-l.base)
		starts = le.AppendUint16(le.AppendUint32(starts, 0), uint16(pages))
		for _, f := range first {
			starts = le.AppendUint16(starts, f)
		}
	}
	for len(starts)%8 != 0 {
		starts = append(starts, 0)
	}
	imports, names := []byte(nil), []byte{0}
	for _, m := range l.binds {
		v := uint32(ordinalByte(m.Ordinal))&0xff | uint32(len(names))<<9
		if m.Weak {
			v |= 1 << 8
		}
		imports = le.AppendUint32(imports, v)
		names = append(append(names, m.Name...), 0)
	}
	var b []byte
	for _, v := range []uint32{0, 32, uint32(32 + len(starts)), uint32(32 + len(starts) + len(imports)), uint32(len(l.binds)), 1, 0, 0} {
		b = le.AppendUint32(b, v)
	}
	return slices.Concat(b, starts, imports, names)
}

// bindOpcodes writes one binding for each bound pointer.
func (l *layout) bindOpcodes(segs []*segment) []byte {
	var b []byte
	for _, f := range l.fixes {
		if f.bind == "" {
			continue
		}
		m := l.binds[slices.IndexFunc(l.binds, func(m Import) bool { return m.Name == f.bind })]
		switch {
		case m.Ordinal <= 0:
			b = append(b, 0x30|byte(m.Ordinal)&0xf)
		case m.Ordinal < 16:
			b = append(b, 0x10|byte(m.Ordinal))
		default:
			b = binary.AppendUvarint(append(b, 0x20), uint64(m.Ordinal))
		}
		flags := byte(0)
		if m.Weak {
			flags = 1
		}
		b = append(append(append(b, 0x40|flags), m.Name...), 0, 0x51)
		b = binary.AppendUvarint(append(b, 0x71), f.part.addr+uint64(f.at)-segs[1].addr)
		b = append(b, 0x90)
	}
	if b == nil {
		return nil
	}
	return append(b, 0)
}

// exportTrie writes a trie with one level for each shared prefix. Child
// offsets have a fixed width, so that one pass is enough.
func exportTrie(names []string) []byte {
	if len(names) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(names))
	var b []byte
	trieNode(&b, sorted, 0)
	return b
}

func trieNode(b *[]byte, names []string, depth int) {
	if names[0] == "" || len(names[0]) == depth {
		*b = append(*b, 2, 0, 0) // size, flags, address 0
		names = names[1:]
	} else {
		*b = append(*b, 0)
	}
	var groups [][]string
	for i := 0; i < len(names); {
		j := i + 1
		for j < len(names) && names[j][depth] == names[i][depth] {
			j++
		}
		groups = append(groups, names[i:j])
		i = j
	}
	*b = append(*b, byte(len(groups)))
	var at []int
	var ends []int
	for _, g := range groups {
		end := len(g[0])
		for _, n := range g {
			for !strings.HasPrefix(n, g[0][:end]) {
				end--
			}
		}
		*b = append(append(*b, g[0][depth:end]...), 0)
		at, ends = append(at, len(*b)), append(ends, end)
		*b = append(*b, 0x80, 0x80, 0x80, 0)
	}
	for i, g := range groups {
		n := len(*b)
		(*b)[at[i]], (*b)[at[i]+1], (*b)[at[i]+2], (*b)[at[i]+3] = byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14)|0x80, byte(n>>21)&0x7f
		trieNode(b, g, ends[i])
	}
}

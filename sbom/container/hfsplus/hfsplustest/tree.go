package hfsplustest

import "encoding/binary"

// tree says how a B-tree file is written.
type tree struct {
	node    int
	maxKey  int
	flags   uint32 // 2: lengths of keys have two bytes; 4: index keys have their own length
	compare byte
}

// build writes sorted records: leaves first, then each level of the index.
func (t tree) build(records []entry) []byte {
	be := binary.BigEndian
	nodes := [][]byte{nil} // the header comes last
	depth, first, last := 0, 0, 0
	level := records
	for len(level) > 1 || depth == 0 && len(level) > 0 {
		depth++
		start := len(nodes)
		var up []entry
		for len(level) > 0 {
			n, count := t.fill(level, depth)
			up = append(up, entry{level[0].key, u32(uint32(len(nodes)))})
			nodes = append(nodes, n)
			level = level[count:]
		}
		for i := start; i < len(nodes); i++ {
			if i > start {
				be.PutUint32(nodes[i][4:], uint32(i-1))
			}
			if i+1 < len(nodes) {
				be.PutUint32(nodes[i], uint32(i+1))
			}
		}
		if depth == 1 {
			first, last = start, len(nodes)-1
		}
		level = up
	}
	nodes[0] = t.header(len(nodes), depth, len(records), first, last)
	var out []byte
	for _, n := range nodes {
		out = append(out, n...)
	}
	return out
}

// fill writes as many records as one node takes.
func (t tree) fill(level []entry, height int) (node []byte, count int) {
	node = make([]byte, t.node)
	node[8], node[9] = 0xff, byte(height)
	if height > 1 {
		node[8] = 0
	}
	at := 14
	for _, e := range level {
		rec := binary.BigEndian.AppendUint16(nil, uint16(len(e.key)))
		rec = append(rec, e.key...)
		if height > 1 && t.flags&4 == 0 {
			rec = append(rec, make([]byte, 2+t.maxKey-len(rec))...)
		}
		rec = append(pad(rec), e.body...)
		if at+len(rec) > t.node-2*(count+2) {
			break
		}
		binary.BigEndian.PutUint16(node[t.node-2*(count+1):], uint16(at))
		at += copy(node[at:], rec)
		count++
	}
	if count == 0 {
		panic("record does not fit a node")
	}
	binary.BigEndian.PutUint16(node[t.node-2*(count+1):], uint16(at))
	binary.BigEndian.PutUint16(node[10:], uint16(count))
	return node, count
}

func (t tree) header(nodes, depth, records, first, last int) []byte {
	h := make([]byte, t.node)
	be := binary.BigEndian
	h[8] = 1
	be.PutUint16(h[10:], 3)
	root := 0
	if depth > 0 {
		root = nodes - 1
	}
	be.PutUint16(h[14:], uint16(depth))
	for i, n := range []int{root, records, first, last} {
		be.PutUint32(h[16+4*i:], uint32(n))
	}
	be.PutUint16(h[32:], uint16(t.node))
	be.PutUint16(h[34:], uint16(t.maxKey))
	be.PutUint32(h[36:], uint32(nodes))
	be.PutUint32(h[46:], uint32(t.node)) // clump
	h[51] = t.compare
	be.PutUint32(h[52:], t.flags)
	for i, at := range []int{14, 120, 248, t.node - 8} {
		be.PutUint16(h[t.node-2*(i+1):], uint16(at))
	}
	if nodes > 8*(t.node-256) {
		panic("tree needs a map node")
	}
	for i := range nodes {
		h[248+i/8] |= 0x80 >> (i % 8)
	}
	return h
}

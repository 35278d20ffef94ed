package udiftest

import "encoding/binary"

// parse cuts b into literals and matches: emit gets literals, then how many
// bytes follow that also stand dist bytes before. The last call may have no
// match. Matches have 4 bytes at least.
func parse(b []byte, window int, emit func(lits []byte, m, dist int)) {
	seen := map[uint32]int{}
	from := 0
	for i := 0; i+4 <= len(b); {
		key := binary.LittleEndian.Uint32(b[i:])
		at, ok := seen[key]
		seen[key] = i
		if !ok || i-at > window {
			i++
			continue
		}
		m := 4
		for i+m < len(b) && b[at+m] == b[i+m] {
			m++
		}
		emit(b[from:i], m, i-at)
		i += m
		from = i
	}
	if from < len(b) {
		emit(b[from:], 0, 0)
	}
}

// PackADC packs with Apple Data Compression.
func PackADC(b []byte) []byte {
	var out []byte
	done := 0 // bytes of b that out stands for
	literals := func(n int) {
		for ; n > 0; n -= min(n, 128) {
			k := min(n, 128)
			out = append(append(out, 0x7F+byte(k)), b[done:done+k]...)
			done += k
		}
	}
	parse(b, 65536, func(l []byte, m, dist int) {
		literals(len(l))
		for d := dist - 1; m > 0; {
			n := min(m, 67)
			switch {
			case d < 1024 && m >= 3 && m <= 18:
				n = m
				out = append(out, byte(n-3)<<2|byte(d>>8), byte(d))
			case m < 4:
				literals(m)
				return
			default:
				out = append(out, 0x40|byte(n-4), byte(d>>8), byte(d))
			}
			done += n
			m -= n
		}
	})
	return out
}

// PackLZFSE packs as an LZFSE stream: one LZVN block, or a stored one when that
// is shorter.
func PackLZFSE(b []byte) []byte {
	le := binary.LittleEndian
	block := []byte("bvx-")
	body := PackLZVN(b)
	if len(body) < len(b) {
		block = le.AppendUint32(le.AppendUint32([]byte("bvxn"), uint32(len(b))), uint32(len(body)))
	} else {
		block, body = le.AppendUint32(block, uint32(len(b))), b
	}
	return append(append(block, body...), "bvx$"...)
}

// PackLZVN packs as bare LZVN data with its end mark. It uses every form of
// opcode.
func PackLZVN(b []byte) []byte {
	var out []byte
	before := 0 // distance of the match before
	parse(b, 65535, func(l []byte, m, dist int) {
		for len(l) > 3 || m == 0 && len(l) > 0 {
			n := min(len(l), 271)
			if n < 16 {
				out = append(out, 0xE0|byte(n))
			} else {
				out = append(out, 0xE0, byte(n-16))
			}
			out = append(out, l[:n]...)
			l = l[n:]
		}
		if m == 0 {
			return
		}
		lits, first := byte(len(l))<<6, min(m, 10-2*len(l)) // more would be other opcodes
		short := lits | byte(first-3)<<3
		switch {
		case dist == before && len(l) > 0:
			out = append(out, short|6)
		case dist < 1536: // the high byte 6 and 7 are other opcodes
			out = append(out, short|byte(dist>>8), byte(dist))
		case dist < 1<<14:
			first = min(m, 34)
			out = append(out, 0xA0|byte(len(l))<<3|byte(first-3)>>2, byte(dist<<2)|byte(first-3)&3, byte(dist>>6))
		default:
			out = append(out, short|7, byte(dist), byte(dist>>8))
		}
		out = append(out, l...)
		before = dist
		for m -= first; m > 0; {
			n := min(m, 271)
			if n < 16 {
				out = append(out, 0xF0|byte(n))
			} else {
				out = append(out, 0xF0, byte(n-16))
			}
			m -= n
		}
	})
	return append(out, 6, 0, 0, 0, 0, 0, 0, 0)
}

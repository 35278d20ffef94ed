package lzfse

import "encoding/binary"

// slack is how many bytes behind a match may be overwritten by the copying of
// whole words. They are inside the window and come later.
const slack = 16

// repeat is match for where k+slack bytes of room are left behind n.
func repeat(out []byte, n, dist, k int) int {
	end := n + k
	if dist < 8 {
		for from := n - dist; n < end; n++ {
			out[n] = out[from]
			from++
		}
		return end
	}
	if k > 64 {
		return match(out, n, dist, k)
	}
	from, to := out[n-dist:], out[n:end+slack]
	for i := 0; i < k; i += 8 {
		binary.LittleEndian.PutUint64(to[i:], binary.LittleEndian.Uint64(from[i:]))
	}
	return end
}

// lzvnFast takes the short opcodes of LZVN as long as there is plenty of input
// and of room. It stops before whatever is rare or wrong, which is for step.
func (d *decoder) lzvnFast() {
	b := d.src.buf[d.src.pos:min(int64(d.src.end), int64(d.src.pos)+d.payload)]
	out, n, i, dist := d.out, d.n, 0, d.dist
	last := len(out) - longestStep - slack // room for the longest step of all
	if int64(last-n) > d.left-longestStep {
		last = n + int(d.left) - longestStep
	}
	for n < last && len(b)-i > longestStep {
		op := int(b[i])
		lits, m, size, to := op>>6, op>>3&7+3, 2, dist
		switch {
		case op == 0xF0, op == 0xE0, op>>4 == 0x7, op>>4 == 0xD: // long, or undefined
			lits = -1
		case op > 0xF0:
			lits, m, size = 0, op&15, 1
		case op > 0xE0:
			lits, m, size = op&15, 0, 1
		case op>>5 == 5:
			w := int(binary.LittleEndian.Uint16(b[i+1:]))
			lits, m, size, to = op>>3&3, op&7<<2|w&3+3, 3, w>>2
		case op&7 == 7:
			size, to = 3, int(binary.LittleEndian.Uint16(b[i+1:]))
		case op&7 != 6:
			to = op&7<<8 | int(b[i+1])
		case op >= 0x40:
			size = 1
		default:
			lits = -1
		}
		if lits < 0 || m > 0 && (to <= 0 || to > n+lits) {
			break
		}
		binary.LittleEndian.PutUint64(out[n:], binary.LittleEndian.Uint64(b[i+size:]))
		if lits > 8 {
			binary.LittleEndian.PutUint64(out[n+8:], binary.LittleEndian.Uint64(b[i+size+8:]))
		}
		n += lits
		n = repeat(out, n, to, m)
		i += size + lits
		dist = to
	}
	d.left -= int64(n - d.n)
	d.payload -= int64(i)
	d.src.pos += i
	d.n, d.dist = n, dist
}

package fingerprint

// x86Quick measures the instructions that most code consists of, and that refer
// to nothing: a one-byte opcode, or one behind 0F, with at most REX, registers,
// memory behind a register, and an immediate of one byte. Else 0: decodeX86 knows.
func x86Quick(b []byte) int {
	if len(b) < 16 {
		return 0
	}
	i, c := 1, b[0]
	if c>>4 == 4 {
		i, c = 2, b[1]
	}
	form := x86Forms[c]
	if form == x86Second {
		form = x86WideForms[b[i]]
		i++
	}
	if form&x86HasModRM == 0 {
		return (i + int(form>>4)) & -int(form&x86IsQuick)
	}
	m := b[i]
	n := x86ModRM[m]
	if n == 0 || m>>6 == 0 && n == 2 && b[i+1]&7 == 5 {
		return 0
	}
	return i + int(n) + int(form>>4)
}

// Forms of opcodes: bits, and above them the size of the immediate.
const (
	x86IsQuick  = 1
	x86HasModRM = 2
	x86Second   = 4
)

// x86Forms and x86WideForms are the forms of the opcodes, x86ModRM how long ModRM,
// SIB and displacement are: 0 where the address is no register's.
var (
	x86Forms     = x86FormTable(x86Opcodes, "\x90\xcc")
	x86WideForms = x86FormTable(x86Wide, "\x1f")
	x86ModRM     = x86ModRMTable()
)

func x86FormTable(kinds, but string) (table [256]byte) {
	for op := range table {
		switch kinds[op] {
		case '.':
			table[op] = x86IsQuick
		case 'm':
			table[op] = x86IsQuick | x86HasModRM
		case 'b', 'j':
			table[op] = x86IsQuick | 1<<4
		case 'B':
			table[op] = x86IsQuick | x86HasModRM | 1<<4
		case 'T':
			table[op] = x86Second
		}
	}
	for _, op := range []byte(but) {
		table[op] = 0
	}
	return table
}

func x86ModRMTable() (table [256]byte) {
	for m := range table {
		mod, rm := m>>6, m&7
		n := [4]int{1, 2, 5, 1}[mod]
		if mod != 3 && rm == 4 {
			n++
		}
		if mod == 0 && rm == 5 {
			n = 0
		}
		table[m] = byte(n)
	}
	return table
}

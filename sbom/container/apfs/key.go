package apfs

import "cmp"

// Types of records in a volume's tree, as its keys hold them.
const (
	recSnapshot = 1
	recInode    = 3
	recAttr     = 4
	recExtent   = 8
	recName     = 9

	recShift = 60
	idMask   = 1<<recShift - 1
)

// keyID splits the first eight bytes of a record's key.
func keyID(key []byte) (id uint64, kind int) {
	v := number(key)
	return v & idMask, int(v >> recShift)
}

// number is the number at the start of a key, 0 when the key is too short:
// such a record is found by nobody.
func number(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return le.Uint64(key)
}

// compare puts two keys of the tree in order. Keys of a volume's records are
// compared by object, type and, for extents, offset; the order of names and
// attributes inside a folder or file is not needed and not judged.
func (t *tree) compare(a, b []byte) int {
	if t.subtype != typeFiles && t.subtype != typeSnapshots {
		return comparePair(a, number(b), second(b))
	}
	id, kind := keyID(b)
	return compareRecord(a, id, kind, second(b))
}

// second is the number after the first one.
func second(key []byte) uint64 { return number(key[min(8, len(key)):]) }

// comparePair compares a key of two numbers.
func comparePair(key []byte, a, b uint64) int {
	return cmp.Or(cmp.Compare(number(key), a), cmp.Compare(second(key), b))
}

// compareRecord compares a key of a volume's tree; offset counts for extents alone.
func compareRecord(key []byte, id uint64, kind int, offset uint64) int {
	gotID, gotKind := keyID(key)
	if c := cmp.Or(cmp.Compare(gotID, id), cmp.Compare(gotKind, kind)); c != 0 || kind != recExtent {
		return c
	}
	return cmp.Compare(second(key), offset)
}

package query

import (
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// asked is a user's word with what it may stand for.
type asked struct {
	word  string
	plain string // without the underscore that files put before names of C
	hex   string // as digits without dashes and prefix, lower case; "" when it is no number
	mark  uint64 // hex as the upper digits of a code mark, when it has at most 16
	bits  uint   // number of those bits; 0: it is no mark
}

// maxHex is how many digits an id has at most: those of a SHA-256.
const maxHex = 64

func newAsked(word string) asked {
	a := asked{word: word, plain: strings.TrimPrefix(word, "_")}
	h := strings.ToLower(word)
	for _, p := range []string{"library:", "image:", "product:", "sha256:", "0x"} {
		h = strings.TrimPrefix(h, p)
	}
	h = strings.ReplaceAll(h, "-", "")
	if len(h) < minPrefix || len(h) > maxHex || !hexadecimal(h) {
		return a
	}
	a.hex = h
	if len(h) <= 16 {
		v, err := strconv.ParseUint(h, 16, 64)
		if err != nil {
			return a // cannot happen: it is hexadecimal and short
		}
		a.bits = uint(4 * len(h))
		a.mark = v << (64 - a.bits)
	}
	return a
}

// name says how the word fits a name.
func (a *asked) name(n string) int {
	switch {
	case n == "":
		return fitsNot
	case n == a.word || n == a.plain && a.plain != "":
		return fitsExactly
	case len(n) < len(a.plain):
		return fitsNot
	case strings.EqualFold(n, a.word):
		return fitsButCase
	case foldPrefix(n, a.word):
		return fitsBeginning
	}
	return fitsNot
}

// hash says how the word fits an id in lower-case digits.
func (a *asked) hash(id string) int {
	switch {
	case a.hex == "" || id == "":
		return fitsNot
	case id == a.hex:
		return fitsExactly
	case strings.HasPrefix(id, a.hex):
		return fitsBeginning
	}
	return fitsNot
}

// fitsMark says how the word fits a code mark.
func (a *asked) fitsMark(m fingerprint.Mark) int {
	switch {
	case a.bits == 0 || uint64(m)>>(64-a.bits) != a.mark>>(64-a.bits):
		return fitsNot
	case a.bits == 64:
		return fitsExactly
	}
	return fitsBeginning
}

// goPackage is the import path in a Go function's full name, or "".
func goPackage(name string) string {
	slash := strings.LastIndexByte(name, '/')
	dot := strings.IndexByte(name[slash+1:], '.')
	if dot < 0 {
		return ""
	}
	return name[:slash+1+dot]
}

// classSymbol is the class that an imported symbol stands for, or "".
func classSymbol(name string) string {
	name = strings.TrimPrefix(name, "_")
	for _, p := range []string{"OBJC_CLASS_$_", "OBJC_METACLASS_$_"} {
		if class, ok := strings.CutPrefix(name, p); ok {
			return class
		}
	}
	return ""
}

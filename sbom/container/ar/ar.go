// Package ar reads static archives (.a): the common form of BSD (and macOS) and
// System V (GNU), with their long names and symbol tables.
//
// What it promises on hostile input: only headers are read to list the members;
// at most as many are kept as the budget allows; every range is checked against
// the file; names are bounded. What was read before a damaged header stays
// usable (Trouble). Thin archives hold no members and are refused.
//
// The layout follows ar(5) of BSD, the AR chapter of the System V ABI, and the
// public header <ar.h>.
package ar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Magic is at the start of every archive that holds its members.
const (
	Magic     = "!<arch>\n"
	thinMagic = "!<thin>\n"
)

const (
	headerSize = 60
	maxTable   = 64 << 20 // bytes of the table of long names
)

// ErrThin says that an archive is thin: its members are files elsewhere.
var ErrThin = errors.New("thin archive: its members are not in it")

// format is what messages call these bytes.
const format = "ar"

// fault says what is wrong with them, and where.
func fault(offset int64, what string, value any, err error) *malformed.Error {
	return &malformed.Error{Format: format, Offset: offset, What: what, Value: value, Err: err}
}

// Kind is the kind of a member.
type Kind string

// Kinds of members.
const (
	KindFile    Kind = "file"
	KindSymbols Kind = "symbols" // a symbol table; its content is not read here
	KindNames   Kind = "names"   // the table of long names
)

// Member is one member. Several may have the same name.
type Member struct {
	Name   string // as found: may be hostile
	Kind   Kind
	Offset int64 // of the content, in the archive
	Size   int64 // bytes of the content, without a name before it
	Header int64 // offset of the header
	Mode   uint32
}

// Reader is an open archive.
type Reader struct {
	Members []Member // in file order, tables included
	// Trouble says why the list ends before the file does, or nil; *malformed.Error
	// or *limit.Error.
	Trouble error

	r    io.ReaderAt
	size int64
	long []byte // the table of long names
}

// Detect reports whether a file is an archive by its first bytes; a thin one
// is not.
func Detect(head []byte) bool { return bytes.HasPrefix(head, []byte(Magic)) }

// New lists the members of an archive of size bytes. Errors: ErrThin within a
// *malformed.Error, other *malformed.Error, or the source's.
func New(r io.ReaderAt, size int64, b *limit.Budget) (*Reader, error) {
	head, err := limit.ReadNAt(r, 0, int64(len(Magic)), size)
	if err != nil {
		return nil, fault(size, "magic is cut", nil, err)
	}
	if string(head) == thinMagic {
		return nil, fault(0, "cannot be read", nil, ErrThin)
	}
	if string(head) != Magic {
		return nil, fault(0, "magic is missing", fmt.Sprintf("%x", head), nil)
	}
	a := &Reader{r: r, size: size}
	for off := int64(len(Magic)); off < size; {
		if n := int64(len(a.Members)); n >= b.Max().Entries {
			a.Trouble = &limit.Error{Limit: limit.Entries, Max: b.Max().Entries, Value: n + 1}
			break
		}
		m, next, err := a.member(off, b.Max().PathLength)
		if err != nil {
			if malformed.In(err, format) == nil {
				return nil, err
			}
			a.Trouble = err
			break
		}
		a.Members = append(a.Members, m)
		off = next
	}
	return a, nil
}

// member reads the header at off, and returns the offset of the next one.
func (a *Reader) member(off, maxName int64) (m Member, next int64, err error) {
	h, err := limit.ReadNAt(a.r, off, headerSize, a.size)
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = fault(off, "member header is cut", nil, err)
		}
		return m, 0, err
	}
	if string(h[58:]) != "`\n" {
		return m, 0, fault(off+58, "end of the member header is wrong", fmt.Sprintf("%x", h[58:]), nil)
	}
	size, ok := field(h[48:58], 10)
	if !ok {
		return m, 0, fault(off+48, "member size is not a number", string(h[48:58]), nil)
	}
	m = Member{Kind: KindFile, Header: off, Offset: off + headerSize, Size: size}
	if !limit.Inside(m.Offset, size, a.size) {
		return m, 0, fault(off+48, "member is not inside the file", size, io.ErrUnexpectedEOF)
	}
	mode, _ := field(h[40:48], 8)
	m.Mode = uint32(mode)
	next = m.Offset + size + size&1 // a last pad byte may be missing
	return m, next, a.name(&m, string(h[:16]), maxName)
}

// field reads a number padded with spaces; an empty field is 0.
func field(b []byte, base int) (int64, bool) {
	s := strings.TrimRight(string(b), " ")
	if s == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(s, base, 48)
	return int64(n), err == nil
}

// name sets a member's name and kind out of the header's field.
func (a *Reader) name(m *Member, raw string, maxName int64) error {
	trimmed := strings.TrimRight(raw, " ")
	switch {
	case strings.HasPrefix(raw, "#1/"): // BSD: the name stands before the content
		n, ok := field([]byte(raw[3:]), 10)
		if !ok || n > m.Size || n > maxName {
			return fault(m.Header, "length of a long name is not possible", trimmed, nil)
		}
		b, err := limit.ReadNAt(a.r, m.Offset, n, a.size)
		if err != nil {
			return err
		}
		m.Name = strings.TrimRight(string(b), "\x00")
		m.Offset += n
		m.Size -= n
	case trimmed == "/" || trimmed == "/SYM64/":
		m.Name, m.Kind = trimmed, KindSymbols
	case trimmed == "//":
		m.Name, m.Kind = trimmed, KindNames
		if a.long != nil {
			return fault(m.Header, "second table of long names", nil, nil)
		}
		if m.Size > maxTable {
			return fault(m.Header, "table of long names is too large", m.Size, nil)
		}
		b, err := limit.ReadNAt(a.r, m.Offset, m.Size, a.size)
		a.long = b
		return err
	case raw[0] == '/' && raw[1] >= '0' && raw[1] <= '9':
		return a.longName(m, trimmed[1:], maxName)
	default:
		m.Name = strings.TrimSuffix(trimmed, "/")
	}
	switch m.Name {
	case "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64", "__.SYMDEF_64 SORTED":
		m.Kind = KindSymbols
	}
	return nil
}

// longName takes a name out of the table: it ends with "/\n", or with a zero
// byte where other tools made it.
func (a *Reader) longName(m *Member, at string, maxName int64) error {
	n, ok := field([]byte(at), 10)
	if !ok || n >= int64(len(a.long)) {
		return fault(m.Header, "long name is not in the table", at, nil)
	}
	b := a.long[n:]
	b = b[:min(int64(len(b)), maxName+1)]
	end := bytes.IndexAny(b, "\n\x00")
	if end < 0 {
		return fault(m.Header, "long name does not end", at, nil)
	}
	m.Name = strings.TrimSuffix(string(b[:end]), "/")
	return nil
}

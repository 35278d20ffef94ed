package scan

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container"
	"github.com/kinbom/kinbom/sbom/container/ar"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/macho"
)

// headerOfMember is the size of a member's header in a static archive (ar.h).
const headerOfMember = 60

// objectArchive reports whether a file that starts with head is a static
// archive of Mach-O objects: its first member is one, or is the table of
// contents that only such archives have. Packages of Linux and archives of ELF
// objects have the same magic.
func objectArchive(head []byte) bool {
	if !ar.Detect(head) {
		return false
	}
	for at := len(ar.Magic); at+headerOfMember <= len(head); {
		h, content := head[at:at+headerOfMember], head[at+headerOfMember:]
		size, err := strconv.Atoi(strings.TrimSpace(string(h[48:58])))
		if err != nil || size < 0 {
			return false
		}
		name := h[:16]
		if after, long := bytes.CutPrefix(name, []byte("#1/")); long {
			n, err := strconv.Atoi(strings.TrimSpace(string(after)))
			if err != nil || n < 0 || n > len(content) {
				return false
			}
			name, content = content[:n], content[n:]
		}
		if h[0] != '/' || h[1] >= '0' && h[1] <= '9' { // else a table of the System V form
			return bytes.HasPrefix(name, []byte("__.SYMDEF")) || macho.Sniff(content)
		}
		if size > len(content) {
			return false
		}
		at += headerOfMember + size + size&1
	}
	return false
}

// staticArchive reads the Mach-O members of a static archive that lies at base
// in the file, in the child. What is no Mach-O shares one gap.
// The error is the environment's.
func (a *analysis) staticArchive(b []byte, base int64, o macho.Options, in analyser) error {
	gap := func(kind sbom.GapKind, at int64, why string) {
		a.Gaps = append(a.Gaps, sbom.Gap{Kind: kind, Offset: base + at, Why: why, Count: 1})
	}
	r, err := ar.New(bytes.NewReader(b), int64(len(b)), limit.New(limit.Max{}))
	if err != nil {
		gap(sbom.GapUnreadable, 0, "static archive: "+err.Error())
		return nil
	}
	o.Digest = "" // of the whole file, not of a member
	others, first := 0, int64(0)
	for i := range r.Members {
		m := &r.Members[i]
		if m.Kind != ar.KindFile || strings.HasPrefix(m.Name, "__.SYMDEF") {
			continue
		}
		content := b[m.Offset : m.Offset+m.Size : m.Offset+m.Size]
		if !macho.Sniff(content) {
			if others++; others == 1 {
				first = m.Header
			}
			continue
		}
		f, err := macho.ReadBytes(content, o)
		if err != nil {
			gap(sbom.GapUnreadable, m.Header, fmt.Sprintf("member %s: %v", memberName(m), err))
			continue
		}
		if err := a.members(f, m, base, in); err != nil {
			return err
		}
	}
	if others > 0 {
		gap(sbom.GapNotLookedAt, first, fmt.Sprintf("%d of %d members are no Mach-O objects, the first is here", others, len(r.Members)))
	}
	if r.Trouble != nil {
		gap(sbom.GapUnreadable, end(r), "static archive: the rest cannot be read: "+r.Trouble.Error())
	}
	if len(a.Slices) == 0 && len(a.Gaps) == 0 {
		gap(sbom.GapNotLookedAt, 0, "static archive without members")
	}
	return nil
}

// members takes in what one member says; offsets become those of the file.
func (a *analysis) members(f *macho.File, m *ar.Member, base int64, in analyser) error {
	at := base + m.Offset
	in.base = at
	moved := func(l []sbom.Gap) []sbom.Gap {
		for i := range l {
			if l[i].Offset >= 0 {
				l[i].Offset += at
			}
		}
		return l
	}
	for _, g := range moved(f.Gaps) {
		g.Why = "member " + memberName(m) + ": " + g.Why
		a.Gaps = append(a.Gaps, g)
	}
	for i := range f.Slices {
		s := &f.Slices[i]
		s.Offset += at
		out, err := in.analyse(s)
		if err != nil {
			return err
		}
		out.Member = memberName(m)
		out.Gaps = moved(out.Gaps)
		a.Slices = append(a.Slices, out)
	}
	return nil
}

// end is where the last member that was read ends.
func end(r *ar.Reader) int64 {
	if n := len(r.Members); n > 0 {
		return r.Members[n-1].Offset + r.Members[n-1].Size
	}
	return int64(len(ar.Magic))
}

// memberName is the name of a member as a part of a path. A name that is none
// is replaced by the member's place.
func memberName(m *ar.Member) string {
	n := container.Norm(m.Name)
	if n == "" || n == "." || n == ".." || len(n) > 255 || strings.Contains(n, "/") || strings.ContainsFunc(n, unicode.IsControl) {
		return fmt.Sprintf("member-at-%d", m.Header)
	}
	return n
}

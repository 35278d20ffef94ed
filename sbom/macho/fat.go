package macho

import (
	"encoding/binary"
	"fmt"

	"github.com/kinbom/kinbom/sbom"
)

// fatArch is one record of a universal header.
type fatArch struct {
	cpu, sub     uint32
	offset, size uint64
}

// readFat reads every slice that lies inside the file and overlaps no other.
func readFat(b []byte, o Options) (*File, error) {
	o.Digest = "" // of the whole file, not of a slice
	wide := binary.BigEndian.Uint32(b) == magicFat64
	n, rec := int(binary.BigEndian.Uint32(b[4:])), 20
	if wide {
		rec = 32
	}
	f := &File{Fat: true}
	if n > maxSlices {
		f.gap(sbom.GapLimit, 4, "universal header claims %d slices, more than %d", n, maxSlices)
		n = maxSlices
	}
	if len(b) < 8+n*rec {
		return nil, fmt.Errorf("reading the universal header: %d records do not fit in %d bytes", n, len(b))
	}
	var taken []fatArch
	for i := range n {
		at := 8 + i*rec
		a := readArch(b[at:at+rec], wide)
		if why := a.wrong(uint64(8+n*rec), uint64(len(b)), taken); why != "" {
			f.gap(sbom.GapUnreadable, int64(at), "universal header: slice %d (%s) %s", i, archName(a.cpu, a.sub), why)
			continue
		}
		taken = append(taken, a)
		f.addSlice(b[a.offset:a.offset+a.size], a, o)
	}
	return f, nil
}

func readArch(b []byte, wide bool) fatArch {
	be := binary.BigEndian
	a := fatArch{cpu: be.Uint32(b), sub: be.Uint32(b[4:])}
	if wide {
		a.offset, a.size = be.Uint64(b[8:]), be.Uint64(b[16:])
	} else {
		a.offset, a.size = uint64(be.Uint32(b[8:])), uint64(be.Uint32(b[12:]))
	}
	return a
}

// wrong says why the range of a record cannot be used, or "".
func (a fatArch) wrong(start, size uint64, taken []fatArch) string {
	if a.offset < start || a.offset > size || a.size > size-a.offset {
		return fmt.Sprintf("lies outside the file: offset %d, size %d", a.offset, a.size)
	}
	for _, t := range taken {
		if a.offset < t.offset+t.size && t.offset < a.offset+a.size {
			return fmt.Sprintf("overlaps another slice: offset %d, size %d", a.offset, a.size)
		}
	}
	return ""
}

// addSlice reads one slice; one that is no Mach-O is kept with its digest.
func (f *File) addSlice(b []byte, a fatArch, o Options) {
	s, err := readSlice(b, int64(a.offset), o)
	if err == nil {
		f.Slices = append(f.Slices, *s)
		return
	}
	kind, why := sbom.GapUnreadable, fmt.Sprintf("slice %s: %v", archName(a.cpu, a.sub), err)
	if len(b) >= 8 && string(b[:8]) == "!<arch>\n" {
		f.Archives = append(f.Archives, Archive{int64(a.offset), int64(len(b))})
		kind, why = sbom.GapNotLookedAt, "slice "+archName(a.cpu, a.sub)+" is a static archive"
	}
	f.gap(kind, int64(a.offset), "%s", why)
}

func (f *File) gap(kind sbom.GapKind, off int64, format string, args ...any) {
	f.Gaps = append(f.Gaps, sbom.Gap{Kind: kind, Offset: off, Why: fmt.Sprintf(format, args...), Count: 1})
}

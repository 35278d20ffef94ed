package macho

import (
	"encoding/hex"

	"github.com/kinbom/kinbom/sbom"
)

// Load commands (mach-o/loader.h).
const (
	lcRequired = 0x80000000

	lcSegment32    = 0x1
	lcSymtab       = 0x2
	lcUnixThread   = 0x5
	lcDysymtab     = 0xb
	lcLoadDylib    = 0xc
	lcIDDylib      = 0xd
	lcSegment64    = 0x19
	lcUUID         = 0x1b
	lcSignature    = 0x1d
	lcLoadLazy     = 0x20
	lcEncryption   = 0x21
	lcDyldInfo     = 0x22
	lcMinMacOS     = 0x24
	lcMinIOS       = 0x25
	lcStarts       = 0x26
	lcDataInCode   = 0x29
	lcEncryption64 = 0x2c
	lcMinTVOS      = 0x2f
	lcMinWatchOS   = 0x30
	lcBuild        = 0x32

	lcLoadWeak     = 0x18 | lcRequired
	lcRpath        = 0x1c | lcRequired
	lcReexport     = 0x1f | lcRequired
	lcDyldInfoOnly = 0x22 | lcRequired
	lcLoadUpward   = 0x23 | lcRequired
	lcMain         = 0x28 | lcRequired
	lcExportsTrie  = 0x33 | lcRequired
	lcFixups       = 0x34 | lcRequired
)

// dylib_use_command: an LC_LOAD_DYLIB or LC_LOAD_WEAK_DYLIB whose timestamp is
// the marker and whose name follows a word of flags.
const (
	useMarker   = 0x1a741800
	useNameAt   = 28
	useWeak     = 1
	useReexport = 2
	useUpward   = 4
	useDelayed  = 8
)

// commands is what the load commands say in words; both readers fill one.
type commands struct {
	InstallName     string
	Current, Compat string
	UUID            string
	Loads           []sbom.Load
	Rpaths          []string
	Builds          []sbom.Build
	nameAt          []int64 // offset of each load's name; not from go-macho
}

// readCommands walks the load commands. Their size is a claim: the walk ends at
// the first that does not fit, and what was read before it stays.
func (s *slice) readCommands() {
	count, size := s.bo.Uint32(s.b[16:]), s.bo.Uint32(s.b[20:])
	end := s.header + int64(size)
	if end > int64(len(s.b)) {
		s.gap(sbom.GapUnreadable, 20, "load commands claim %d bytes, more than the slice has", size)
		end = int64(len(s.b))
	}
	s.cmdEnd = end
	if int64(count) > int64(s.o.MaxCommands) {
		s.gap(sbom.GapLimit, 16, "header claims %d load commands, more than %d", count, s.o.MaxCommands)
		count = uint32(s.o.MaxCommands)
	}
	off := s.header
	for i := range count {
		if end-off < 8 {
			s.gap(sbom.GapUnreadable, off, "header claims %d load commands, but only %d fit", count, i)
			return
		}
		cmd, n := s.bo.Uint32(s.b[off:]), int64(s.bo.Uint32(s.b[off+4:]))
		if n < 8 || n > end-off {
			s.gap(sbom.GapUnreadable, off, "load command %d claims a size of %d bytes", i, n)
			return
		}
		s.command(cmd, s.b[off:off+n], off)
		off += n
	}
}

// command reads one load command. Kinds that say nothing for us are passed by.
func (s *slice) command(cmd uint32, b []byte, off int64) {
	switch cmd {
	case lcSegment32, lcSegment64:
		s.segmentCommand(b, off, cmd == lcSegment64)
	case lcLoadDylib, lcLoadWeak, lcReexport, lcLoadUpward, lcLoadLazy:
		s.loadCommand(cmd, b, off)
	case lcIDDylib:
		s.idCommand(b, off)
	case lcRpath:
		if name, at := s.stringIn(b, off, 8); at >= 0 {
			s.said.Rpaths = append(s.said.Rpaths, name)
		}
	case lcUUID:
		if s.fits(b, off, 24) {
			s.said.UUID = hex.EncodeToString(b[8:24])
		}
	case lcBuild:
		s.buildCommand(b, off)
	case lcMinMacOS, lcMinIOS, lcMinTVOS, lcMinWatchOS:
		s.minCommand(cmd, b, off)
	default:
		s.tableCommand(cmd, b, off)
	}
}

// tableCommand notes where a table lies.
func (s *slice) tableCommand(cmd uint32, b []byte, off int64) {
	word := func(at int) uint32 { return s.bo.Uint32(b[at:]) }
	pair := func(at int) span { return span{uint64(word(at)), uint64(word(at + 4))} }
	switch cmd {
	case lcSymtab:
		if s.fits(b, off, 24) {
			s.t.symOff, s.t.symCount, s.t.strings = word(8), word(12), pair(16)
		}
	case lcDyldInfo, lcDyldInfoOnly:
		if s.fits(b, off, 48) {
			s.t.rebases, s.t.binds, s.t.weak, s.t.lazy = pair(8), pair(16), pair(24), pair(32)
			if s.t.exports.size == 0 {
				s.t.exports = pair(40)
			}
		}
	case lcExportsTrie:
		if s.fits(b, off, 16) && word(12) != 0 {
			s.t.exports = pair(8)
		}
	case lcFixups:
		if s.fits(b, off, 16) {
			s.t.fixups = pair(8)
		}
	case lcStarts:
		if s.fits(b, off, 16) {
			s.t.starts = pair(8)
		}
	case lcDataInCode:
		if s.fits(b, off, 16) {
			s.t.inCode = pair(8)
		}
	case lcDysymtab:
		if s.fits(b, off, 64) {
			s.t.indirect = span{uint64(word(56)), 4 * uint64(word(60))}
		}
	case lcMain:
		if s.fits(b, off, 16) {
			s.t.mainAt, s.t.hasMain = s.bo.Uint64(b[8:]), true
		}
	case lcUnixThread:
		s.t.thread = b
	case lcSignature:
		if s.fits(b, off, 16) {
			s.t.signature, s.t.signatureCmd = pair(8), off
		}
	case lcEncryption, lcEncryption64:
		if s.fits(b, off, 20) && word(16) != 0 {
			s.t.encrypted = pair(8)
			s.out.Image.Encrypted = true
		}
	}
}

func (s *slice) fits(b []byte, off int64, n int) bool {
	if len(b) >= n {
		return true
	}
	s.gap(sbom.GapUnreadable, off, "load command %#x has %d bytes, less than %d", s.bo.Uint32(b), len(b), n)
	return false
}

// stringIn reads the string whose place in the command stands at an offset.
func (s *slice) stringIn(b []byte, off int64, at int) (string, int64) {
	if !s.fits(b, off, at+4) {
		return "", -1
	}
	p := int64(s.bo.Uint32(b[at:]))
	if p < 8 || p >= int64(len(b)) {
		s.gap(sbom.GapUnreadable, off, "load command %#x has its string at %d of %d bytes", s.bo.Uint32(b), p, len(b))
		return "", -1
	}
	text := b[p:]
	for i, c := range text {
		if c == 0 {
			text = text[:i]
			break
		}
	}
	return string(text), off + p
}

func (s *slice) loadCommand(cmd uint32, b []byte, off int64) {
	l := sbom.Load{Kind: sbom.LoadRegular}
	switch cmd {
	case lcLoadWeak:
		l.Kind = sbom.LoadWeak
	case lcReexport:
		l.Kind = sbom.LoadReexport
	case lcLoadUpward:
		l.Kind = sbom.LoadUpward
	case lcLoadLazy:
		l.Kind = sbom.LoadLazy
	}
	at := int64(-1)
	if s.fits(b, off, 24) {
		l.Name, at = s.stringIn(b, off, 8)
		l.Current, l.Compat = version(s.bo.Uint32(b[16:])), version(s.bo.Uint32(b[20:]))
		if len(b) >= useNameAt && s.bo.Uint32(b[8:]) == useNameAt && s.bo.Uint32(b[12:]) == useMarker {
			l.Kind = useKind(l.Kind, s.bo.Uint32(b[24:]))
		}
	}
	// Kept even when its name is unreadable: its place is a library ordinal.
	s.said.Loads = append(s.said.Loads, l)
	s.said.nameAt = append(s.said.nameAt, at)
}

// useKind picks the strongest statement of the flags of a dylib_use_command.
func useKind(k sbom.LoadKind, flags uint32) sbom.LoadKind {
	switch {
	case flags&useReexport != 0:
		return sbom.LoadReexport
	case flags&useUpward != 0:
		return sbom.LoadUpward
	case flags&useDelayed != 0:
		return sbom.LoadLazy
	case flags&useWeak != 0:
		return sbom.LoadWeak
	}
	return k
}

func (s *slice) idCommand(b []byte, off int64) {
	if !s.fits(b, off, 24) {
		return
	}
	s.said.InstallName, _ = s.stringIn(b, off, 8)
	s.said.Current, s.said.Compat = version(s.bo.Uint32(b[16:])), version(s.bo.Uint32(b[20:]))
}

func (s *slice) buildCommand(b []byte, off int64) {
	if !s.fits(b, off, 24) {
		return
	}
	r := sbom.Build{Platform: platformName(s.bo.Uint32(b[8:])), MinOS: shortVersion(s.bo.Uint32(b[12:])), SDK: shortVersion(s.bo.Uint32(b[16:]))}
	tools := b[24:]
	n := int64(s.bo.Uint32(b[20:]))
	if n > int64(len(tools)/8) {
		s.gap(sbom.GapUnreadable, off, "build version claims %d tools, more than fit", n)
		n = int64(len(tools) / 8)
	}
	for i := range n {
		t := tools[8*i:]
		r.Tools = append(r.Tools, sbom.Tool{Name: toolName(s.bo.Uint32(t)), Version: version(s.bo.Uint32(t[4:]))})
	}
	s.said.Builds = append(s.said.Builds, r)
}

func (s *slice) minCommand(cmd uint32, b []byte, off int64) {
	if !s.fits(b, off, 16) {
		return
	}
	p := map[uint32]uint32{lcMinMacOS: 1, lcMinIOS: 2, lcMinTVOS: 3, lcMinWatchOS: 4}[cmd]
	s.said.Builds = append(s.said.Builds, sbom.Build{Platform: platformName(p),
		MinOS: shortVersion(s.bo.Uint32(b[8:])), SDK: shortVersion(s.bo.Uint32(b[12:]))})
}

// fill copies what the load commands say into the image.
func (s *slice) fill() {
	m, c := &s.out.Image, &s.said
	m.InstallName, m.CurrentVersion, m.CompatVersion = c.InstallName, c.Current, c.Compat
	m.Loads, m.Rpaths, m.Builds = c.Loads, c.Rpaths, c.Builds
}

// loadFacts gives the library references as facts.
func (s *slice) loadFacts() {
	for i, at := range s.said.nameAt {
		if name := s.said.Loads[i].Name; name != "" {
			s.addFact(sbom.Fact{Kind: sbom.FactLoad, Value: s.b[at : at+int64(len(name))], Offset: at, Length: int64(len(name))})
		}
	}
}

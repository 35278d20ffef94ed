package macho

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"reflect"

	gomacho "github.com/blacktop/go-macho"
	"github.com/blacktop/go-macho/types"
	"github.com/kinbom/kinbom/sbom"
)

// typed are the load commands that go-macho is asked for. All of them lie
// within the load commands themselves: go-macho then reads no table, follows
// no offset and allocates no more than they occupy.
var typed = [...]types.LoadCmd{types.LC_LOAD_DYLIB, types.LC_LOAD_WEAK_DYLIB, types.LC_REEXPORT_DYLIB, types.LC_LOAD_UPWARD_DYLIB,
	types.LC_LAZY_LOAD_DYLIB, types.LC_ID_DYLIB, types.LC_RPATH, types.LC_UUID, types.LC_BUILD_VERSION, types.LC_VERSION_MIN_MACOSX,
	types.LC_VERSION_MIN_IPHONEOS, types.LC_VERSION_MIN_TVOS, types.LC_VERSION_MIN_WATCHOS}

// askLibrary reads the typed load commands a second time, with go-macho. Two
// readers that disagree are a gap: one of them is being misled.
func (s *slice) askLibrary() {
	if len(s.out.Gaps) > 0 {
		return // the commands are damaged, and that is said already
	}
	c, err := libraryCommands(s.b[:s.cmdEnd])
	if err != nil {
		s.gap(sbom.GapUnreadable, 0, "go-macho: %v", err)
		return
	}
	c.nameAt = s.said.nameAt
	if !reflect.DeepEqual(c, s.said) {
		s.gap(sbom.GapInconsistent, s.header, "go-macho reads the load commands differently")
		return
	}
	s.said = c
}

// libraryCommands gives go-macho the header and the load commands, and nothing else.
func libraryCommands(head []byte) (c commands, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("NewFile panicked: %v", r)
		}
	}()
	f, err := gomacho.NewFile(bytes.NewReader(head), gomacho.FileConfig{LoadIncluding: typed[:]})
	if err != nil {
		return c, fmt.Errorf("NewFile: %w", err)
	}
	for _, l := range f.Loads {
		c.add(l)
	}
	return c, nil
}

// add takes over one typed load command.
func (c *commands) add(l gomacho.Load) {
	switch l := l.(type) {
	case *gomacho.LoadDylib:
		c.load(sbom.LoadRegular, &l.Dylib)
	case *gomacho.WeakDylib:
		c.load(sbom.LoadWeak, &l.Dylib)
	case *gomacho.ReExportDylib:
		c.load(sbom.LoadReexport, &l.Dylib)
	case *gomacho.UpwardDylib:
		c.load(sbom.LoadUpward, &l.Dylib)
	case *gomacho.LazyLoadDylib:
		c.load(sbom.LoadLazy, &l.Dylib)
	case *gomacho.IDDylib:
		c.InstallName, c.Current, c.Compat = l.Name, version(uint32(l.CurrentVersion)), version(uint32(l.CompatVersion))
	case *gomacho.Rpath:
		c.Rpaths = append(c.Rpaths, l.Path)
	case *gomacho.UUID:
		c.UUID = hex.EncodeToString(l.UUID[:])
	case *gomacho.BuildVersion:
		r := sbom.Build{Platform: platformName(uint32(l.Platform)), MinOS: shortVersion(uint32(l.Minos)), SDK: shortVersion(uint32(l.Sdk))}
		for _, t := range l.Tools {
			r.Tools = append(r.Tools, sbom.Tool{Name: toolName(uint32(t.Tool)), Version: version(uint32(t.Version))})
		}
		c.Builds = append(c.Builds, r)
	case *gomacho.VersionMinMacOSX:
		c.min(1, &l.VersionMin)
	case *gomacho.VersionMiniPhoneOS:
		c.min(2, &l.VersionMin)
	case *gomacho.VersionMinTvOS:
		c.min(3, &l.VersionMin)
	case *gomacho.VersionMinWatchOS:
		c.min(4, &l.VersionMin)
	}
}

func (c *commands) load(k sbom.LoadKind, d *gomacho.Dylib) {
	if d.IsDylibUseCmd() {
		k = useKind(k, uint32(d.Flags))
	}
	c.Loads = append(c.Loads, sbom.Load{Name: d.Name, Kind: k, Current: version(uint32(d.CurrentVersion)), Compat: version(uint32(d.CompatVersion))})
}

func (c *commands) min(platform uint32, v *gomacho.VersionMin) {
	c.Builds = append(c.Builds, sbom.Build{Platform: platformName(platform), MinOS: shortVersion(uint32(v.Version)), SDK: shortVersion(uint32(v.Sdk))})
}

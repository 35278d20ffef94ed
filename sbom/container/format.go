package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom/container/asar"
	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/container/tarball"
	"github.com/kinbom/kinbom/sbom/container/xar"
	"github.com/kinbom/kinbom/sbom/limit"
)

// Format is one kind of archive or image that can be opened.
type Format struct {
	Name    string   // zip, ipa
	Doc     string   // one sentence
	Endings []string // usual endings of file names, lower case, with the dot
	// Detect reports whether a file is of this format, by its first bytes (up
	// to HeadSize of them) and its name.
	Detect func(head []byte, name string) bool
	// Open unpacks a file into the private folder dest. Damage is a gap in the
	// tree; an error is for the disk, for dest, or for the end of ctx.
	Open func(ctx context.Context, f *os.File, dest string, b *limit.Budget) (*Tree, error)
}

// HeadSize is how many first bytes Detect wants to see.
const HeadSize = 512

// ErrUnsupported says that a file is of no format that can be opened.
var ErrUnsupported = errors.New("not a container that can be opened")

// Formats returns the formats, the more special before the more general.
func Formats() []Format {
	return []Format{
		{Name: "asar", Doc: "archive of an Electron app, its hashes verified", Endings: []string{".asar"},
			Detect: func(head []byte, name string) bool { return asar.Detect(head) || hasEnding(name, ".asar") }, Open: openAsar},
		{Name: "ipa", Doc: "iOS app archive: a zip with Payload/*.app", Endings: []string{".ipa"},
			Detect: func(head []byte, name string) bool { return zipMagic(head) && hasEnding(name, ".ipa") }, Open: openZip},
		{Name: "zip", Doc: "zip archive, symbolic links and zip64 included", Endings: []string{".zip"},
			Detect: func(head []byte, _ string) bool { return zipMagic(head) }, Open: openZip},
		{Name: "pkg", Doc: "installer package or .xip: a xar archive", Endings: []string{".pkg", ".mpkg", ".xip", ".xar"},
			Detect: func(head []byte, _ string) bool { return xar.Detect(head) }, Open: openPackage},
		{Name: "tar", Doc: "tar archive, plain or with gzip, bzip2, xz, lzma or zstd", Endings: []string{".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst", ".lzma"},
			Detect: func(head []byte, name string) bool {
				return tarball.Detect(head) || tarName(name) && compress.Detect(head) != ""
			}, Open: openTar},
		{Name: "dmg", Doc: "disk image with HFS+ or APFS volumes", Endings: []string{".dmg", ".img", ".iso", ".cdr"},
			Detect: func(_ []byte, name string) bool { return hasEnding(name, ".dmg", ".img", ".iso", ".cdr") }, Open: openImage},
	}
}

// Validate checks a list of formats: names are unique and nothing is missing.
func Validate(formats []Format) error {
	var errs []error
	seen := map[string]bool{}
	for i, f := range formats {
		if f.Name == "" || f.Doc == "" || len(f.Endings) == 0 || f.Detect == nil || f.Open == nil {
			errs = append(errs, fmt.Errorf("format %d (%q) is incomplete", i, f.Name))
		}
		if seen[f.Name] {
			errs = append(errs, fmt.Errorf("format %q is listed twice", f.Name))
		}
		seen[f.Name] = true
		for _, e := range f.Endings {
			if !strings.HasPrefix(e, ".") || e != strings.ToLower(e) {
				errs = append(errs, fmt.Errorf("format %q: ending %q", f.Name, e))
			}
		}
	}
	return errors.Join(errs...)
}

// Detect returns the format of a file that the user gave, by its first bytes
// and its name; ok is false when there is none.
func Detect(head []byte, name string) (f Format, ok bool) {
	for _, f := range Formats() {
		if f.Detect(head, name) {
			return f, true
		}
	}
	return Format{}, false
}

// DetectNested is Detect for a file inside a tree: the name must have one of
// the format's endings as well. Many documents and libraries (jar, docx) are
// zip archives, and no places where products are shipped.
func DetectNested(head []byte, name string) (f Format, ok bool) {
	f, ok = Detect(head, name)
	return f, ok && hasEnding(name, f.Endings...)
}

func hasEnding(name string, endings ...string) bool {
	for _, e := range endings {
		if strings.EqualFold(path.Ext(name), e) {
			return true
		}
	}
	return false
}

// Named reports whether a name has an ending of some format: only then is it
// worth to look at a file that merely lies in a folder.
func Named(name string) bool {
	for _, f := range Formats() {
		if hasEnding(name, f.Endings...) {
			return true
		}
	}
	return false
}

// tarName reports whether a name is that of a compressed tar archive: the
// compression's first bytes do not tell what is inside.
func tarName(name string) bool {
	name = strings.ToLower(name)
	for _, e := range []string{".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tar.lzma"} {
		if strings.HasSuffix(name, e) {
			return true
		}
	}
	return false
}

// zipMagic knows a zip by its first entry, or by its end when it is empty.
func zipMagic(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// UnpackAs unpacks the archive at path, whose format has the given name, into
// the private folder dest, which is made when it is not there. Several archives
// may share one dest. It is meant to run in a child process (sbom/worker): the
// caller removes dest.
//
// Errors: ErrUnsupported for an unknown name; else what stopped the work: the
// archive or dest cannot be opened, the disk is full, ctx ended. Damage inside
// the archive is a gap of the tree.
func UnpackAs(ctx context.Context, format, path, dest string, b *limit.Budget) (*Tree, error) {
	for _, known := range Formats() {
		if known.Name != format {
			continue
		}
		f, err := OpenRegular(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return known.Open(ctx, f, dest, b)
	}
	return nil, fmt.Errorf("unpacking as %q: %w", format, ErrUnsupported)
}

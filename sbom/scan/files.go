package scan

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container"
	"github.com/kinbom/kinbom/sbom/macho"
)

// tree is one input: its files wherever they lie, in folders or archives.
type tree struct {
	input  sbom.Input
	prefix string            // before the paths of files: the input's own name, or ""
	files  []*file           // sorted by path
	links  map[string]string // symbolic links: path -> target as written
	gaps   []sbom.Gap        // of no single file; paths relative to the input
	lost   []container.Lost  // files without an entry: names refused, over a limit
}

// file is one regular file of an input (or what could not be read as one).
type file struct {
	path    string // relative to the input, archives as folders, slashes
	norm    string // the same in Unicode NFC
	disk    string // where its bytes lie
	size    int64
	ignored bool      // AppleDouble or Finder file
	special bool      // device, pipe or socket
	opened  string    // format of the archive that it was opened as, or ""
	trouble *sbom.Gap // could not be read

	closed *sbom.Gap          // why an archive was not opened; its own bytes can be read
	in     *file              // the archive that it is a member of, when that is an asar or lies in a bundle
	within int64              // byte of that archive at which it lies as it is; 0: it does not
	lost   sbom.Coverage      // members of such an archive that have no entry
	beside []container.Beside // what an asar archive lists and does not hold
	header sbom.Digest        // of an asar archive's header

	stamp  stamp // before it was hashed; see changed
	digest sbom.Digest
	kind   string // what its first bytes say; see sniff
	holds  bool   // a binary that carries package data
	used   string // what else it was analysed as: "property list", "package manifest"
}

// Kinds that sniff tells apart. The empty kind is "no code".
const (
	kindMachO   = "Mach-O"
	kindSymbols = "dSYM" // outside any app: symbols make no product
	headLength  = 4096
)

// hashed is what one file on disk gave: hard links are read once.
type hashed struct {
	once   sync.Once
	stamp  stamp
	digest sbom.Digest
	head   []byte
	err    error
}

// hash gives every file its digest and kind. Each file on disk is read once.
func (s *scanner) hash(ctx context.Context, files []*file) error {
	s.total += len(files)
	var seen sync.Map
	return s.parallel(ctx, len(files), func(i int) error {
		f := files[i]
		defer s.step("hashing")
		if f.trouble != nil || f.special {
			return nil
		}
		if f.digest != "" { // hashed when it was unpacked
			head, err := readHead(f.disk)
			if err != nil {
				f.fail(err)
				return nil
			}
			f.classify(head)
			return nil
		}
		if over := s.over(nil); over != nil {
			f.trouble = s.limitGap(over, f.path)
			return nil
		}
		key, err := diskID(f.disk)
		if err != nil {
			f.fail(err)
			return nil
		}
		v, _ := seen.LoadOrStore(key, &hashed{})
		h := v.(*hashed)
		h.once.Do(func() {
			h.stamp = stampOf(f.disk)
			h.digest, h.head, h.err = hashFile(s.work, f.disk)
		})
		if h.err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			f.fail(h.err)
			if over := s.over(nil); over != nil && errors.Is(h.err, s.work.Err()) {
				f.trouble = s.limitGap(over, f.path)
			}
			return nil
		}
		f.digest, f.stamp = h.digest, h.stamp
		f.classify(h.head)
		return nil
	})
}

func (f *file) classify(head []byte) {
	f.kind = sniff(f.path, head)
	f.holds = f.kind == kindMachO && holdsPackages(f.disk, head)
}

func readHead(disk string) ([]byte, error) {
	r, err := container.OpenRegular(disk)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return headOf(r)
}

// headOf reads the first bytes of a file.
func headOf(r io.Reader) ([]byte, error) {
	head := make([]byte, headLength)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return head[:n], nil
}

func (f *file) fail(err error) {
	f.trouble = &sbom.Gap{Kind: sbom.GapUnreadable, Path: f.path, Offset: -1, Why: reason(err), Count: 1}
}

// reason is an error of the file system in words that do not depend on where
// the input lies.
func reason(err error) string {
	var pe *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.Is(err, fs.ErrNotExist):
		return "no longer there"
	case errors.As(err, &pe):
		return pe.Op + ": " + pe.Err.Error()
	}
	return err.Error()
}

func hashFile(ctx context.Context, disk string) (sbom.Digest, []byte, error) {
	r, err := container.OpenRegular(disk)
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	head, err := headOf(r)
	if err != nil {
		return "", nil, err
	}
	h := sha256.New()
	h.Write(head)
	buf := make([]byte, 256<<10)
	for {
		n, err := r.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, err
		}
		if ctx.Err() != nil {
			return "", nil, ctx.Err()
		}
	}
	return sbom.Digest(hex.EncodeToString(h.Sum(nil))), head, nil
}

// holdsPackages reports whether a Mach-O file carries the section of Go build
// information or of Rust audit data: only those are worth syft's while. The
// section's name stands in the load commands of each slice.
func holdsPackages(disk string, head []byte) bool {
	marks := [][]byte{[]byte("__go_buildinfo"), []byte("dep-v0"), []byte("rust-deps-v0")}
	in := func(b []byte) bool {
		return slices.ContainsFunc(marks, func(m []byte) bool { return bytes.Contains(b, m) })
	}
	if in(head) {
		return true
	}
	r, err := container.OpenRegular(disk)
	if err != nil {
		return false
	}
	defer r.Close()
	b := make([]byte, 32<<10)
	for _, o := range macho.SliceOffsets(head) {
		if n, _ := r.ReadAt(b, o); in(b[:n]) {
			return true
		}
	}
	return false
}

// byExtension names kinds of code that this version does not read. They are named
// in the result and never taken for a negative.
var byExtension = map[string]string{
	".img": "disk image", ".iso": "disk image", ".cdr": "disk image", ".sparseimage": "disk image", ".rar": "archive", ".cpio": "archive", ".rpm": "archive",
	".cab": "archive", ".lzma": "archive", ".lz4": "archive", ".aar": "archive", ".br": "archive", ".luac": "Lua",
	".js": "JavaScript", ".mjs": "JavaScript", ".cjs": "JavaScript", ".jsx": "JavaScript", ".jsc": "JavaScript bytecode",
	".ts": "TypeScript", ".tsx": "TypeScript", ".jsbundle": "JavaScript", ".hbc": "JavaScript bytecode",
	".asar": "asar archive", ".py": "Python", ".pyc": kindPython, ".pyz": "Python archive", ".rb": "Ruby", ".pl": "Perl", ".php": "PHP", ".lua": "Lua",
	".sh": "shell script", ".bash": "shell script", ".zsh": "shell script", ".command": "shell script", ".tcl": "Tcl",
	".scpt": "AppleScript", ".scptd": "AppleScript", ".applescript": "AppleScript", ".wasm": "WebAssembly",
	".jar": "Java archive", ".class": "Java class", ".dll": "PE binary", ".exe": "PE binary", ".so": "ELF binary",
	".a": "static archive", ".dmg": "disk image", ".pkg": "installer package", ".mpkg": "installer package", ".xip": "archive",
	".zip": "archive", ".ipa": "archive", ".tgz": "archive", ".gz": "archive", ".xz": "archive", ".bz2": "archive", ".tar": "archive", ".zst": "archive", ".7z": "archive",
}

// byMagic are first bytes that say more than a name.
var byMagic = []struct{ magic, kind string }{
	{"Rar!\x1a", "archive"}, {"070701", "archive"}, {"070702", "archive"}, {"070707", "archive"}, {"AA01", "archive"}, {"MSCF", "archive"},
	{"\x04\x22\x4d\x18", "archive"}, {"\x28\xb5\x2f\xfd", "archive"}, {"\xed\xab\xee\xdb", "archive"}, {"encrcdsa", "disk image"},
	{"\x7fELF", "ELF binary"}, {"MZ", "PE binary"}, {"!<arch>\n", "static archive"}, {"\x00asm", "WebAssembly"},
	{"PK\x03\x04", "archive"}, {"xar!", "installer package"}, {"\xca\xfe\xba\xbe", "Java class"}, {"FasdUAS ", "AppleScript"},
	{"\x1f\x8b", "archive"}, {"\xfd7zXZ\x00", "archive"}, {"BZh", "archive"}, {"7z\xbc\xaf\x27\x1c", "archive"}, {"BC\xc0\xde", "LLVM bitcode"},
}

// sniff says what a file is from its first bytes, else from its name: a kind of
// code, or "" for no code.
func sniff(name string, head []byte) string {
	if macho.Sniff(head) || objectArchive(head) {
		return kindMachO
	}
	ext := strings.ToLower(path.Ext(name))
	if ext == ".jar" || ext == ".asar" {
		return byExtension[ext]
	}
	for _, m := range byMagic {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.kind
		}
	}
	if bytes.HasPrefix(head, []byte("#!")) {
		return interpreter(head)
	}
	if volume(head) {
		return "disk image"
	}
	if (ext == ".html" || ext == ".htm" || ext == ".xhtml") && bytes.Contains(bytes.ToLower(head), []byte("<script")) {
		return "JavaScript"
	}
	return byExtension[ext]
}

// volume knows a bare HFS+ or APFS volume by its header.
func volume(head []byte) bool {
	at := func(off int, magic string) bool {
		return len(head) >= off+len(magic) && string(head[off:off+len(magic)]) == magic
	}
	return at(1024, "H+\x00\x04") || at(1024, "HX\x00\x05") || at(32, "NXSB")
}

func interpreter(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	for _, s := range []struct{ word, kind string }{
		{"python", "Python"}, {"node", "JavaScript"}, {"ruby", "Ruby"}, {"perl", "Perl"}, {"osascript", "AppleScript"}, {"php", "PHP"},
	} {
		if bytes.Contains(line, []byte(s.word)) {
			return s.kind
		}
	}
	return "shell script"
}

// manifest is the custody record of the input: what was given, by digest.
func (t *tree) manifest() sbom.Input {
	in := t.input
	list := make([]string, 0, 2*len(t.files))
	for _, f := range t.files {
		in.Files++
		in.Bytes += f.size
		if f.in != nil {
			continue // the archive's own digest stands for it
		}
		list = append(list, strings.TrimPrefix(f.norm, t.prefix), string(f.digest))
	}
	if in.Kind == sbom.InputDirectory || in.Kind == sbom.InputBundle {
		in.Digest = sbom.DigestOfList(list)
	} else if len(t.files) > 0 {
		in.Digest = t.files[0].digest // the file itself comes first
	}
	return in
}

// diskID names a file on disk, so that hard links are known as one.
func diskID(disk string) (string, error) {
	fi, err := os.Lstat(disk)
	if err != nil {
		return "", err
	}
	if !fi.Mode().IsRegular() {
		return "", fmt.Errorf("not a regular file")
	}
	return inode(fi, disk), nil
}

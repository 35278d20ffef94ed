package main

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/fixtures"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
	"github.com/kinbom/kinbom/sbom/container/udif/udiftest"
)

// shipment is a release that can be written in many forms.
type shipment struct {
	t   testing.TB
	n   int
	dir string
}

func newShipment(t testing.TB, n int) *shipment {
	t.Helper()
	s := &shipment{t, n, filepath.Join(t.TempDir(), "apps")}
	if err := fixtures.Unpack(s.dir, n); err != nil {
		t.Fatal(err)
	}
	return s
}

// keep removes all but some apps.
func (s *shipment) keep(apps ...string) {
	s.t.Helper()
	list, err := os.ReadDir(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range list {
		if !slices.Contains(apps, e.Name()) {
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

func (s *shipment) of(t testing.TB) *shipment { return &shipment{t, s.n, s.dir} }

// deliveries are all forms. What is nested has the inner container's name in its
// place. APFS is there for release 1 only: another program has to write it.
func deliveries() []delivery {
	list := []delivery{
		{file: "apps.zip", kind: sbom.InputZip, write: (*shipment).zip},
		{file: "pocket.ipa", kind: sbom.InputIPA, below: "Payload/", only: "Halcyon Pocket.app", write: (*shipment).ipa},
		{file: "apps.tar", kind: sbom.InputTar, write: (*shipment).tar},
		{file: "apps.tar.gz", kind: sbom.InputTar, write: func(s *shipment) []byte { return archivetest.Gzip(s.tar()) }},
		{file: "apps.tar.bz2", kind: sbom.InputTar, write: func(s *shipment) []byte { return udiftest.Pack(udiftest.Bzip2, s.tar()) }},
		{file: "apps.tar.xz", kind: sbom.InputTar, write: func(s *shipment) []byte { return archivetest.XZ(s.tar()) }},
		{file: "apps.tar.zst", kind: sbom.InputTar, write: func(s *shipment) []byte { return s.piped(s.tar(), "zstd", "-q", "-c") }},
		{file: "apps.pkg", kind: sbom.InputPkg, below: "Payload/Applications/", write: (*shipment).pkg},
		{file: "product.pkg", kind: sbom.InputPkg, below: "apps.pkg/Payload/Applications/", note: "pbzx payload", write: (*shipment).product},
		{file: "apps.xip", kind: sbom.InputXIP, note: ".xip archive", write: (*shipment).xip},
		{file: "hfs.img", kind: sbom.InputDMG, write: func(s *shipment) []byte { return s.hfs(hfsplustest.Image{}, 0) }},
		{file: "zip-in.dmg", kind: sbom.InputDMG, below: "apps.zip/", write: func(s *shipment) []byte { return s.wrapped("apps.zip", s.zip()) }},
		{file: "pkg-in.dmg", kind: sbom.InputDMG, below: "apps.pkg/Payload/Applications/", write: func(s *shipment) []byte { return s.wrapped("apps.pkg", s.pkg()) }},
		{file: "dmg-in.zip", kind: sbom.InputZip, below: "apps.dmg/", write: func(s *shipment) []byte {
			return s.zipOf("apps.dmg", s.disk(udiftest.Zlib, s.hfs(hfsplustest.Image{}, 0)))
		}},
		{file: "apfs.dmg", kind: sbom.InputDMG, write: func(s *shipment) []byte { return s.apfs(udiftest.Zlib, false) }},
		{file: "apfs-gpt.dmg", kind: sbom.InputDMG, note: "untested apfs-gpt.dmg: disk image with xz chunks", write: func(s *shipment) []byte { return s.apfs(udiftest.XZ, true) }},
		{file: "apfs-in.zip", kind: sbom.InputZip, below: "apps.dmg/", note: "untested apfs-in.zip/apps.dmg: disk image with bzip2 chunks", write: func(s *shipment) []byte {
			return s.zipOf("apps.dmg", s.apfs(udiftest.Bzip2, true))
		}},
	}
	for name, kind := range map[string]uint32{"raw": udiftest.Raw, "zlib": udiftest.Zlib, "bzip2": udiftest.Bzip2, "xz": udiftest.XZ, "lzfse": udiftest.LZFSE, "adc": udiftest.ADC} {
		note := "disk image with " + name + " chunks"
		if name == "raw" || name == "zlib" {
			note = ""
		}
		list = append(list, delivery{file: "hfs-" + name + ".dmg", kind: sbom.InputDMG, note: note, write: func(s *shipment) []byte {
			return s.disk(kind, s.hfs(hfsplustest.Image{}, 0))
		}})
	}
	for name, im := range map[string]hfsplustest.Image{"hfsx": {X: true, Sensitive: true}, "small": {BlockSize: 512}, "large": {BlockSize: 16384, NodeSize: 8192}} {
		list = append(list, delivery{file: "hfs-" + name + ".dmg", kind: sbom.InputDMG, write: func(s *shipment) []byte {
			return s.disk(udiftest.Zlib, udiftest.APM(512, udiftest.Volume{Name: "disk image", Type: "Apple_HFS", Data: padded(s.hfs(im, 0))}))
		}})
	}
	for name, kind := range map[string]uint32{"zlib": 4, "lzvn": 8, "raw": 10, "lzfse": 12} {
		note := ""
		if name == "raw" {
			note = "transparent compression without a codec"
		}
		list = append(list, delivery{file: "decmpfs-" + name + ".dmg", kind: sbom.InputDMG, note: note, write: func(s *shipment) []byte {
			return s.disk(udiftest.Zlib, udiftest.GPT(512, udiftest.Volume{Name: "disk image", Type: "Apple_HFS", Data: padded(s.hfs(hfsplustest.Image{}, kind))}))
		}})
	}
	return list
}

// piped runs a packer of others.
func (s *shipment) piped(data []byte, tool string, args ...string) []byte {
	s.t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		s.t.Skipf("%s is not installed", tool)
	}
	c := exec.Command(tool, args...)
	c.Stdin = bytes.NewReader(data)
	out, err := c.Output()
	if err != nil {
		s.t.Fatalf("%s: %v", tool, err)
	}
	return out
}

// walk calls visit for everything in the release, in order; text is a file's
// content or a link's target.
func (s *shipment) walk(visit func(name string, mode fs.FileMode, text string)) {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == s.dir {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		var b []byte
		var to string
		switch {
		case e.Type() == fs.ModeSymlink:
			to, err = os.Readlink(p)
		case e.Type().IsRegular():
			b, err = os.ReadFile(p)
		}
		rel, _ := filepath.Rel(s.dir, p)
		visit(filepath.ToSlash(rel), info.Mode(), string(b)+to)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shipment) zip() []byte {
	s.t.Helper()
	var b bytes.Buffer
	if err := fixtures.WriteArchive(&b, s.dir); err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes()
}

// zipOf is a zip with one file.
func (s *shipment) zipOf(name string, data []byte) []byte {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		s.t.Fatal(err)
	}
	return (&shipment{s.t, s.n, dir}).zip()
}

// ipa is the iOS app in the folder that an .ipa has.
func (s *shipment) ipa() []byte {
	s.t.Helper()
	dir := s.t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "Payload"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	app := filepath.Join("Payload", "Halcyon Pocket.app")
	if err := os.CopyFS(filepath.Join(dir, app), os.DirFS(filepath.Join(s.dir, "Halcyon Pocket.app"))); err != nil {
		s.t.Fatal(err)
	}
	return (&shipment{s.t, s.n, dir}).zip()
}

func (s *shipment) tar() []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	s.walk(func(name string, mode fs.FileMode, text string) {
		h := &tar.Header{Name: name, Mode: int64(mode.Perm()), Typeflag: tar.TypeReg, Size: int64(len(text)), Format: tar.FormatPAX}
		switch {
		case mode.IsDir():
			h.Name, h.Typeflag = name+"/", tar.TypeDir
		case mode.Type() == fs.ModeSymlink:
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, text, 0
		}
		if err := w.WriteHeader(h); err != nil {
			s.t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			w.Write([]byte(text))
		}
	})
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes()
}

// cpio is the payload of a package.
func (s *shipment) cpio(format string) []byte {
	files := []archivetest.File{{Name: "./"}}
	s.walk(func(name string, mode fs.FileMode, text string) {
		f := archivetest.File{Name: "./" + name, Data: text, Mode: uint32(mode.Perm())}
		switch {
		case mode.IsDir():
			f.Name += "/"
		case mode.Type() == fs.ModeSymlink:
			f.Link, f.Data = text, ""
		}
		files = append(files, f)
	})
	return archivetest.CPIO(format, files...)
}

const packageInfo = `<?xml version="1.0"?><pkg-info identifier="com.halcyon.example.apps" version="1" install-location="/Applications"/>`

// pkg is a component package: gzip over odc.
func (s *shipment) pkg() []byte {
	return archivetest.XAR(archivetest.File{Name: "PackageInfo", Data: packageInfo, Encoding: "application/x-gzip"},
		archivetest.File{Name: "Bom", Data: "BOMStore"}, archivetest.File{Name: "Payload", Data: string(archivetest.Gzip(s.cpio("odc")))})
}

// product is a product archive with one component: pbzx over newc.
func (s *shipment) product() []byte {
	return archivetest.XAR(
		archivetest.File{Name: "Distribution", Data: `<?xml version="1.0"?><installer-gui-script><pkg-ref id="com.halcyon.example.apps">#apps.pkg</pkg-ref></installer-gui-script>`},
		archivetest.File{Name: "apps.pkg/PackageInfo", Data: packageInfo, Encoding: "application/x-gzip"},
		archivetest.File{Name: "apps.pkg/Payload", Data: string(archivetest.PBZX(s.cpio("newc"), 1<<20, false))})
}

func (s *shipment) xip() []byte {
	return archivetest.XAR(archivetest.File{Name: "Metadata", Data: "<x/>"},
		archivetest.File{Name: "Content", Data: string(archivetest.PBZX(s.cpio("odc"), 1<<20, false))})
}

// hfs is a volume; with a kind of decmpfs (that of resource forks), files are
// compressed, small ones inline.
func (s *shipment) hfs(im hfsplustest.Image, kind uint32) []byte {
	im.Name, im.Free = "Halcyon", 40
	s.walk(func(name string, mode fs.FileMode, text string) {
		f := hfsplustest.File{Path: name, Mode: 0o100000 | uint16(mode.Perm()), Data: []byte(text)}
		switch {
		case mode.IsDir():
			f = hfsplustest.File{Path: name, Dir: true}
		case mode.Type() == fs.ModeSymlink:
			f = hfsplustest.File{Path: name, Link: text}
		case len(text)%3 == 0:
			f.Piece = 1 // in extents of one block
		}
		if kind != 0 && len(f.Data) > 0 {
			var attr []byte
			attr, f.Resource = decmpfs(kind, f.Data)
			f.Data, f.Compressed = nil, true
			f.Attrs = []hfsplustest.Attr{{Name: "com.apple.decmpfs", Value: attr}}
		}
		im.Files = append(im.Files, f)
	})
	return im.Build().Bytes
}

// wrapped is a dmg with one file on its volume.
func (s *shipment) wrapped(name string, data []byte) []byte {
	v := hfsplustest.Image{Name: "Installer", Files: []hfsplustest.File{{Path: name, Data: data}}}.Build().Bytes
	return s.disk(udiftest.Zlib, v)
}

// disk is a UDIF image of a disk.
func (s *shipment) disk(kind uint32, disk []byte) []byte {
	return udiftest.Image(udiftest.Table{Name: "whole disk (Apple_HFS : 0)", Data: padded(disk), Kind: udiftest.Of(kind)})
}

// apfs is a UDIF image of the container that the Linux kernel module wrote.
func (s *shipment) apfs(kind uint32, gpt bool) []byte {
	s.t.Helper()
	d, err := fixtures.APFSRelease()
	if err != nil {
		s.t.Fatal(err)
	}
	var runs []udiftest.Run
	at, size := int64(0), d.Size
	var tail []byte
	if gpt {
		var head []byte
		head, tail = udiftest.GPTAround(512, udiftest.Volume{Name: "disk image", Type: "Apple_APFS", Size: d.Size})
		runs = append(runs, udiftest.Run{Data: head})
		at = int64(len(head))
		size += at + int64(len(tail))
	}
	for off, b := range d.Runs() {
		runs = append(runs, udiftest.Run{At: at + off, Data: b})
	}
	if gpt {
		runs = append(runs, udiftest.Run{At: at + d.Size, Data: tail})
	}
	return udiftest.Sparse("whole disk (Apple_APFS : 0)", size, kind, runs...)
}

// decmpfs packs a file as macOS does: kind 4, 8, 10 and 12 keep it in the
// resource fork, kind-1 in the attribute.
func decmpfs(kind uint32, p []byte) (attr, fork []byte) {
	pack := map[uint32]func([]byte) []byte{4: archivetest.Zlib, 8: udiftest.PackLZVN, 12: udiftest.PackLZFSE,
		10: func(b []byte) []byte { return append([]byte{0xcc}, b...) }}[kind]
	le, be := binary.LittleEndian, binary.BigEndian
	if packed := pack(p); len(packed) < 3000 {
		attr = le.AppendUint32([]byte("fpmc"), kind-1)
		return append(le.AppendUint64(attr, uint64(len(p))), packed...), nil
	}
	attr = le.AppendUint64(le.AppendUint32([]byte("fpmc"), kind), uint64(len(p)))
	const block = 64 << 10
	var blocks [][]byte
	for at := 0; at < len(p); at += block {
		blocks = append(blocks, pack(p[at:min(at+block, len(p))]))
	}
	if kind != 4 { // offsets, the end of the last too, then the blocks
		at := 4 * (len(blocks) + 1)
		fork = le.AppendUint32(nil, uint32(at))
		for _, b := range blocks {
			at += len(b)
			fork = le.AppendUint32(fork, uint32(at))
		}
		return attr, append(fork, bytes.Join(blocks, nil)...)
	}
	list := le.AppendUint32(nil, uint32(len(blocks)))
	at := 4 + 8*len(blocks)
	for _, b := range blocks {
		list = le.AppendUint32(le.AppendUint32(list, uint32(at)), uint32(len(b)))
		at += len(b)
	}
	fork = make([]byte, 256)
	be.PutUint32(fork, 256)
	be.PutUint32(fork[4:], uint32(260+at))
	be.PutUint32(fork[8:], uint32(4+at))
	be.PutUint32(fork[12:], 50)
	fork = be.AppendUint32(fork, uint32(at))
	fork = append(append(fork, list...), bytes.Join(blocks, nil)...)
	m := make([]byte, 50) // the map: one resource of type cmpf
	copy(m[24:], "\x00\x1c\x00\x32\x00\x00cmpf\x00\x00\x00\x0a\x00\x01\xff\xff")
	return attr, append(fork, m...)
}

// Every form is named once, with an ending that fits its kind.
func TestDeliveryNames(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range deliveries() {
		if seen[d.file] || d.write == nil || d.below != "" && !strings.HasSuffix(d.below, "/") {
			t.Errorf("%q: listed twice, or incomplete", d.file)
		}
		seen[d.file] = true
	}
	if len(seen) < 28 {
		t.Errorf("%d forms", len(seen))
	}
}

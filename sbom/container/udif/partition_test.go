package udif_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kinbom/kinbom/sbom/container/udif"
	"github.com/kinbom/kinbom/sbom/container/udif/udiftest"
)

// volumes for tests: only their headers are real.
func hfsVolume(sectors int) []byte {
	b := sample(sectors, 5)
	copy(b[1024:], "H+\x00\x04")
	return b
}

func hfsxVolume(sectors int) []byte {
	b := sample(sectors, 5)
	copy(b[1024:], "HX\x00\x05")
	return b
}

func apfsVolume(sectors int) []byte {
	b := sample(sectors, 6)
	b[1024] = 0
	copy(b[32:], "NXSB")
	return b
}

// wrapped is an old HFS volume around an HFS+ volume that begins at sector 40.
func wrapped() []byte {
	b := make([]byte, 100*udif.Sector)
	copy(b[1024:], "BD")
	binary.BigEndian.PutUint32(b[1024+20:], 2048)
	binary.BigEndian.PutUint16(b[1024+28:], 16)
	copy(b[1024+124:], "H+")
	binary.BigEndian.PutUint16(b[1024+126:], 6)
	binary.BigEndian.PutUint16(b[1024+128:], 10)
	copy(b[40*udif.Sector:], hfsVolume(40))
	return b
}

// said is what a test compares of a partition.
type said struct {
	Name, Declared string
	Type           udif.Type
	Offset, Size   int64
}

func partitions(im *udif.Image) []said {
	var out []said
	for _, p := range im.Partitions {
		out = append(out, said{p.Name, p.Declared, p.Type, p.Offset, p.Size})
	}
	return out
}

const (
	hfsType  = "48465300-0000-11AA-AA11-00306543ECAC"
	apfsType = "7C3457EF-0000-11AA-AA11-00306543ECAC"
)

func TestPartitionMaps(t *testing.T) {
	h, hx, a := hfsVolume(64), hfsxVolume(64), apfsVolume(128)
	two := []udiftest.Volume{{Name: "Größe", Type: "Apple_HFS", Data: h}, {Name: "container", Type: "Apple_APFS", Data: a}}
	mbr := make([]byte, udif.Sector)
	mbr[450], mbr[454], mbr[458], mbr[510], mbr[511] = 0xAF, 1, 64, 0x55, 0xAA
	broken := udiftest.GPT(512, two...)
	broken[512+60]++
	brokenEntries := udiftest.GPT(512, two...)
	brokenEntries[1024]++
	for _, c := range []struct {
		name     string
		disk     []byte
		want     []said
		problems string
	}{
		{"gpt", udiftest.GPT(512, two...), []said{{"Größe", hfsType, udif.HFS, 34 * 512, 64 * 512}, {"container", apfsType, udif.APFS, 98 * 512, 128 * 512}}, ""},
		{"gpt of large blocks", udiftest.GPT(4096, two...), []said{{"Größe", hfsType, udif.HFS, 6 * 4096, 8 * 4096}, {"container", apfsType, udif.APFS, 14 * 4096, 16 * 4096}}, ""},
		{"gpt, first header damaged", broken, []said{{"Größe", hfsType, udif.HFS, 34 * 512, 64 * 512}, {"container", apfsType, udif.APFS, 98 * 512, 128 * 512}}, "header differs"},
		{"gpt, first entries damaged", brokenEntries, []said{{"Größe", hfsType, udif.HFS, 34 * 512, 64 * 512}, {"container", apfsType, udif.APFS, 98 * 512, 128 * 512}}, "entries differs"},
		{"apm", udiftest.APM(512, two...), []said{{"Größe", "Apple_HFS", udif.HFS, 4 * 512, 64 * 512}, {"container", "Apple_APFS", udif.APFS, 68 * 512, 128 * 512}}, ""},
		{"apm of a disc", udiftest.APM(2048, two...), []said{{"Größe", "Apple_HFS", udif.HFS, 4 * 2048, 64 * 512}, {"container", "Apple_APFS", udif.APFS, 20 * 2048, 128 * 512}}, ""},
		{"boot record", append(bytes.Clone(mbr), h...), []said{{"", "0xAF", udif.HFS, 512, 64 * 512}}, ""},
		{"hfs+", h, []said{{"", "", udif.HFS, 0, 64 * 512}}, ""},
		{"hfsx", hx, []said{{"", "", udif.HFS, 0, 64 * 512}}, ""},
		{"apfs", a, []said{{"", "", udif.APFS, 0, 128 * 512}}, ""},
		{"hfs+ in hfs", wrapped(), []said{{"", "", udif.HFS, 40 * 512, 40 * 512}}, ""},
		{"no volume that is known", udiftest.GPT(512, udiftest.Volume{Name: "x", Data: sample(64, 8)}), []said{{"x", hfsType, udif.Other, 34 * 512, 64 * 512}}, ""},
	} {
		packed := udiftest.Image(udiftest.Table{Name: "whole disk (unknown partition : 0)", Data: c.disk, Kind: udiftest.Mixed, Chunk: 7})
		for kind, image := range map[udif.Kind][]byte{udif.UDIF: packed, udif.Raw: c.disk} {
			if c.name == "boot record" && kind == udif.Raw {
				continue // too weak a sign: any code may end like that
			}
			t.Run(fmt.Sprintf("%s, %s", c.name, kind), func(t *testing.T) {
				if got := udif.Detect(bytes.NewReader(image), int64(len(image))); got != kind {
					t.Errorf("detected as %q", got)
				}
				im := open(t, image)
				if d := cmp.Diff(c.want, partitions(im)); d != "" {
					t.Errorf("partitions (-want +got):\n%s", d)
				}
				text := fmt.Sprint(im.Problems())
				if c.problems == "" && text != "[]" || !strings.Contains(text, c.problems) {
					t.Errorf("problems %s, want %q", text, c.problems)
				}
				for _, p := range im.Partitions {
					got := make([]byte, p.Size)
					if _, err := p.ReaderAt.ReadAt(got, 0); err != nil || !bytes.Equal(got, c.disk[p.Offset:p.Offset+p.Size]) {
						t.Errorf("%s: not the bytes of the disk, %v", p.Name, err)
					}
				}
			})
		}
	}
}

// TestPartitionOutside has partitions that reach over the end of the disk.
func TestPartitionOutside(t *testing.T) {
	disk := udiftest.APM(512, udiftest.Volume{Name: "in", Type: "Apple_HFS", Data: hfsVolume(64)}, udiftest.Volume{Name: "out", Type: "Apple_HFS", Data: hfsVolume(64)})
	binary.BigEndian.PutUint32(disk[2*512+12:], 1<<31) // blocks of the first
	binary.BigEndian.PutUint32(disk[3*512+8:], 1<<31)  // begin of the second
	im := open(t, disk)
	if p := partitions(im); len(p) != 1 || p[0].Type != udif.HFS || p[0].Size != int64(len(disk))-4*512 {
		t.Errorf("partitions %v", p)
	}
	if n := len(im.Problems()); n != 2 {
		t.Errorf("%d problems: %v", n, im.Problems())
	}
	disk = udiftest.APM(512, udiftest.Volume{Name: "in", Type: "Apple_HFS", Data: hfsVolume(64)})
	binary.BigEndian.PutUint32(disk[512+4:], 1<<32-1) // entries
	if p, n := partitions(open(t, disk)), len(open(t, disk).Problems()); len(p) != 1 || n != 2 {
		t.Errorf("map of 4 G entries: %v, %d problems", p, n)
	}
}

// TestTablesAsPartitions is for a disk without a map of its own.
func TestTablesAsPartitions(t *testing.T) {
	image := udiftest.Image(
		udiftest.Table{Name: "Driver Descriptor Map (DDM : 0)", Data: make([]byte, 512), Kind: udiftest.Mixed},
		udiftest.Table{Name: "disk image (Apple_HFS : 2)", Start: 8, Data: hfsVolume(50), Kind: udiftest.Mixed},
	)
	want := []said{{"Driver Descriptor Map (DDM : 0)", "DDM", udif.Other, 0, 512}, {"disk image (Apple_HFS : 2)", "Apple_HFS", udif.HFS, 4096, 50 * 512}}
	if d := cmp.Diff(want, partitions(open(t, image))); d != "" {
		t.Errorf("partitions (-want +got):\n%s", d)
	}
}

// TestRealVolume packs a volume that xorriso made, a hybrid disc with an Apple
// partition map; 7-Zip finds the same file in the image.
func TestRealVolume(t *testing.T) {
	tool, err := exec.LookPath("xorriso")
	if err != nil {
		t.Skip("xorriso is not installed: no volume made by another tool")
	}
	dir := t.TempDir()
	src := filepath.Join(dir, "src")
	if err := os.MkdirAll(filepath.Join(src, "X.app/Contents"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := sample(40, 3)
	if err := os.WriteFile(filepath.Join(src, "X.app/Contents/data"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	iso := filepath.Join(dir, "h.iso")
	if out, err := exec.Command(tool, "-outdev", iso, "-hfsplus", "on", "-map", src, "/").CombinedOutput(); err != nil {
		t.Skipf("xorriso: %v\n%s", err, out)
	}
	disk, err := os.ReadFile(iso)
	if err != nil {
		t.Fatal(err)
	}
	disk = append(disk, make([]byte, -len(disk)&511)...)
	im := open(t, udiftest.Image(udiftest.Table{Name: "whole disk (unknown partition : 0)", Data: disk, Kind: udiftest.Mixed}))
	var volume []byte
	for _, p := range im.Partitions {
		if p.Type == udif.HFS {
			volume = make([]byte, p.Size)
			if _, err := p.ReaderAt.ReadAt(volume, 0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if volume == nil {
		t.Fatalf("no HFS+ volume: %+v, %v", partitions(im), im.Problems())
	}
	file := filepath.Join(dir, "v.hfs")
	if err := os.WriteFile(file, volume, 0o600); err != nil {
		t.Fatal(err)
	}
	zz, err := exec.LookPath("7zz")
	if err != nil {
		t.Skip("7zz is not installed: the volume was not opened")
	}
	out, err := exec.Command(zz, "x", "-thfs", "-so", file).Output()
	if err != nil || !bytes.Contains(out, text) {
		t.Errorf("7zz does not find the file in the volume: %d bytes, %v", len(out), err)
	}
}

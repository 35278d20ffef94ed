package udif_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/udif"
	"github.com/kinbom/kinbom/sbom/container/udif/udiftest"
	"github.com/kinbom/kinbom/sbom/limit"
)

// sample is text, zeros, repeats and noise, in whole sectors.
func sample(sectors int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	words := strings.Fields("the quick brown fox jumps over one lazy dog and ships a library that nobody asked for")
	for b.Len() < sectors*udif.Sector {
		switch rng.IntN(4) {
		case 0:
			b.Write(make([]byte, rng.IntN(2000)))
		case 1:
			for range rng.IntN(500) {
				b.WriteByte(byte(rng.Uint32()))
			}
		default:
			for range rng.IntN(300) {
				b.WriteString(words[rng.IntN(len(words))] + " ")
			}
		}
	}
	return b.Bytes()[:sectors*udif.Sector]
}

var kinds = map[string]uint32{"raw": udiftest.Raw, "adc": udiftest.ADC, "zlib": udiftest.Zlib, "bzip2": udiftest.Bzip2,
	"lzfse": udiftest.LZFSE, "xz": udiftest.XZ}

func open(t *testing.T, image []byte) *udif.Image {
	t.Helper()
	im, err := udif.New(bytes.NewReader(image), int64(len(image)), limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	return im
}

func readDisk(im *udif.Image) ([]byte, error) {
	r, size := im.Disk()
	return io.ReadAll(io.NewSectionReader(r, 0, size))
}

func wantChecks(t *testing.T, checks []udif.Check, state udif.State) {
	t.Helper()
	if len(checks) == 0 {
		t.Error("no checks")
	}
	for _, c := range checks {
		if c.State != state {
			t.Errorf("%s: %s (want %08x, got %08x, %v)", c.Of, c.State, c.Want, c.Got, c.Err)
		}
	}
}

// TestKinds writes each kind of chunk and reads it, alone and with 7-Zip.
func TestKinds(t *testing.T) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			data := sample(1300, 7)
			image := udiftest.Image(udiftest.Table{Name: "whole disk (unknown partition : 0)", Data: data, Kind: udiftest.Of(kind)})
			im := open(t, image)
			got, err := readDisk(im)
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("read %d of %d bytes, %v", len(got), len(data), err)
			}
			wantChecks(t, im.Checks(), udif.Agrees)
			checks, err := open(t, image).Verify(context.Background(), unknown)
			if err != nil {
				t.Error(err)
			}
			wantChecks(t, checks, udif.Agrees)
			if got := sevenZip(t, image); !bytes.Equal(got, data) {
				t.Errorf("7zz reads %d bytes, want %d", len(got), len(data))
			}
		})
	}
}

// TestTables has several tables, chunks of all kinds, zeros and free space.
func TestTables(t *testing.T) {
	a, b := sample(3000, 1), sample(777, 2)
	zero := make([]byte, 64*udif.Sector)
	kind := func(i int) uint32 { return []uint32{udiftest.Zero, udiftest.Ignore}[i%2] }
	im := udiftest.Image(
		udiftest.Table{Name: "first", Data: a, Kind: udiftest.Mixed, Chunk: 100},
		udiftest.Table{Name: "free", Start: 3000, Data: zero, Kind: kind, Chunk: 16},
		udiftest.Table{Name: "a & b", Start: 3064, Data: b, Kind: udiftest.Mixed, Chunk: 33},
	)
	want := bytes.Join([][]byte{a, zero, b}, nil)
	if got := sevenZip(t, im); !bytes.Equal(got, want) {
		t.Errorf("7zz reads %d bytes, want %d", len(got), len(want))
	}
	image := open(t, im)
	disk, size := image.Disk()
	if size != int64(len(want)) {
		t.Fatalf("size %d, want %d", size, len(want))
	}
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, 3))
			for range 300 {
				off := rng.Int64N(size)
				p := make([]byte, 1+rng.IntN(70_000))
				n, err := disk.ReadAt(p, off)
				end := min(size, off+int64(len(p)))
				if (err != nil) != (end-off < int64(len(p))) || err != nil && err != io.EOF || !bytes.Equal(p[:n], want[off:end]) {
					t.Errorf("%d bytes at %d: %d, %v", len(p), off, n, err)
				}
			}
		})
	}
	wg.Wait()
	for _, off := range []int64{-1, size, size + 1, 1 << 62} {
		if n, err := disk.ReadAt(make([]byte, 4), off); n != 0 || err != io.EOF {
			t.Errorf("at %d: %d, %v", off, n, err)
		}
	}
	if _, err := readDisk(image); err != nil {
		t.Fatal(err)
	}
	wantChecks(t, image.Checks(), udif.Agrees)
	if p := image.Partitions; len(p) != 3 || p[2].Name != "a & b" || p[2].Offset != 3064*udif.Sector || p[2].Size != int64(len(b)) {
		t.Errorf("partitions %+v", p)
	}
}

// TestScanUnpacksOnce reads in small steps and counts what is unpacked.
func TestScanUnpacksOnce(t *testing.T) {
	data := sample(5000, 4)
	image := udiftest.Image(udiftest.Table{Name: "d", Data: data, Kind: udiftest.Of(udiftest.Zlib), Chunk: 50})
	budget := limit.New(limit.Max{})
	im, err := udif.New(bytes.NewReader(image), int64(len(image)), budget)
	if err != nil {
		t.Fatal(err)
	}
	r, size := im.Disk()
	for range 3 { // all fits into the cache
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				p := make([]byte, 999)
				for off := int64(0); off < size; off += int64(len(p)) {
					r.ReadAt(p, off)
				}
			})
		}
		wg.Wait()
	}
	if _, used := budget.Used(); used != size {
		t.Errorf("unpacked %d bytes for a disk of %d", used, size)
	}
}

// TestMemory scans an image that unpacks to 400 MiB, four readers at once.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	piece := sample(2048, 9)
	packed := udiftest.Pack(udiftest.Zlib, piece)
	var chunks []udiftest.Chunk
	for i := range uint64(400) {
		chunks = append(chunks, udiftest.Chunk{Kind: udiftest.Zlib, Start: i * 2048, Count: 2048, Size: uint64(len(packed))})
	}
	block := udiftest.Mish(0, 400*2048, 0, chunks)
	image := udiftest.Assemble(packed, udiftest.List([]udiftest.Table{{Name: "d"}}, [][]byte{block}), 0)
	im, err := udif.New(bytes.NewReader(image), int64(len(image)), limit.New(limit.Max{Ratio: 1 << 20}))
	if err != nil {
		t.Fatal(err)
	}
	r, size := im.Disk()
	var top uint64
	var wg sync.WaitGroup
	for k := range int64(4) {
		wg.Go(func() {
			p := make([]byte, 64<<10)
			for off := k * size / 4; off < (k+1)*size/4; off += int64(len(p)) {
				if _, err := r.ReadAt(p, off); err != nil {
					t.Error(err)
				}
				if k == 0 && off%(4<<20) == 0 {
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					top = max(top, m.HeapInuse)
				}
			}
		})
	}
	wg.Wait()
	if top > 250<<20 {
		t.Errorf("heap of %d MiB", top>>20)
	}
}

// sevenZip returns what 7-Zip unpacks an image to: one file for each table.
func sevenZip(t *testing.T, image []byte) []byte {
	t.Helper()
	tool, err := exec.LookPath("7zz")
	if err != nil {
		t.Skip("7zz is not installed: not compared with it")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "i.dmg")
	if err := os.WriteFile(file, image, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if text, err := exec.Command(tool, "x", "-tdmg", "-o"+out, file).CombinedOutput(); err != nil {
		t.Fatalf("7zz: %v\n%s", err, text)
	}
	files, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(files)
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// genuine is a disk image that hdiutil wrote, from the module cache.
func genuine(t testing.TB) []byte {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Skip("no go command: no genuine image")
	}
	name := filepath.Join(strings.TrimSpace(string(out)), "github.com/sassoftware/relic/v7@v7.6.2/functest/packages/dummy.dmg")
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no genuine image: go mod download github.com/sassoftware/relic/v7@v7.6.2")
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGenuineImage(t *testing.T) {
	b := genuine(t)
	im := open(t, b)
	checks, err := im.Verify(context.Background(), unknown)
	if err != nil || len(checks) != 10 || len(im.Problems()) != 0 {
		t.Errorf("%d checks, %v, %v", len(checks), err, im.Problems())
	}
	wantChecks(t, checks[:9], udif.Agrees)
	if c := checks[9]; c.State != udif.NotKept { // hdiutil left it out
		t.Errorf("data fork: %v", c)
	}
	disk, err := readDisk(im)
	if err != nil {
		t.Fatal(err)
	}
	if got := sevenZip(t, b); !bytes.Equal(got, disk) {
		t.Errorf("7zz reads another disk: %d bytes, ours %d", len(got), len(disk))
	}
	if len(im.Partitions) != 1 {
		t.Fatalf("partitions %+v", im.Partitions)
	}
	p := im.Partitions[0]
	if p.Name != "disk image" || p.Type != udif.HFS || p.Declared != "48465300-0000-11AA-AA11-00306543ECAC" || p.Offset != 20480 || p.Size != 2084864 {
		t.Errorf("partition %+v", p)
	}
	// The same disk in every kind of chunk: 7-Zip finds the files in it.
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			again := udiftest.Image(udiftest.Table{Name: "whole disk (Apple_HFS : 0)", Data: disk, Kind: udiftest.Of(kind)})
			im := open(t, again)
			if len(im.Partitions) != 1 || im.Partitions[0].Type != udif.HFS || im.Partitions[0].Size != p.Size {
				t.Errorf("partitions %+v", im.Partitions)
			}
			if got, err := readDisk(im); err != nil || !bytes.Equal(got, disk) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if got := sevenZip(t, again); !bytes.Equal(got, disk) {
				t.Errorf("7zz reads another disk: %d bytes", len(got))
			}
		})
	}
}

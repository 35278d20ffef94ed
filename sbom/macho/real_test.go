package macho

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"testing"
)

// realFiles returns every distinct Mach-O file below KINBOM_REAL, smallest
// first. Tests on real input are skipped without it.
func realFiles(tb testing.TB) (paths []string, content [][]byte) {
	tb.Helper()
	root := os.Getenv("KINBOM_REAL")
	if root == "" {
		tb.Skip("KINBOM_REAL is not set: it names a folder of real apps")
	}
	seen := map[[32]byte]bool{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(b); Sniff(b[:min(len(b), 4096)]) && !seen[sum] {
			seen[sum] = true
			paths, content = append(paths, p), append(content, b)
		}
		return nil
	})
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no Mach-O files below %s: %v", root, err)
	}
	sort.Sort(bySize{paths, content})
	return paths, content
}

type bySize struct {
	paths   []string
	content [][]byte
}

func (s bySize) Len() int { return len(s.paths) }
func (s bySize) Less(i, j int) bool {
	if len(s.content[i]) != len(s.content[j]) {
		return len(s.content[i]) < len(s.content[j])
	}
	return s.paths[i] < s.paths[j]
}
func (s bySize) Swap(i, j int) {
	s.paths[i], s.paths[j] = s.paths[j], s.paths[i]
	s.content[i], s.content[j] = s.content[j], s.content[i]
}

// BenchmarkReal reads all distinct real files; MB/s is over their bytes.
func BenchmarkReal(b *testing.B) {
	_, content := realFiles(b)
	var total int64
	for _, c := range content {
		total += int64(len(c))
	}
	for _, level := range []struct {
		name string
		l    Level
	}{{"Full", Full}, {"Basic", Basic}} {
		b.Run(level.name, func(b *testing.B) {
			b.SetBytes(total)
			b.ReportAllocs()
			for b.Loop() {
				for _, c := range content {
					if _, err := ReadBytes(c, Options{Level: level.l}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
	b.Run("SHA256", func(b *testing.B) {
		b.SetBytes(total)
		for b.Loop() {
			for _, c := range content {
				sha256.Sum256(c)
			}
		}
	})
}

// TestRealSummary prints one line per slice under -v, and insists that nothing
// in a real file is a gap other than encryption.
func TestRealSummary(t *testing.T) {
	paths, content := realFiles(t)
	for i, p := range paths {
		f, err := ReadBytes(content[i], Options{})
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		for _, s := range f.Slices {
			m := s.Image
			t.Logf("%s %s %s: %+v facts %d refs %d cls %d cat %d proto %d swift %d ctor %d load %d stripped %v sig %+v builds %v ids %v", filepath.Base(p), m.Arch, m.Type, m.Counts, len(s.Unit.Facts),
				len(s.References), len(m.Classes), len(m.Categories), len(m.Protocols), len(m.SwiftTypes), s.Constructors, s.LoadMethods, m.Stripped, m.Signature, m.Builds, m.Identities)
			for _, g := range s.Gaps {
				t.Errorf("%s %s: gap %+v", p, m.Arch, g)
			}
		}
		for _, g := range f.Gaps {
			t.Errorf("%s: gap %+v", p, g)
		}
	}
}

// BenchmarkRealCode reads the code of all distinct real files: the slices are
// read beforehand. MB/s is over the bytes of the files.
func BenchmarkRealCode(b *testing.B) {
	_, content := realFiles(b)
	var slices []*Slice
	var total int64
	for _, c := range content {
		f, err := ReadBytes(c, Options{})
		if err != nil {
			b.Fatal(err)
		}
		for i := range f.Slices {
			slices = append(slices, &f.Slices[i])
			total += f.Slices[i].Image.Size
		}
	}
	b.SetBytes(total)
	b.ReportAllocs()
	for b.Loop() {
		for _, s := range slices {
			s.Code()
		}
	}
}

package cdx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// ForeignError says that a folder holds files that Save did not write.
type ForeignError struct {
	Dir   string
	Files []string // their names, sorted
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("the folder %s holds files that no scan wrote: %s", e.Dir, someOf(e.Files))
}

// someOf names at most three files, and says how many more there are.
func someOf(names []string) string {
	if len(names) <= 3 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
}

// inspect returns the names in the folder that an earlier Save left, finished
// or not, and a *ForeignError when there is anything else. What Finder drops
// (.DS_Store) is neither.
func inspect(dir string) ([]string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	own := map[string]bool{}
	learn := func(file string) error {
		b, err := readRegular(root, file, maxManifest)
		if err != nil {
			return nil // no such file, or not one that we wrote
		}
		m, err := parseManifest(b)
		if errors.Is(err, errNotOurs) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(dir, file), err)
		}
		if file == scanFile {
			own[scanFile] = true
		}
		for _, r := range m.BOMs {
			own[r.File] = isOwnName(r.File)
		}
		return nil
	}
	if err := learn(scanFile); err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), stageMark) {
			own[e.Name()] = true
			if err := learn(e.Name() + "/" + scanFile); err != nil {
				return nil, err
			}
		}
	}
	return sortOwn(dir, entries, own)
}

func sortOwn(dir string, entries []fs.DirEntry, own map[string]bool) (old []string, err error) {
	var foreign []string
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == ".DS_Store" && e.Type().IsRegular():
		case name == marksDir && e.IsDir():
			marks, err := os.ReadDir(filepath.Join(dir, marksDir))
			if err != nil {
				return nil, err
			}
			for _, m := range marks {
				id, ok := strings.CutSuffix(m.Name(), marksEnd)
				if ok && sbom.Digest(id).Valid() && m.Type().IsRegular() {
					old = append(old, marksDir+"/"+m.Name())
				} else {
					foreign = append(foreign, marksDir+"/"+m.Name())
				}
			}
		case own[name] && (e.Type().IsRegular() || strings.HasPrefix(name, stageMark)):
			old = append(old, name)
		default:
			foreign = append(foreign, name)
		}
	}
	if len(foreign) > 0 {
		slices.Sort(foreign)
		return nil, &ForeignError{Dir: dir, Files: foreign}
	}
	return old, nil
}

// IsSaved reports whether dir is a folder that Load reads: one with a scan.json
// of kinbom (of any version), or one that holds BOM files (*.cdx.json,
// *.cdx.xml) and nothing else. Hidden files and marks do not count.
func IsSaved(dir string) bool {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return false
	}
	defer root.Close()
	if b, err := readRegular(root, scanFile, maxManifest); err == nil {
		if _, err := parseManifest(b); !errors.Is(err, errNotOurs) {
			return true
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	boms := 0
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."), e.Name() == marksDir && e.IsDir():
		case isBOMName(e.Name()) && e.Type().IsRegular():
			boms++
		default:
			return false
		}
	}
	return boms > 0
}

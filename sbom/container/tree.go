// Package container opens an input as one bounded tree: a folder, or an archive
// that is unpacked into a private folder.
//
// What it promises on hostile input: nothing outside the input is read and
// nothing outside the private folder is written. Paths from an archive never
// become paths on disk: contents are stored under their own digest, and the
// path, as found, stays in the list of entries. Links are never followed on
// disk; Resolve follows them in the list, inside the tree alone. Work is bounded
// by a limit.Budget. What is encrypted, damaged, unsupported or over a limit
// becomes a gap, and the rest is read on.
//
// Every regular file met is in Tree.Entries, readable or not (Entry.Why), or is
// counted in Tree.Lost, so that the caller's totals can add up.
//
// Trees cross from a child process to its parent with encoding/gob: paths may
// hold bytes that are not UTF-8.
package container

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/kinbom/kinbom/sbom"
)

// Tree is the list of what one input holds.
type Tree struct {
	Kind    string        // one of the sbom.Input kinds
	Root    string        // folder on disk: the input itself, or the private folder
	Entries []Entry       // sorted by Norm, then Path; no entry for the root
	Gaps    []sbom.Gap    // sorted; paths are Norm, "" is the input itself
	Lost    sbom.Coverage // files that have no entry: names refused, entries over a limit
	LostIn  []Lost        // the same by folder; sorted
	Beside  []Beside      // files that an asar archive lists and that lie beside it; in its order
	Header  sbom.Digest   // of the header of an asar archive: what ElectronAsarIntegrity names

	once sync.Once
	at   map[string]int // Norm to its first entry; folders without entry: -1
}

// Type is the type of an entry.
type Type string

// Types of entries.
const (
	TypeFile    Type = "file"
	TypeDir     Type = "dir"
	TypeSymlink Type = "symlink"
	TypeOther   Type = "other" // device, pipe, socket
)

// Entry is one thing in a tree.
type Entry struct {
	Path string // slash-separated, relative, as found; may hold any byte but zero
	Norm string // the same in Unicode NFC and valid UTF-8; bytes that are not UTF-8 are written \xNN
	Type Type
	Size int64  // bytes of a file's content; as claimed when it could not be read
	Link string // target of a symbolic link, as found

	// Disk is the file on disk that holds the content of a regular file, or ""
	// when it cannot be read. Open it with OpenRegular.
	Disk   string
	Digest sbom.Digest // of the content, where unpacking made it known; else ""
	Why    string      // why a file's content or a link's target cannot be read; the text of its gap
	Within int64       // byte of the archive's file at which the content lies as it is (asar); 0: it does not

	// Ignored marks what the Finder adds (AppleDouble, .DS_Store): no part of
	// the product, but still met. The content is looked at as well as the name.
	Ignored bool
	// Copy counts entries of the same Norm: 0 for the first, which is the one
	// that Resolve finds.
	Copy int
}

// Lost is the files of one folder that have no entry for one reason.
type Lost struct {
	Folder string // Norm, bounded, as a gap shows it; "" is the top
	Why    string
	Count  int
}

// lose counts a file that gets no entry, by its name as found.
func (t *Tree) lose(name, why string) {
	folder := strings.TrimPrefix(path.Dir("/"+shown(name)), "/")
	if n := len(t.LostIn); n > 0 && t.LostIn[n-1].Folder == folder && t.LostIn[n-1].Why == why {
		t.LostIn[n-1].Count++
		return
	}
	t.LostIn = append(t.LostIn, Lost{folder, why, 1})
}

// gap adds a gap of one file or folder.
func (t *Tree) gap(kind sbom.GapKind, path string, offset int64, why string) {
	t.Gaps = append(t.Gaps, sbom.Gap{Kind: kind, Path: path, Offset: offset, Why: why, Count: 1})
}

// finish sorts, drops folders that are listed twice, numbers entries of the
// same name, and says where such entries contradict each other.
func (t *Tree) finish() *Tree {
	slices.SortStableFunc(t.Entries, func(a, b Entry) int { // equal names stay in the archive's order
		return cmp.Or(strings.Compare(a.Norm, b.Norm), strings.Compare(a.Path, b.Path))
	})
	out := t.Entries[:0]
	for _, e := range t.Entries {
		if n := len(out); n > 0 && out[n-1].Norm == e.Norm {
			prev := &out[n-1]
			if prev.Type == TypeDir && e.Type == TypeDir {
				continue
			}
			e.Copy = prev.Copy + 1
		}
		out = append(out, e)
	}
	t.Entries = out
	for i := 0; i < len(out); {
		j := i + 1
		for j < len(out) && out[j].Norm == out[i].Norm {
			j++
		}
		if j-i > 1 && contradict(out[i:j]) {
			t.gap(sbom.GapInconsistent, out[i].Norm, -1, fmt.Sprintf("%d entries of this name with different content", j-i))
		}
		i = j
	}
	sbom.SortGaps(t.Gaps)
	slices.SortFunc(t.LostIn, func(a, b Lost) int { return cmp.Or(strings.Compare(a.Folder, b.Folder), strings.Compare(a.Why, b.Why)) })
	for _, l := range t.LostIn {
		t.Lost.AddUnreadable(l.Why, l.Count)
	}
	t.Lost.Normalize()
	return t
}

// contradict reports whether entries of one name differ in more than the name.
func contradict(same []Entry) bool {
	for _, e := range same[1:] {
		if e.Type != same[0].Type || e.Digest != same[0].Digest || e.Link != same[0].Link || e.Why != same[0].Why || e.Digest == "" && e.Type == TypeFile {
			return true
		}
	}
	return false
}

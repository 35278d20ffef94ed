package container

import (
	"path"
	"strings"
)

// maxHops is how many symbolic links one Resolve follows; more is a loop. macOS
// stops at 32.
const maxHops = 40

// index makes the table of paths, folders that have no entry included.
func (t *Tree) index() {
	t.at = make(map[string]int, len(t.Entries))
	for i := range t.Entries {
		if e := &t.Entries[i]; e.Copy == 0 {
			t.at[e.Norm] = i
		}
	}
	for i := range t.Entries {
		for dir := path.Dir(t.Entries[i].Norm); dir != "."; dir = path.Dir(dir) {
			if _, ok := t.at[dir]; ok {
				break // then its parents are there as well, or come by its own entry
			}
			t.at[dir] = -1
		}
	}
}

// Lookup returns the first entry of a path in normal form, links not followed,
// or nil. A folder that an archive implies but does not list has no entry.
func (t *Tree) Lookup(norm string) *Entry {
	t.once.Do(t.index)
	if i, ok := t.at[norm]; ok && i >= 0 {
		return &t.Entries[i]
	}
	return nil
}

// Resolve follows the symbolic links of a path, relative to the root, inside
// the tree and returns the path in normal form that it ends at. It fails when a
// link leads outside (an absolute target does), when nothing is there, or when
// links go round in circles. It reads nothing from disk and may be used by
// several goroutines at once.
func (t *Tree) Resolve(name string) (string, bool) {
	t.once.Do(t.index)
	if strings.HasPrefix(name, "/") {
		return "", false
	}
	rest := strings.Split(Norm(name), "/")
	at, hops := "", 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		if part == "" || part == "." {
			continue
		}
		if part == ".." {
			if at == "" {
				return "", false
			}
			if at = path.Dir(at); at == "." {
				at = ""
			}
			continue
		}
		next := path.Join(at, part)
		i, ok := t.at[next]
		if !ok {
			return "", false
		}
		if i < 0 || t.Entries[i].Type == TypeDir {
			at = next
			continue
		}
		e := &t.Entries[i]
		if e.Type != TypeSymlink {
			if len(rest) > 0 {
				return "", false // a file is no folder
			}
			return next, true
		}
		hops++
		if hops > maxHops || e.Link == "" || strings.HasPrefix(e.Link, "/") {
			return "", false
		}
		rest = append(strings.Split(Norm(e.Link), "/"), rest...)
	}
	return at, true
}

package capability

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

//go:embed rules/*.yaml
var builtin embed.FS

// Limits of a set of rules.
const (
	MaxFiles = 1000
	maxNames = 60 // stores of one rule: they are bits of a word
)

// Set is the rules in force, ready to match. It never changes, and many
// goroutines may use it at once.
type Set struct {
	files        map[string][]byte
	digest       sbom.Digest
	capabilities []Capability // by ID
	rules        []*rule      // by ID
	engines      []*engine    // by ID
	quotations   []quotation

	signals  []signal
	patterns []pattern
	auto     func() *automaton // finds the keys; made once
	byKey    [][]int32         // patterns of each key
	kinds    kindSet           // kinds that some pattern looks at
	shortest int               // bytes of the shortest key
	hidden   func() hidden     // the longer texts in other forms; made once
}

// Builtin returns the rules that come with kinbom. An error is a fault in
// kinbom itself; a test excludes it.
func Builtin() (*Set, error) {
	files := map[string][]byte{}
	names, err := fs.Glob(builtin, "rules/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the built-in rules: %w", err)
	}
	for _, n := range names {
		b, err := builtin.ReadFile(n)
		if err != nil {
			return nil, fmt.Errorf("reading the built-in rules: %w", err)
		}
		files["builtin/"+path.Base(n)] = b
	}
	return Parse(files)
}

// Load adds the rule files (*.yaml and *.yml, at any depth) of a folder to a
// set and returns the new one; base stays as it is and may be nil. Faults come
// as SyntaxErrors with file and line, all of them joined.
func Load(base *Set, fsys fs.FS) (*Set, error) {
	files := map[string][]byte{}
	if base != nil {
		files = base.Files()
	}
	n := 0
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); !e.Type().IsRegular() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		if _, ok := files[name]; ok {
			return fmt.Errorf("%s: a rule file of this name is already loaded", name)
		}
		b, err := readFile(fsys, name)
		if err != nil {
			return err
		}
		files[name] = b
		if n++; n > MaxFiles {
			return fmt.Errorf("more than %d rule files", MaxFiles)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("loading rules: %w", err)
	}
	if n == 0 {
		return nil, errors.New("loading rules: no rule file (*.yaml) found")
	}
	return Parse(files)
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > MaxFileBytes {
		return nil, &SyntaxError{name, 0, fmt.Sprintf("file has %d bytes, the limit is %d", info.Size(), MaxFileBytes)}
	}
	return fs.ReadFile(fsys, name)
}

// Parse makes a set of exactly these files, by name. What it gives depends on
// the contents only, so Parse(s.Files()) equals s.
func Parse(files map[string][]byte) (*Set, error) {
	var decls []fileDecl
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d := &doc{file: name}
		if root := d.parse(files[name]); root != nil {
			decls = append(decls, d.rootFile(root))
		}
		if err := d.err(); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	s := &Set{files: maps.Clone(files)}
	if err := s.compile(decls); err != nil {
		return nil, err
	}
	s.digest = digestOf(files)
	return s, nil
}

// digestOf is the digest of the sorted list of the files' digests, with line
// ends as LF: neither names nor order nor the platform's line ends count.
func digestOf(files map[string][]byte) sbom.Digest {
	var list []string
	for _, b := range files {
		list = append(list, string(sbom.DigestOf([]byte(strings.ReplaceAll(string(b), "\r\n", "\n")))))
	}
	slices.Sort(list)
	return sbom.DigestOfList(list)
}

// Digest identifies the rules in force by their content.
func (s *Set) Digest() sbom.Digest { return s.digest }

// Files returns the files of the set by name, to hand the exact rules to
// another process. The contents must not be changed.
func (s *Set) Files() map[string][]byte { return maps.Clone(s.files) }

// Rules lists the rules, sorted by id.
func (s *Set) Rules() []Rule {
	var out []Rule
	for _, r := range s.rules {
		out = append(out, r.Rule)
	}
	return out
}

// Capabilities lists the taxonomy, composites too, sorted by id.
func (s *Set) Capabilities() []Capability { return slices.Clone(s.capabilities) }

// Composites lists the composites, sorted by id.
func (s *Set) Composites() []Composite {
	var out []Composite
	for _, c := range s.capabilities {
		if c.Composite != nil {
			out = append(out, *c.Composite)
		}
	}
	return out
}

// Lookup returns the capability or composite with this id.
func (s *Set) Lookup(id string) (Capability, bool) {
	i, ok := slices.BinarySearchFunc(s.capabilities, id, func(c Capability, id string) int { return strings.Compare(c.ID, id) })
	if !ok {
		return Capability{}, false
	}
	return s.capabilities[i], true
}

// Suggest is the capability id nearest to a misspelt one, or "".
func (s *Set) Suggest(id string) string {
	best, at := "", len(id)/2+1
	for _, c := range s.capabilities {
		if n := distance(id, c.ID); n < at {
			best, at = c.ID, n
		}
	}
	return best
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/cdx"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/scan"
	"github.com/kinbom/kinbom/sbom/worker"
)

// scanFlags are what every verb that may scan takes. They are the same for all:
// an audit of apps does what a scan and an audit of its SBOMs do. That is why
// audit has two flags more than the eight that a verb should have.
type scanFlags struct {
	rules  []string
	jobs   int
	limits []string
	split  bool
}

func (f *scanFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.rules, "rules", nil, "folder with more rule files (may be given again)")
	c.Flags().IntVarP(&f.jobs, "jobs", "j", 0, "reader processes at once (default: one for each core)")
	c.Flags().StringArrayVar(&f.limits, "limit", nil, "most that the run may cost, such as bytes=2G or time=10m (may be given again): "+strings.Join(limit.Keys(), ", "))
	c.Flags().BoolVar(&f.split, "split", false, "apps that an app holds, as an installer does, are products of their own")
}

// loadRules gives the built-in rules and the user's.
func loadRules(dirs []string) (*capability.Set, error) {
	set, err := capability.Builtin()
	if err != nil {
		return nil, err
	}
	for _, d := range dirs {
		if fi, err := os.Stat(d); err != nil || !fi.IsDir() {
			return nil, usageError{fmt.Sprintf("--rules %s is not a folder", d), "give the folder that holds the .yaml rule files"}
		}
		if set, err = capability.Load(set, os.DirFS(d)); err != nil {
			return nil, fmt.Errorf("loading rules of %s: %w", d, err)
		}
	}
	return set, nil
}

// load gives the products of the inputs: scanned now, or read back from folders
// that an earlier scan wrote. Both give the same nouns.
func (f *scanFlags) load(ctx context.Context, e *env, inputs []string) (*loaded, error) {
	set, err := loadRules(f.rules)
	if err != nil {
		return nil, err
	}
	most, err := f.max()
	if err != nil {
		return nil, err
	}
	saved := 0
	for _, in := range inputs {
		if _, err := os.Stat(in); err != nil {
			return nil, usageError{fmt.Sprintf("input %s: %v", in, plainly(err)), "give folders of apps, .app bundles, Mach-O files, archives, disk images or installer packages"}
		}
		if cdx.IsSaved(in) {
			saved++
		}
	}
	if f.jobs < 0 {
		return nil, usageError{fmt.Sprintf("--jobs %d: a number of processes is wanted", f.jobs), "leave it out for one process per core"}
	}
	switch {
	case saved == 0:
		l, err := f.scan(ctx, e, set, inputs, most)
		if err == nil {
			e.hintSplit(l.scan)
		}
		return l, err
	case saved < len(inputs):
		return nil, usageError{"saved SBOMs and apps cannot be mixed in one run", "scan the apps first: kinbom scan APPS -o boms"}
	case saved > 1:
		return nil, usageError{"more than one folder of saved SBOMs was given", "scan all apps into one folder: kinbom scan APPS... -o boms"}
	}
	if len(f.limits) > 0 {
		return nil, usageError{"--limit cannot change what saved SBOMs say", "scan the apps again with --limit, and use that"}
	}
	if f.split {
		return nil, usageError{"--split cannot change what saved SBOMs say", "scan the apps again with --split, and use that"}
	}
	s, err := cdx.Load(inputs[0])
	if err == nil {
		e.hintSplit(s)
	}
	if err == nil && len(f.rules) > 0 && s.Rules != set.Digest() {
		return nil, usageError{"--rules cannot change what saved SBOMs say: they were made with other rules (" + s.Rules.Short() + ", not " + set.Digest().Short() + ")",
			"scan the apps again with --rules, and audit that"}
	}
	if err != nil {
		return nil, err
	}
	return &loaded{scan: s, rules: set, marks: cdx.MarksFolder(inputs[0]), done: func() {}}, nil
}

// hintSplit names the flag when products hold apps of their own. Saved SBOMs say
// it as the scan did. s may be nil.
func (e *env) hintSplit(s *sbom.Scan) {
	if s == nil {
		return
	}
	apps, in, first := 0, 0, ""
	for _, p := range s.Products {
		had := apps
		for _, n := range p.Notes {
			if n.Kind != sbom.NoteHoldsApp {
				continue
			}
			if apps++; apps == 1 {
				first = p.Paths[0] + "/" + n.Path
			}
		}
		if apps > had {
			in++
		}
	}
	if apps > 0 {
		e.say("hint", "%s in the resources of %s, the first is %s; a scan with --split makes products of them",
			count(apps, "app"), count(in, "product"), printable(first))
	}
}

// max reads the limits that the user gave.
func (f *scanFlags) max() (limit.Max, error) {
	var m limit.Max
	for _, l := range f.limits {
		var bad *limit.SetError
		if err := m.Set(l); errors.As(err, &bad) {
			return m, usageError{"--" + bad.Error(), "--limit KEY=VALUE with one of " + strings.Join(bad.Keys, ", ") + "; a size may end in K, M, G or T, a time is such as 90s, 10m or 2h"}
		}
	}
	return m, nil
}

// scan scans the inputs. The marks of their code go to a private folder.
func (f *scanFlags) scan(ctx context.Context, e *env, set *capability.Set, inputs []string, most limit.Max) (*loaded, error) {
	folder, err := worker.MakeFolder(e.watcher)
	if err != nil {
		return nil, err
	}
	p := &progress{env: e}
	defer p.clear()
	s, err := scan.Run(ctx, scan.Options{
		Inputs: inputs, Rules: set, Command: e.child, Watcher: e.watcher, Version: version, Jobs: f.jobs, Split: f.split, Max: most, Marks: folder.Path, Progress: p.draw,
	})
	if err == nil {
		return &loaded{scan: s, rules: set, marks: folder.Path, done: func() { folder.Remove() }}, nil // what cannot be removed costs no result: the watcher tries on
	}
	folder.Remove()
	var none *scan.NoProductError
	var room *scan.NoRoomError
	if errors.As(err, &room) {
		return nil, usageError{room.Error(), "set TMPDIR to a folder with more room; --limit bytes=SIZE lets archives unpack to less"}
	}
	if errors.As(err, &none) {
		return nil, noProduct(none, inputs)
	}
	return nil, err
}

// loaded is what a verb works on. done must be called when it is no longer used.
type loaded struct {
	scan  *sbom.Scan
	rules *capability.Set
	marks string // folder with the marks of the images
	done  func()
}

// store gives the marks of the images, and refuses those that are not the ones
// that the image names.
func (l *loaded) store() library.Store {
	want := map[sbom.Digest]sbom.Digest{}
	for _, p := range l.scan.Products {
		for i := range p.Images {
			want[p.Images[i].Digest] = p.Images[i].Marks
		}
	}
	marks := cdx.NewMarks(l.marks, want)
	return func(image sbom.Digest) ([]byte, error) {
		if want[image] == "" {
			return nil, library.ErrNoMarks
		}
		return marks.Read(image)
	}
}

// maxNamed is how many gaps an error names.
const maxNamed = 5

// noProduct says what stood in the way, and what to give instead.
func noProduct(e *scan.NoProductError, inputs []string) error {
	text := e.Error()
	gaps := slices.DeleteFunc(slices.Clone(e.Gaps), func(g sbom.Gap) bool { return !g.Kind.Missing() })
	for i, g := range gaps {
		if i == maxNamed {
			text += fmt.Sprintf("\n  and %d more could not be looked at", len(gaps)-i)
			break
		}
		text += fmt.Sprintf("\n  could not be looked at: %s: %s", cmp.Or(printable(g.Path), "the input"), printable(g.Why))
	}
	for _, in := range inputs {
		if saved := savedNear(in); saved != "" {
			return usageError{text, "to use saved SBOMs give the folder that kinbom scan wrote: " + saved}
		}
	}
	return usageError{text, "point kinbom at a folder that holds .app bundles or Mach-O files, such as /Applications"}
}

// savedNear is a folder of saved SBOMs around or directly below a path, or "".
func savedNear(in string) string {
	if dir := filepath.Dir(in); cdx.IsSaved(dir) {
		return dir
	}
	list, _ := os.ReadDir(in)
	for _, e := range list {
		if dir := filepath.Join(in, e.Name()); e.IsDir() && cdx.IsSaved(dir) {
			return dir
		}
	}
	return ""
}

// plainly takes the path off an error of the file system: the message has it.
func plainly(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

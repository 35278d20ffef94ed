package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/capability"
)

func runRulesList(e *env, dirs []string) error {
	set, err := loadRules(dirs)
	if err != nil {
		return err
	}
	w := &errWriter{w: e.stdout}
	w.printf("rules in force: %s\n", set.Digest())
	for _, c := range set.Capabilities() {
		switch {
		case c.Composite != nil:
			w.printf("\n%s  %s\n%s\n%s\n", c.ID, c.Title, fold("  any of: ", "    ", strings.Join(c.Composite.Any, ", ")), fold("  beside it, sends: ", "    ", strings.Join(c.Composite.Sends, ", ")))
		case len(c.Rules) > 0:
			w.printf("\n%s  %s\n", c.ID, c.Title)
			for _, id := range c.Rules {
				w.printf("  rule %s\n", id)
			}
		}
	}
	var none []string
	for _, c := range set.Capabilities() {
		if c.Composite == nil && len(c.Rules) == 0 {
			none = append(none, c.ID)
		}
	}
	if len(none) > 0 {
		w.printf("\nnamed, but not looked for by any rule yet:\n  %s\n", strings.Join(none, "\n  "))
	}
	return w.err
}

func runRulesShow(e *env, dirs []string, id string) error {
	set, err := loadRules(dirs)
	if err != nil {
		return err
	}
	w := &errWriter{w: e.stdout}
	if c, ok := set.Lookup(id); ok {
		w.printf("%s  %s\n\n%s\n", c.ID, c.Title, fold("", "", c.Meaning))
		if len(c.Attack) > 0 {
			w.printf("\n%s\n", fold("ATT&CK: ", "  ", strings.Join(c.Attack, ", ")))
		}
		if len(c.Apple) > 0 {
			w.printf("%s\n", fold("Apple data types: ", "  ", strings.Join(c.Apple, ", ")))
		}
		for _, r := range set.Rules() {
			if r.Capability == id {
				w.printf("\nrule %s (%s:%d)\n%s", r.ID, r.File, r.Line, source(set, r))
			}
		}
		if c.Composite != nil {
			w.printf("\n%s\n%s\n", fold("any of: ", "  ", strings.Join(c.Composite.Any, ", ")), fold("beside it, sends: ", "  ", strings.Join(c.Composite.Sends, ", ")))
		}
		return w.err
	}
	for _, r := range set.Rules() {
		if r.ID == id {
			w.printf("%s\n%s", fold("", "  ", fmt.Sprintf("rule %s of %s (%s:%d)", r.ID, r.Capability, r.File, r.Line)), source(set, r))
			return w.err
		}
	}
	hint := "kinbom rules list"
	if s := set.Suggest(id); s != "" {
		hint = "did you mean " + s + "? See: kinbom rules list"
	}
	return usageError{fmt.Sprintf("no rule or capability %q", id), hint}
}

// source is the text of a rule as its file has it.
func source(set *capability.Set, r capability.Rule) string {
	lines := strings.Split(string(set.Files()[r.File]), "\n")
	from := r.Line - 1
	if from < 0 || from >= len(lines) {
		return ""
	}
	indent := func(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }
	depth := indent(lines[from])
	if !strings.HasPrefix(strings.TrimSpace(lines[from]), "- ") {
		depth -= 2
	}
	to := from + 1
	for to < len(lines) && (strings.TrimSpace(lines[to]) == "" || indent(lines[to]) > depth) {
		to++
	}
	return strings.TrimRight(strings.Join(lines[from:to], "\n"), "\n") + "\n"
}

// withFiles is the rules in force together with given files, unless they are
// already part of them, and the names by which the set knows these files.
func withFiles(verb string, dirs, files []string) (*capability.Set, []string, error) {
	set, err := loadRules(dirs)
	if err != nil {
		return nil, nil, err
	}
	all := set.Files()
	var names []string
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, nil, usageError{fmt.Sprintf("rule file %s: %v", f, plainly(err)), "kinbom rules " + verb + " FILE.yaml"}
		}
		name := sameFile(all, b)
		if name == "" {
			name, all[f] = f, b
		}
		names = append(names, name)
	}
	set, err = capability.Parse(all)
	return set, names, err
}

// runRulesTest replays examples.
func runRulesTest(e *env, dirs, files []string) error {
	set, files, err := withFiles("test", dirs, files)
	if err != nil {
		return err
	}
	failures := set.Test(files...)
	w := &errWriter{w: e.stdout}
	for _, f := range failures {
		w.printf("FAIL %v\n", f)
	}
	w.printf("%d rules, %d examples, %d failed\n", rulesIn(set, files), set.Examples(files...), len(failures))
	return failedIf(len(failures) > 0, w.err)
}

// runRulesLint prints what lint finds.
func runRulesLint(e *env, dirs, files []string) error {
	set, files, err := withFiles("lint", dirs, files)
	if err != nil {
		return err
	}
	findings := set.Lint(files...)
	w := &errWriter{w: e.stdout}
	for _, f := range findings {
		w.printf("%v\n", f)
	}
	w.printf("%d rules, %d findings\n", rulesIn(set, files), len(findings))
	return failedIf(len(findings) > 0, w.err)
}

// rulesIn is the number of rules in some files, or in all when none is given.
func rulesIn(set *capability.Set, files []string) int {
	n := 0
	for _, r := range set.Rules() {
		if len(files) == 0 || slices.Contains(files, r.File) {
			n++
		}
	}
	return n
}

// failedIf is the exit status of a check that printed its result.
func failedIf(failed bool, err error) error {
	if err == nil && failed {
		return statusError(statusUnexpected)
	}
	return err
}

// sameFile is the rule file in force with this content, or "".
func sameFile(all map[string][]byte, b []byte) string {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if bytes.Equal(all[name], b) {
			return name
		}
	}
	return ""
}

// errWriter remembers the first error of many prints.
type errWriter struct {
	w   io.Writer
	err error
}

func (w *errWriter) printf(format string, a ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.w, format, a...)
	}
}

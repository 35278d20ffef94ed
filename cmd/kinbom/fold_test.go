package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// The help of every verb fits 80 columns, and says what it is for.
func TestHelpFits(t *testing.T) {
	var verbs [][]string
	var walk func(c *cobra.Command, path []string)
	walk = func(c *cobra.Command, path []string) {
		verbs = append(verbs, path)
		for _, s := range c.Commands() {
			if s.IsAvailableCommand() {
				walk(s, append(path[:len(path):len(path)], s.Name()))
			}
		}
	}
	walk(newRootCommand(systemEnv()), nil)
	if len(verbs) < 20 {
		t.Fatalf("only %d verbs", len(verbs))
	}
	for _, v := range verbs {
		var out bytes.Buffer
		e := systemEnv()
		e.stdout = &out
		if status := run(t.Context(), append(v, "--help"), e); status != statusClean || out.Len() < 50 {
			t.Errorf("%v: exit status %d, %q", v, status, out.String())
		}
		for _, l := range strings.Split(out.String(), "\n") {
			if utf8.RuneCountInString(l) > columns {
				t.Errorf("%v: %d columns: %s", v, utf8.RuneCountInString(l), l)
			}
		}
	}
}

// Messages are folded on a terminal; elsewhere each is one line.
func TestMessagesFit(t *testing.T) {
	long := "give folders of apps, .app bundles, Mach-O files, archives, disk images or installer packages, in any mix"
	path := strings.Repeat("long/", 30)
	for _, terminal := range []bool{true, false} {
		var out strings.Builder
		e := &env{stderr: &out, terminal: terminal}
		finish(usageError{"input " + path + " is " + long + "\n  could not be looked at: a: " + long, long}, e)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
		wide := 0
		for _, l := range lines {
			if utf8.RuneCountInString(l) > columns {
				wide++
			}
		}
		if !terminal && (len(lines) != 3 || wide != 3) || terminal && (wide != 1 || len(lines) < 8) {
			t.Errorf("terminal %t: %d of %d lines are wide:\n%s", terminal, wide, len(lines), out.String())
		}
		if !strings.Contains(out.String(), path) || !strings.HasPrefix(out.String(), "kinbom: error: input") {
			t.Errorf("terminal %t: a path is broken:\n%s", terminal, out.String())
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct{ first, rest, text, want string }{
		{"- ", "  ", "", "-"},
		{"- ", "  ", "a  b", "- a b"},
		{"", "  ", strings.Repeat("x", 80) + " y", strings.Repeat("x", 80) + "\n  y"},
		{"", "  ", strings.Repeat("x", 78) + " y", strings.Repeat("x", 78) + " y"},
		{"", "  ", strings.Repeat("é", 78) + " y", strings.Repeat("é", 78) + " y"},
		{"", "", "y " + strings.Repeat("x", 90), "y\n" + strings.Repeat("x", 90)},
	} {
		if got := fold(c.first, c.rest, c.text); got != c.want {
			t.Errorf("fold(%q, %q, %q) is %q, want %q", c.first, c.rest, c.text, got, c.want)
		}
	}
}

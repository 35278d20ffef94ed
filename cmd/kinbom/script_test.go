package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kinbom/kinbom/fixtures"
	"github.com/kinbom/kinbom/fixtures/answer"
	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/query"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/cdx"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kinbom": main})
}

// Scripts run the whole tool; a file is named after the verb and its topic.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"release": cmdRelease, "status": cmdStatus, "columns": cmdColumns, "validjson": cmdValidJSON, "bytes": cmdBytes,
			"answer": cmdAnswer, "validquery": cmdValidQuery, "resave": cmdResave, "samelibraries": cmdSameLibraries, "gobuild": cmdGoBuild,
		},
		Condition: func(c string) (bool, error) {
			if tool, ok := strings.CutPrefix(c, "tool:"); ok {
				_, err := exec.LookPath(tool)
				return err == nil, nil
			}
			if c == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", c)
		},
	})
}

// release N DIR unpacks a release of the fixture family, and its family file
// beside it. release N FILE.zip writes the archive.
func cmdRelease(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	to := ts.MkAbs(args[1])
	if filepath.Ext(to) == ".zip" {
		ts.Check(os.WriteFile(to, fixtures.Release(n), 0o644))
	} else {
		ts.Check(os.Mkdir(to, 0o755))
		ts.Check(fixtures.Unpack(to, n))
	}
	ts.Check(os.WriteFile(filepath.Join(filepath.Dir(to), "family.yaml"), fixtures.FamilyFile(), 0o644))
}

// status N COMMAND... runs a command that must end with exit status N.
func cmdStatus(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// gobuild DIR OUT PACKAGE builds a stripped Go program for macOS from a module
// that needs no network. It uses the compile cache of the caller.
func cmdGoBuild(ts *testscript.TestScript, _ bool, args []string) {
	c := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", ts.MkAbs(args[1]), args[2])
	c.Dir = ts.MkAbs(args[0])
	c.Env = append(os.Environ(), "GOOS=darwin", "GOARCH=arm64", "CGO_ENABLED=0", "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off")
	if out, err := c.CombinedOutput(); err != nil {
		ts.Fatalf("go build: %v\n%s", err, out)
	}
}

// columns N FILE: no line of the file is wider.
func cmdColumns(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for i, l := range strings.Split(ts.ReadFile(args[1]), "\n") {
		if c := len([]rune(l)); c > n && !strings.Contains(l, "dd if=") && !strings.Contains(l, "| dd ") {
			ts.Fatalf("line %d has %d columns: %s", i+1, c, l)
		}
	}
}

// validjson FILE: it is a report that holds together.
func cmdValidJSON(ts *testscript.TestScript, _ bool, args []string) {
	var r finding.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	ts.Check(r.Validate())
}

// validquery VERB FILE: it is a result of the verb that holds together.
func cmdValidQuery(ts *testscript.TestScript, _ bool, args []string) {
	var r interface{ Validate() error }
	switch args[0] {
	case "libs":
		r = &query.Libs{}
	case "who":
		r = &query.Who{}
	case "compare":
		r = &query.Comparison{}
	default:
		ts.Fatalf("unknown verb %s", args[0])
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), r))
	ts.Check(r.Validate())
}

// samelibraries LIBS GRAPH REPORT: the three name the same libraries, by id, and
// agree on which are background.
func cmdSameLibraries(ts *testscript.TestScript, _ bool, args []string) {
	var l query.Libs
	var r finding.Report
	var g struct {
		Nodes []struct {
			ID, Kind string
			Attrs    map[string]string
		}
	}
	for i, v := range []any{&l, &g, &r} {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[i])), v))
	}
	found, why := [3]map[string]string{{}, {}, {}}, [2]map[string]string{{}, {}}
	for _, x := range l.Libraries {
		found[0][x.ID], why[0][x.ID] = fmt.Sprint(x.Background), x.Why
	}
	for _, n := range g.Nodes {
		if n.Kind == "library" && !strings.Contains(n.ID, "/build/") { // builds are nodes of their own
			found[1][n.ID] = n.Attrs["background"]
		}
	}
	for _, x := range r.Libraries {
		found[2][x.ID], why[1][x.ID] = fmt.Sprint(x.Background), x.Why
	}
	if len(found[0]) < 4 || !maps.Equal(found[0], found[1]) || !maps.Equal(found[0], found[2]) || !maps.Equal(why[0], why[1]) {
		ts.Fatalf("libraries and whether they are background:\nlibs  %v\ngraph %v\naudit %v", found[0], found[1], found[2])
	}
}

// bytes REPORT ROOT: the bytes of every evidence stand in the shipped files.
func cmdBytes(ts *testscript.TestScript, _ bool, args []string) {
	var r finding.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	paths := map[string]string{}
	for _, p := range r.Products {
		paths[string(p.ID)] = p.Path
	}
	n := 0
	for _, s := range r.Sources {
		for _, place := range s.Places {
			b, err := os.ReadFile(ts.MkAbs(filepath.Join(args[1], paths[string(place.Product)], place.Path)))
			ts.Check(err)
			for _, e := range s.Evidence {
				if n++; e.Offset < 0 || e.Offset+int64(len(e.Bytes)) > int64(len(b)) || string(b[e.Offset:e.Offset+int64(len(e.Bytes))]) != string(e.Bytes) {
					ts.Fatalf("%s: evidence %q is not at offset %d", place.Path, e.Text, e.Offset)
				}
			}
		}
	}
	if n < 50 {
		ts.Fatalf("only %d pieces of evidence were looked at", n)
	}
}

// answer REPORT RELEASE: report and exit status equal the fixture
// family's answer key, as far as it is due; and what calls in code decide does,
// too: strength and sends.
func cmdAnswer(ts *testscript.TestScript, _ bool, args []string) {
	var r finding.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	release, err := strconv.Atoi(args[1])
	ts.Check(err)
	wrong, err := answer.Compare(&r, release, answer.Due)
	ts.Check(err)
	calls, err := answer.CompareCalls(&r, release)
	ts.Check(err)
	if wrong = append(wrong, calls...); len(wrong) > 0 {
		ts.Fatalf("differs from the answer key:\n%s", strings.Join(wrong, "\n"))
	}
}

// resave FROM TO BYTE: saves SBOMs again, with one byte of all their marks
// raised, as another version of kinbom would have made them; without marks when
// no byte is given.
func cmdResave(ts *testscript.TestScript, _ bool, args []string) {
	from, to := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	s, err := cdx.Load(from)
	ts.Check(err)
	o := cdx.Options{Tool: s.Tool, ToolVersion: s.Version, Rules: s.Rules, Inputs: s.Inputs}
	if len(args) > 2 {
		at, err := strconv.Atoi(args[2])
		ts.Check(err)
		o.Marks = ts.MkAbs(args[1] + ".marks")
		ts.Check(os.MkdirAll(o.Marks, 0o755))
		for _, p := range s.Products {
			for i := range p.Images {
				m := &p.Images[i]
				if m.Marks == "" {
					continue // debug symbols
				}
				b, err := os.ReadFile(filepath.Join(cdx.MarksFolder(from), cdx.MarksFile(m.Digest)))
				ts.Check(err)
				b[at]++
				m.Marks = sbom.DigestOf(b)
				ts.Check(os.WriteFile(filepath.Join(o.Marks, cdx.MarksFile(m.Digest)), b, 0o644))
			}
		}
	} else {
		for _, p := range s.Products {
			for i := range p.Images {
				p.Images[i].Marks = ""
			}
		}
	}
	ts.Check(cdx.Save(to, s, o))
}

// An interrupted run says so, fails, and writes nothing.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	var out, errs strings.Builder
	e := systemEnv()
	e.stdout, e.stderr, e.terminal = &out, &errs, false
	if err := fixtures.Unpack(dir, 1); err != nil {
		t.Fatal(err)
	}
	if got := run(ctx, []string{"scan", dir, "-o", filepath.Join(dir, "boms")}, e); got != statusFailed {
		t.Errorf("exit status %d, want %d", got, statusFailed)
	}
	if _, err := os.Stat(filepath.Join(dir, "boms")); err == nil || out.Len() > 0 {
		t.Errorf("something was written: %s", out.String())
	}
}

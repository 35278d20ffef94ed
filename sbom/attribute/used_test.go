package attribute

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/capability"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// A program that reads Safari's history, and one that tells how to, beside a
// database of its own. %s is what is done with path and query.
const cEither = `
extern int sqlite3_open_v2(const char *, void **, int, const char *), sqlite3_prepare_v2(void *, const char *, int, void **, const char **), puts(const char *);
extern void *popen(const char *, const char *); extern int fputs(const char *, void *);
static const char path[] = "Library/Safari/History.db", query[] = "SELECT url FROM history_items JOIN history_visits ON history_visits.history_item = history_items.id";
int main(void) { void *db, *st; sqlite3_open_v2("own.db", &db, 1, 0); sqlite3_prepare_v2(db, "SELECT name FROM notes", -1, &st, 0); %s return 0; }
`

const goEither = `package main

import (
	"database/sql"
	"fmt"
	"os"
)

var pairs = []struct{ path, query string }{
	{"Library/Safari/History.db", "SELECT url FROM history_items JOIN history_visits ON history_visits.history_item = history_items.id"},
	{"Library/Application Support/Google/Chrome/Default/History", "SELECT url, title, last_visit_time FROM urls"},
}

func main() {
	db, err := sql.Open("sqlite3", os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	for _, p := range pairs {
		%s
	}
	fmt.Println(db.Ping())
}
`

// historyGrade is the strongest grade that the units of a program have for reading
// history, and what is done with what is shown for it.
func historyGrade(t *testing.T, file string) (sbom.Grade, map[string]bool) {
	t.Helper()
	rules, err := capability.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	s := readSlice(t, file)
	code := s.Code()
	set, refs := fingerprint.Pass(code)
	best, uses := sbom.Grade(""), map[string]bool{}
	tags, _ := Units(rules, s, code, set, refs, sbom.DigestOf(nil))
	for _, tag := range tags {
		if tag.Rule != "browser-history-store" || tag.Grade.Rank() < best.Rank() {
			continue
		}
		best = tag.Grade
		for _, e := range tag.Evidence {
			if e.Use != "" {
				uses[e.Use] = true
			}
		}
	}
	return best, uses
}

func TestUnitsByUse(t *testing.T) {
	for _, tool := range []string{"clang-19", "ld64.lld-19"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool)
		}
	}
	dir := t.TempDir()
	for _, x := range []struct {
		name, does string
		want       sbom.Grade
		use        string
	}{
		{"reads", "sqlite3_open_v2(path, &db, 1, 0); sqlite3_prepare_v2(db, query, -1, &st, 0);", sbom.GradeShown, sbom.UseReads},
		{"reads and shows", "puts(path); puts(query); sqlite3_open_v2(path, &db, 1, 0);", sbom.GradeShown, sbom.UseReads},
		{"shows", "puts(path); puts(query);", sbom.GradeMentions, sbom.UseShows},
		{"writes", "fputs(path, db); fputs(query, db);", sbom.GradeMentions, sbom.UseWrites},
		{"tells another program", `fputs(path, popen("x", "w")); fputs(query, db);`, sbom.GradeLikely, ""},
	} {
		file := filepath.Join(dir, "a.c")
		write(t, file, []byte(strings.Replace(cEither, "%s", x.does, 1)))
		for _, arch := range []string{"arm64", "x86_64"} {
			t.Run(x.name+" "+arch, func(t *testing.T) {
				image := filepath.Join(dir, arch)
				for _, c := range [][]string{
					{"clang-19", "-target", arch + "-apple-macos11", "-O1", "-w", "-c", file, "-o", image + ".o"},
					{"ld64.lld-19", "-arch", arch, "-platform_version", "macos", "13.0", "13.0", "-undefined", "dynamic_lookup", "-o", image, image + ".o"},
				} {
					if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
						t.Fatalf("%v\n%s", err, out)
					}
				}
				grade, uses := historyGrade(t, image)
				if grade != x.want || x.use != "" && !uses[x.use] || x.use == "" && len(uses) > 0 {
					t.Errorf("%q, %v, want %q and what the code %s", grade, uses, x.want, x.use)
				}
			})
		}
	}
}

// The same in Go, where literals lie end to end in one run of constants.
func TestUnitsByUseGo(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command")
	}
	dir := t.TempDir()
	for _, x := range []struct {
		name, does string
		want       sbom.Grade
	}{
		{"reads", `if b, err := os.ReadFile(p.path); err == nil { rows, err := db.Query(p.query); fmt.Println(len(b), rows != nil, err) }`, sbom.GradeShown},
		{"shows", `fmt.Printf("%s: %s\n", p.path, p.query)`, sbom.GradeMentions},
	} {
		for _, arch := range []string{"arm64", "amd64"} {
			t.Run(x.name+" "+arch, func(t *testing.T) {
				source, out := filepath.Join(dir, "main.go"), filepath.Join(dir, arch)
				write(t, source, []byte(strings.Replace(goEither, "%s", x.does, 1)))
				c := exec.Command(tool, "build", "-trimpath", "-ldflags=-s -w", "-o", out, source)
				c.Env = append(os.Environ(), "GOOS=darwin", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=")
				if text, err := c.CombinedOutput(); err != nil {
					t.Skipf("this toolchain builds nothing for darwin: %v\n%s", err, text)
				}
				if grade, uses := historyGrade(t, out); grade != x.want {
					t.Errorf("%q, %v, want %q", grade, uses, x.want)
				}
			})
		}
	}
}

package capability

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// fileOf writes the bytes that the facts of unitOf claim, behind a slice
// offset, so that evidence can be looked up again.
func fileOf(u *sbom.Unit, slice int64) []byte {
	size := slice
	for _, f := range u.Facts {
		size = max(size, slice+f.Offset+f.Length)
	}
	b := make([]byte, size)
	for _, f := range u.Facts {
		copy(b[slice+f.Offset:], f.Value)
	}
	return b
}

func checkEvidence(t *testing.T, tags []sbom.Tag, file []byte, slice int64) {
	t.Helper()
	for _, tag := range tags {
		perSignal := map[string]int{}
		if len(tag.Evidence) == 0 {
			t.Errorf("tag %s has no evidence", tag.Capability)
		}
		for _, e := range tag.Evidence {
			perSignal[e.Signal]++
			if e.Slice != slice || e.Length != int64(len(e.Bytes)) || len(e.Bytes) > sbom.MaxEvidenceBytes || len(e.Bytes) == 0 {
				t.Errorf("evidence %+v", e)
				continue
			}
			if !bytes.Equal(file[e.Offset:e.Offset+e.Length], e.Bytes) {
				t.Errorf("evidence %q is not what stands at %d: %q", e.Bytes, e.Offset, file[e.Offset:e.Offset+e.Length])
			}
		}
		// own, family and shared patterns may share a signal's name
		for s, n := range perSignal {
			if n > 3*2*maxEvidence {
				t.Errorf("%d pieces of evidence for %s", n, s)
			}
		}
	}
}

func TestEvidence(t *testing.T) {
	s := mustBuiltin(t)
	long := strings.Repeat("x", 5000) + " %@/Library/Safari/History.db " + strings.Repeat("y", 5000)
	u := unitOf([]string{"string:" + long, "const:abcSELECT url FROM history_items JOIN history_visitsdef", "import:sqlite3_open_v2", "string:SELECT * FROM history_items"})
	addr := uint64(4096)
	u.Address, u.Mark = &addr, "aa"
	file := fileOf(u, 4096)
	tags := s.Match(u, sbom.DigestOf(file), 4096)
	if len(tags) != 1 {
		t.Fatalf("%d tags", len(tags))
	}
	checkEvidence(t, tags, file, 4096)
	tag := tags[0]
	if tag.Rule != "browser-history-store" || tag.RulesDigest != s.Digest() || tag.Image != u.Image || *tag.Address != addr || tag.Mark != "aa" {
		t.Errorf("tag %+v", tag)
	}
	var got []string
	for _, e := range tag.Evidence {
		got = append(got, fmt.Sprintf("%s %s %s %q", e.Signal, e.Kind, e.Section, e.Bytes))
	}
	pad, tail := strings.Repeat("x", 20), strings.Repeat("y", 12)
	want := []string{
		fmt.Sprintf("root string __TEXT,__cstring %q", pad+" %@/Library/Safari/History.db "+tail),
		fmt.Sprintf("store string __TEXT,__cstring %q", strings.Repeat("x", 12)+" %@/Library/Safari/History.db "+strings.Repeat("y", 23)),
		`sql const __TEXT,__rodata "SELECT url FROM history_items"`,
		`sql const __TEXT,__rodata "SELECT url FROM history_items JOIN history_visits"`,
		`open import  "sqlite3_open_v2"`,
		`sql string __TEXT,__cstring "SELECT * FROM history_items"`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEvidenceIsBounded(t *testing.T) {
	s := mustBuiltin(t)
	var facts []string
	for i := range 200 {
		facts = append(facts, fmt.Sprintf("string:/Users/%d/Library/Safari/History.db", i), fmt.Sprintf("string:SELECT %d FROM history_items, history_visits", i))
	}
	u := unitOf(facts)
	file := fileOf(u, 0)
	tags := s.Match(u, "", 0)
	checkEvidence(t, tags, file, 0)
	if n := len(tags[0].Evidence); n > 4*maxEvidence {
		t.Errorf("%d pieces of evidence", n)
	}
}

// Text in UTF-16 is shown as the bytes that the file holds.
func TestEvidenceOfWideText(t *testing.T) {
	s := mustBuiltin(t)
	text := strings.Repeat("ü", 100) + "/Library/Safari/History.db"
	var wideBytes []byte
	for _, c := range utf16.Encode([]rune(text)) {
		wideBytes = append(wideBytes, byte(c), byte(c>>8))
	}
	file := append(make([]byte, 40), wideBytes...)
	u := &sbom.Unit{Scope: sbom.ScopeImage, Facts: []sbom.Fact{{Kind: sbom.FactCFString, Value: []byte(text), Section: "__TEXT,__ustring", Offset: 40, Length: int64(len(wideBytes))}}}
	tags := s.Match(u, "", 0)
	checkEvidence(t, tags, file, 0)
	if len(tags) != 1 || !bytes.Contains(tags[0].Evidence[0].Bytes, []byte("S\x00a\x00f\x00a\x00r\x00i\x00")) {
		t.Errorf("tags %+v", tags)
	}
}

func TestFactWithoutPlace(t *testing.T) {
	s := mustBuiltin(t)
	u := unitOf([]string{"import:archive_write_set_format_zip"})
	u.Facts[0].Offset = -1
	tags := s.Match(u, "", 512)
	if len(tags) != 1 || tags[0].Evidence[0].Offset != 512 || tags[0].Evidence[0].Length != 0 {
		t.Errorf("tags %+v", tags)
	}
}

// Neither the order of the facts nor a second run changes anything.
func TestMatchIsDeterministic(t *testing.T) {
	s := mustBuiltin(t)
	var facts []string
	for i := range 30 {
		facts = append(facts, fmt.Sprintf("string:%d/Library/Safari/History.db", i), fmt.Sprintf("string:SELECT %d FROM urls WHERE last_visit_time > 1", i),
			"cfstring:Google/Chrome/Default/History", "selector:createZipFileAtPath:withFilesAtPaths:", "selector:setHTTPBody:")
	}
	u := unitOf(facts)
	want := s.Match(u, "", 0)
	if len(want) != 3 {
		t.Fatalf("%d tags", len(want))
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		r.Shuffle(len(u.Facts), func(i, j int) { u.Facts[i], u.Facts[j] = u.Facts[j], u.Facts[i] })
		if d := cmp.Diff(want, s.Match(u, "", 0)); d != "" {
			t.Fatal(d)
		}
	}
}

func TestOtherScopesAreLeftAlone(t *testing.T) {
	s := mustBuiltin(t)
	u := unitOf([]string{"selector:createZipFileAtPath:withFilesAtPaths:"})
	u.Scope = sbom.ScopeComponent
	if tags := s.Match(u, "", 0); len(tags) != 0 {
		t.Errorf("rules of images matched a component: %+v", tags)
	}
}

func TestMatchDoesNotAllocatePerFact(t *testing.T) {
	s := mustBuiltin(t)
	few, many := unitOf(slices.Repeat([]string{"string:nothing to see in history here"}, 10)), unitOf(slices.Repeat([]string{"string:nothing to see in history here"}, 10000))
	a := testing.AllocsPerRun(5, func() { s.Match(few, "", 0) })
	b := testing.AllocsPerRun(5, func() { s.Match(many, "", 0) })
	if b > a {
		t.Errorf("%v allocations for 10 facts, %v for 10000", a, b)
	}
}

// FuzzMatch: hostile facts give tags whose evidence is true, and no panic.
func FuzzMatch(f *testing.F) {
	s := mustBuiltin(f)
	for _, r := range s.rules {
		for _, x := range r.examples {
			for _, ft := range x.facts {
				f.Add(ft.Value, []byte("Library/Safari/History.db"), uint8(kindOf(ft.Kind)))
			}
		}
	}
	kinds := factKinds()
	f.Fuzz(func(t *testing.T, a, b []byte, k uint8) {
		u := unitOf([]string{"x:" + string(a), "y:" + string(b), "z:" + string(a) + string(b)})
		for i := range u.Facts {
			u.Facts[i].Kind = kinds[(int(k)+i)%len(kinds)]
		}
		tags := s.Match(u, "", 0)
		for _, tag := range tags {
			if tag.Grade.Rank() == 0 {
				t.Errorf("tag without grade: %+v", tag)
			}
		}
		file := fileOf(u, 0)
		for _, tag := range tags {
			for _, e := range tag.Evidence {
				if e.Offset+e.Length > int64(len(file)) || !bytes.Equal(file[e.Offset:e.Offset+e.Length], e.Bytes) {
					t.Errorf("evidence %+v is not in the file", e)
				}
			}
		}
	})
}

// A literal full of table names without a statement is the dearest input: the
// verb is looked for at each of them.
func BenchmarkHostileLiterals(b *testing.B) {
	s := mustBuiltin(b)
	for _, kind := range []string{"string:", "const:"} {
		u := unitOf([]string{kind + strings.Repeat("from urls ", 20000), kind + strings.Repeat("select x from urls ", 10000), kind + strings.Repeat("urls,", 40000)})
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(600_000)
			for b.Loop() {
				s.Match(u, "", 0)
			}
		})
	}
}

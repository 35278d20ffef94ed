package capability

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

// located is a tag in short.
type located struct {
	Address uint64 // 0: the image
	Stores  []string
}

func locate(t *testing.T, values []string, parts []Part) []located {
	t.Helper()
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	u := &sbom.Unit{Image: sbom.DigestOf(nil), Scope: sbom.ScopeImage}
	at := int64(0)
	for _, v := range values {
		u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactString, Value: []byte(v), Section: "__TEXT,__cstring", Offset: at, Length: int64(len(v))})
		at += int64(len(v)) + 1
	}
	// Something in the image starts programs: else no text is a query.
	u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactImport, Value: []byte("posix_spawn"), Section: "__LINKEDIT", Offset: at, Length: 11})
	tags := set.Match(u, sbom.DigestOf(nil), 0)
	if len(tags) != 1 || tags[0].Grade != sbom.GradeLikely {
		t.Fatalf("the image has %d tags: %+v", len(tags), tags)
	}
	var out []located
	for _, tag := range set.Locate(u, tags, parts, sbom.DigestOf(nil), 0) {
		l := located{Stores: tag.Stores}
		if tag.Address != nil {
			l.Address = *tag.Address
			if tag.Mark == "" || len(tag.Evidence) == 0 {
				t.Errorf("tag of %#x without mark or evidence", l.Address)
			}
		}
		out = append(out, l)
	}
	return out
}

var (
	chrome = []string{"Library/Application Support/Google/Chrome/Default/History", "SELECT url FROM urls JOIN visits ON visits.url = urls.id"}
	safari = []string{"Library/Safari/History.db", "SELECT url, visit_time FROM history_items JOIN history_visits ON history_items.id = history_visits.history_item"}
)

func TestLocate(t *testing.T) {
	both := append(append([]string{}, chrome...), safari...)
	c, s := []string{"chromium"}, []string{"safari"}
	for name, x := range map[string]struct {
		values []string
		parts  []Part
		want   []located
	}{
		"in one function":     {chrome, []Part{{Address: 16, Mark: "m", Facts: []int{0, 1}}, {Address: 32, Mark: "n"}}, []located{{16, c}}},
		"two readers":         {both, []Part{{Address: 16, Mark: "m", Facts: []int{0, 1}}, {Address: 32, Mark: "n", Facts: []int{2, 3}}}, []located{{16, c}, {32, s}}},
		"path in a callee":    {chrome, []Part{{Address: 16, Mark: "m", Facts: []int{1}, Callees: []int{1}}, {Address: 32, Mark: "n", Facts: []int{0}}}, []located{{16, c}}},
		"callers do not":      {chrome, []Part{{Address: 16, Mark: "m", Callees: []int{1}}, {Address: 32, Mark: "n", Facts: []int{0, 1}}}, []located{{32, c}}},
		"two methods":         {chrome, []Part{{Address: 16, Mark: "m", Facts: []int{0}, Class: 1}, {Address: 32, Mark: "n", Facts: []int{1}, Class: 1}}, []located{{16, c}}},
		"two classes":         {chrome, []Part{{Address: 16, Mark: "m", Facts: []int{0}, Class: 1}, {Address: 32, Mark: "n", Facts: []int{1}, Class: 2}}, []located{{0, c}}},
		"nowhere":             {chrome, nil, []located{{0, c}}},
		"one of two is found": {both, []Part{{Address: 16, Mark: "m", Facts: []int{0, 1}}}, []located{{0, []string{"chromium", "safari"}}, {16, c}}},
	} {
		if d := cmp.Diff(x.want, locate(t, x.values, x.parts)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestLocateNoFunction puts no tag at a stretch of code that refers to everything.
func TestLocateNoFunction(t *testing.T) {
	for _, x := range []struct {
		more int // facts that the part refers to beside path and query
		want located
	}{{maxRefers - 2, located{16, []string{"chromium"}}}, {maxRefers - 1, located{0, []string{"chromium"}}}} {
		values, facts := append([]string{}, chrome...), []int{0, 1}
		for i := range x.more {
			values, facts = append(values, fmt.Sprintf("message %d", i)), append(facts, i+2)
		}
		got := locate(t, values, []Part{{Address: 16, Mark: "m", Facts: facts}})
		if d := cmp.Diff([]located{x.want}, got); d != "" {
			t.Errorf("%d more facts: %s", x.more, d)
		}
	}
}

func TestTelling(t *testing.T) {
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	u := &sbom.Unit{Facts: []sbom.Fact{{Kind: sbom.FactString, Value: []byte("hello")}, {Kind: sbom.FactString, Value: []byte(safari[0])}}}
	if got := set.Telling(u); got[0] || !got[1] {
		t.Error(got)
	}
}

// TestLocateNeeds: where nothing could hand a text to a database, it is no query.
func TestLocateNeeds(t *testing.T) {
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	u := &sbom.Unit{Image: sbom.DigestOf(nil), Scope: sbom.ScopeImage}
	for i, v := range []string{"Library/Safari/History.db", "SELECT url FROM history_items WHERE visit_count > 3"} {
		u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactString, Value: []byte(v), Section: "__TEXT,__cstring", Offset: int64(100 * i), Length: int64(len(v))})
	}
	parts := []Part{{Address: 16, Facts: []int{0, 1}}}
	tags := set.Locate(u, set.Match(u, sbom.DigestOf(nil), 0), parts, sbom.DigestOf(nil), 0)
	if len(tags) != 1 || tags[0].Grade != sbom.GradeMentions || tags[0].Address != nil {
		t.Errorf("without an opener: %+v, want one tag of the image that mentions", tags)
	}
	u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactImport, Value: []byte("sqlite3_open"), Offset: 300, Length: 12})
	parts[0].Facts = append(parts[0].Facts, 2)
	tags = set.Locate(u, set.Match(u, sbom.DigestOf(nil), 0), parts, sbom.DigestOf(nil), 0)
	if len(tags) != 1 || tags[0].Grade != sbom.GradeLikely || tags[0].Address == nil {
		t.Errorf("with an opener: %+v, want one of the function that is likely", tags)
	}
	parts[0].Uses = map[int]string{1: sbom.UseReads}
	tags = set.Locate(u, set.Match(u, sbom.DigestOf(nil), 0), parts, sbom.DigestOf(nil), 0)
	if len(tags) != 1 || tags[0].Grade != sbom.GradeShown {
		t.Errorf("with an opener that has the query: %+v, want one that is shown", tags)
	}
}

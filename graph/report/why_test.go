package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/sbom"
)

// explainable is the golden report with one source that has all there is to say.
func explainable(t *testing.T) (*finding.Report, *finding.Product) {
	r := loaded(t)
	q := named(t, r, "Doc Cleaner")
	k := q.Find("browser-collection")
	for i := range r.Sources {
		s := &r.Sources[i]
		if s.ID != k.Sources[0] {
			continue
		}
		at, m := uint64(0x4a10), strings.Repeat("c", 16)
		s.Address, s.Mark, s.Symbol, s.Scopes = &at, &m, "-[Collector read:]", []string{"callees"}
		s.Next = []finding.NextGrade{{Rule: s.Rules[0], Grade: "shown", Missing: []string{"a call that opens the store"},
			Why: "for shown rule r asks for what the evidence does not show: a call that opens the store"}}
		e := s.Evidence[0]
		again := e
		again.Signal = "store"
		hidden := e
		hidden.Offset, hidden.Length, hidden.Bytes, hidden.Text = e.Offset+100, 3, []byte("\x00\"\xff"), `\x00"\xff`
		hidden.How, hidden.Meaning, hidden.Function, hidden.Symbol = "xor 5a", `History.db\x0a`, "0x4a20", "-[Collector path]"
		hidden.Use = "reads"
		s.Evidence = []finding.Evidence{e, again, hidden}
	}
	return r, q
}

func TestWhySaysHowTheTextFollowsFromTheBytes(t *testing.T) {
	r, q := explainable(t)
	out := whyText(t, r, q.ID, "browser-collection")
	for _, want := range []string{
		"code unit -[Collector read:] at 0x4a10, mark cccccccccccccccc\n",
		"its evidence was looked for in this function and those that it calls directly\n",
		"  - sql, store (string) in Doc\n", // the same bytes are shown once
		"    \"\\x00\\\"\\xff\"\n    xor 5a: \"History.db\\x0a\"\n    referred to by -[Collector path] at 0x4a20\n    the code hands it to what opens, reads, copies or queries\n    $ dd if=",
		"- source 1: for shown rule r asks for what the evidence does not show: a call\n    that opens the store.",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "    $ dd if="); n != 2 {
		t.Errorf("%d commands for 2 places", n)
	}
}

// All that the text says is in the JSON, and it stands the same way.
func TestWhyJSON(t *testing.T) {
	r, q := explainable(t)
	var b bytes.Buffer
	if err := WhyJSON(&b, r, q.ID, "browser-collection", WhyOptions{Root: "apps"}); err != nil {
		t.Fatal(err)
	}
	var x finding.Explanation
	if err := json.Unmarshal(b.Bytes(), &x); err != nil {
		t.Fatal(err)
	}
	if x.Schema != finding.ExplanationSchema || x.Capability != "browser-collection" || x.Product.ID != q.ID || len(x.Product.Capabilities) != 1 {
		t.Errorf("head is %s %s %s", x.Schema, x.Capability, x.Product.ID)
	}
	k := q.Find("browser-collection")
	text := whyText(t, r, q.ID, "browser-collection")
	var ids []string
	for _, s := range x.Sources {
		ids = append(ids, s.ID)
		if len(s.Witnesses) == 0 {
			t.Errorf("source %s has no witness", s.ID)
		}
		for _, c := range s.Checks {
			if !strings.Contains(text, "    $ "+c.Command+"\n") || s.Evidence[c.Evidence].SHA256 == "" {
				t.Errorf("the text does not show %s", c.Command)
			}
		}
	}
	if d := cmp.Diff(k.Sources, ids); d != "" {
		t.Errorf("sources (-want +got):\n%s", d)
	}
	if len(x.WouldChange) == 0 || len(x.WhyNotHigher) < 3 || len(x.Product.Components) != 1 || len(x.Libraries) != 1 {
		t.Errorf("%d changes, %d grades, %d components, %d libraries", len(x.WouldChange), len(x.WhyNotHigher), len(x.Product.Components), len(x.Libraries))
	}
	if bytes.Contains(b.Bytes(), []byte(`"checks": null`)) || bytes.Contains(b.Bytes(), []byte(`"witnesses": null`)) {
		t.Error("a list is null")
	}
}

func TestWhyJSONOfWhatIsNotCarried(t *testing.T) {
	r := loaded(t)
	q := named(t, r, "Doc Notes")
	x, err := Explain(r, q.ID, "browser-collection", WhyOptions{})
	if err != nil || len(x.Product.Capabilities) != 0 || len(x.Sources) != 0 || x.Unseen != r.Unseen(q) {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err := Explain(r, sbom.DigestOf([]byte("nobody")), "browser-collection", WhyOptions{}); err == nil {
		t.Error("a product that is not there is explained")
	}
}

// Paths bounds the witnesses of each source, the best ones stay.
func TestWhyPaths(t *testing.T) {
	r, q := explainable(t)
	k := q.Find("browser-collection")
	second := k.Witnesses[0]
	second.Strength = "carries"
	k.Witnesses = append(k.Witnesses, second)
	for paths, want := range map[int]int{0: 2, 1: 1, 2: 2, 9: 2} {
		x, err := Explain(r, q.ID, "browser-collection", WhyOptions{Paths: paths})
		if err != nil || len(x.Sources[0].Witnesses) != want || x.Sources[0].Witnesses[0].Strength != k.Witnesses[0].Strength {
			t.Errorf("--paths %d gives %d witnesses, want %d: %v", paths, len(x.Sources[0].Witnesses), want, err)
		}
	}
}

package audit

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// called is an image of four functions: main, which calls collect where called is
// true; collect, which calls the reader and the sender.
func called(t *testing.T, image sbom.Digest, called bool) []byte {
	s := &fingerprint.Set{Image: image, Arch: "arm64", Roots: []fingerprint.RootOf{{Function: 0, Kind: fingerprint.RootMain}},
		Features: []fingerprint.Feature{{Kind: fingerprint.FeatureString, Hash: 1, Text: "https://intake.example.invalid/v1"}}}
	for i, name := range []string{"main", "collect", "read\xff", "send"} {
		f := fingerprint.Function{Address: 0x1000 + uint64(i)*16, Size: 16, Instructions: 4, Name: name, From: fingerprint.NameSymbol}
		var calls []fingerprint.Call
		var uses []uint32
		switch {
		case i == 0 && called:
			calls = []fingerprint.Call{{Callee: 1, Kind: fingerprint.CallDirect}}
		case i == 1:
			calls = []fingerprint.Call{{Callee: 2, Kind: fingerprint.CallDirect}, {Callee: 3, Kind: fingerprint.CallDirect}}
		case i == 3:
			uses = []uint32{0}
		}
		s.Append(f, uses, calls)
	}
	var b bytes.Buffer
	if _, err := fingerprint.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// collector is an app whose main executable reads and sends.
func collector(name string) *sbom.Product {
	p := app(name, "com.example."+strings.ToLower(name))
	tag(p, name+" main", history, sbom.GradeLikely)
	tag(p, name+" main", "exfil.upload", sbom.GradeLikely)
	for i, a := range []uint64{0x1020, 0x1030} {
		p.Tags[i].Address, p.Tags[i].Mark = &a, strings.Repeat("0", 16)
	}
	p.Normalize()
	return p
}

func TestCalls(t *testing.T) {
	runs, sleeps := collector("Runs"), collector("Sleeps")
	marks := map[sbom.Digest][]byte{id("Runs main"): called(t, id("Runs main"), true), id("Sleeps main"): called(t, id("Sleeps main"), false)}
	s := &sbom.Scan{Tool: "kinbom", Version: "test", Rules: id("rules"), Products: []*sbom.Product{runs, sleeps}}
	o := options()
	o.Marks = func(d sbom.Digest) ([]byte, error) {
		if b, ok := marks[d]; ok {
			return b, nil
		}
		return nil, library.ErrNoMarks
	}
	r, err := Run(s, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	find := func(p *sbom.Product, capability string) *finding.Capability {
		i := slices.IndexFunc(r.Products, func(q finding.Product) bool { return q.ID == p.ID })
		return r.Products[i].Find(capability)
	}
	k := find(runs, Headline)
	if k.Strength != "runs" || k.Sends != "shown" || len(k.Dormant) != 0 || !hasPrefix(k.Why, "strength runs: ") || !hasPrefix(k.Why, "sends shown: one function") {
		t.Errorf("runs: %+v", k)
	}
	call := func(at uint64, name, how string) finding.Call {
		return finding.Call{Image: id("Runs main"), Address: at, Function: name, How: how}
	}
	want := []finding.Call{call(0x1000, "main", "entry point: main"), call(0x1010, "collect", "call"), call(0x1020, "read\uFFFD", "call")}
	if d := cmp.Diff(want, k.Witnesses[0].Calls); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]finding.Call{call(0x1010, "collect", ""), call(0x1030, "send", "call")}, k.Flow.Sender); d != "" {
		t.Error(d)
	}
	host := []finding.Host{{Text: "https://intake.example.invalid/v1", How: "in the function that sends", Image: id("Runs main"), Address: 0x1030, Function: "send"}}
	if d := cmp.Diff(host, k.Hosts); d != "" {
		t.Error(d)
	}
	k = find(sleeps, Headline)
	if k.Strength != "linked" || k.Sends != "shown" || !slices.Equal(k.Dormant, k.Sources) || !hasPrefix(k.Why, "dormant: 1 of 1 source: present, not reachable") || !k.AllDormant() || find(runs, Headline).AllDormant() {
		t.Errorf("sleeps: %+v", k)
	}
	for i, want := range map[int]string{0: "; linked and dormant; ", 1: "; runs; "} {
		p := []*sbom.Product{sleeps, runs}[i]
		if f := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Product == p.ID && f.Capability == Headline }); !strings.Contains(r.Findings[f].Text, want) {
			t.Errorf("%s: %s", p.Name, r.Findings[f].Text)
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back finding.Report
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, &back); d != "" {
		t.Errorf("the JSON is another report: %s", d)
	}
	delete(marks, id("Sleeps main")) // its calls are not known: nothing is said
	if r, err = Run(s, nil, o); err != nil {
		t.Fatal(err)
	}
	if k = find(sleeps, Headline); k.Strength != "linked" || k.Sends != "possible" || k.Dormant != nil || k.Flow != nil || k.Hosts != nil {
		t.Errorf("without marks: %+v", k)
	}
}

func hasPrefix(list []string, prefix string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, prefix) })
}

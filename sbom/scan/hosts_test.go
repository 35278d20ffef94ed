package scan

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func TestHosts(t *testing.T) {
	cases := []struct {
		kind sbom.FactKind
		text string
		want []string
	}{
		{sbom.FactString, "https://Up.Example.com/v1/upload?x=1", []string{"https://up.example.com"}},
		{sbom.FactCFString, "see http://a.example, wss://b.example:8443/socket or ftp://c.example.", []string{"ftp://c.example", "http://a.example", "wss://b.example:8443"}},
		{sbom.FactString, "https://%@.example.com/%@", []string{"https://%@.example.com"}},
		{sbom.FactString, "https://%1$@/collect", []string{"https://%1$@"}},
		{sbom.FactString, "https://user:secret@h.example/x", []string{"https://h.example"}},
		{sbom.FactString, "https://user@%@/x", []string{"https://%@"}},
		{sbom.FactString, "https://${HOST}/x", []string{"https://${HOST}"}},
		{sbom.FactString, "http://localhost:8080/", []string{"http://localhost:8080"}},
		{sbom.FactString, "http://[::1]:80/x", []string{"http://[::1]:80"}},
		{sbom.FactString, "https://", nil},
		{sbom.FactString, "https://host", nil}, // no dot: a word
		{sbom.FactString, "file:///tmp/a.b chrome://settings/a.b xhttp://no.example data://d.example", nil},
		{sbom.FactString, "http://www.w3.org/2000/svg http://schemas.xmlsoap.org/soap http://www.apple.com/DTDs/PropertyList-1.0.dtd", nil},
		{sbom.FactString, "https://www.apple.com/support https://www.w3.org.evil.example/", []string{"https://www.apple.com", "https://www.w3.org.evil.example"}},
		// In a run literals lie end to end: what nothing ends may be longer than it is.
		{sbom.FactConst, "nohttps://a.example/xhttps://b.examplefailed to open", []string{"https://a.example"}},
		{sbom.FactConst, "x https://c.example", []string{"https://c.example"}},
		{sbom.FactImport, "https://import.example/", nil},
	}
	for _, c := range cases {
		got, more := hosts([]sbom.Fact{{Kind: c.kind, Value: []byte(c.text)}})
		if d := cmp.Diff(c.want, got); d != "" || more != 0 {
			t.Errorf("%q (-want +got), %d more:\n%s", c.text, more, d)
		}
	}
}

func TestHostsAreCapped(t *testing.T) {
	var facts []sbom.Fact
	for i := range sbom.MaxHosts + 7 {
		facts = append(facts, sbom.Fact{Kind: sbom.FactString, Value: fmt.Appendf(nil, "https://h%03d.example/", sbom.MaxHosts+6-i)})
	}
	facts = append(facts, facts...) // each once
	list, more := hosts(facts)
	if len(list) != sbom.MaxHosts || more != 7 || list[0] != "https://h000.example" || !slices.IsSorted(list) {
		t.Errorf("%d hosts from %s on, %d more", len(list), list[0], more)
	}
}

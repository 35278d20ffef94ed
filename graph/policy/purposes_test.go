package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func builtin(t *testing.T) *Table {
	t.Helper()
	table, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestTokens(t *testing.T) {
	want := strings.Fields(`browser antivirus endpoint-security web-protection parental-control employee-monitoring forensics
		password-manager vpn content-blocker mdm-agent cleaner uninstaller archiver file-opener duplicate-finder battery
		system-monitor disk-tool backup migration launcher time-tracker download-manager media office developer-tool
		communication game education other`)
	got := map[string]bool{}
	for _, p := range builtin(t).Tokens() {
		got[p] = true
	}
	wanted := map[string]bool{}
	for _, p := range want {
		wanted[p] = true
	}
	if d := cmp.Diff(wanted, got); d != "" {
		t.Error(d)
	}
}

func TestVerdict(t *testing.T) {
	table := builtin(t)
	const yes, none = "yes", "no-declaration"
	for _, c := range []struct{ purpose, capability, sends, declared, want string }{
		{"cleaner", "browser-collection", "possible", none, "unexpected"},
		{"cleaner", "browser.history.read", "", yes, "unexpected"},
		{"cleaner", "browser.data.clear", "", none, "expected"},
		{"cleaner", "browser.data.clear", "shown", none, "expected"},
		{"antivirus", "browser-collection", "possible", none, "ask"},
		{"antivirus", "browser-collection", "shown", none, "unexpected"},
		{"antivirus", "browser-collection", "shown", yes, "ask"},
		{"browser", "browser-collection", "no", none, "expected"},
		{"browser", "browser-collection", "shown", none, "ask"},
		{"parental-control", "browser-collection", "shown", yes, "expected"},
		{"parental-control", "browser-collection", "shown", none, "ask"},
		{"backup", "browser.history.read", "", none, "expected"},
		{"backup", "browser-collection", "shown", none, "expected"},
		{"game", "browser.cookies.read", "", yes, "unexpected"},
		{"other", "browser-collection", "", none, "ask"},
		{"", "browser-collection", "shown", none, "ask"},
		{"", "exfil.upload", "", none, ""},
		{"game", "exfil.upload", "", none, ""},
		{"game", "exfil.archive", "", none, ""},
		{"no such purpose", "browser-collection", "", none, "ask"},
	} {
		if got := table.Verdict(c.purpose, c.capability, c.sends, c.declared); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// TestNothingIsExcusedBySecurity: no security purpose expects sending.
func TestNothingIsExcusedBySecurity(t *testing.T) {
	table := builtin(t)
	for _, token := range table.Tokens() {
		p, _ := table.Purpose(token)
		if p.Security && table.Verdict(token, "browser-collection", "shown", "no-declaration") == "expected" {
			t.Errorf("%s expects undeclared sending", token)
		}
	}
}

func TestTableRefuses(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"missing cell", "  vpn:                 {security: true, history: unexpected,", "  vpn: {security: true,", "no cell for column history"},
		{"unknown cell", "history: ask, bookmarks: expected", "history: aks, bookmarks: expected", `unknown cell "aks"; did you mean "ask"?`},
		{"unknown column", "game:                {", "game: {spam: ask, ", `unknown key "spam"`},
		{"version", "version: 1", "version: 2", `version "2"`},
		{"security", "office:              {security: false", "office: {security: no", "neither true nor false"},
		{"capability twice", "[browser.data.clear]", "[browser.data.clear, browser.cookies.read]", "in two columns"},
	} {
		text := strings.Replace(purposesYAML, c.from, c.to, 1)
		if text == purposesYAML {
			t.Fatalf("%s: nothing replaced", c.name)
		}
		if _, err := parseTable([]byte(text), "p"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

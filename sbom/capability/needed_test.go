package capability

import "testing"

func TestScentNeeds(t *testing.T) {
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	scent, err := set.Scent()
	if err != nil {
		t.Fatal(err)
	}
	for src, want := range map[string]bool{
		`fetch(u).then(r => r.json()); fs.rmSync(d)`:             false, // common calls
		`JSON.parse(fs.readFileSync(p))`:                         false,
		`fetch(u, { method: 'POST', body })`:                     true, // all that one rule needs
		`const s = require('sqlite3')`:                           true, // what opens, for a module that asks for it
		`path.join(home, 'Library', 'Safari', 'History.db')`:     true, // a family
		`chrome.history.search({ text: '' })`:                    true,
		`x.split('').map(c => String.fromCharCode(c)).join('')`:  true, // decodes
		`execFile('osascript', ['-e', text])`:                    true, // what runs scripts
		`module.exports = (a, b) => a.map(x => x + b).join(',')`: false,
	} {
		if got := scent.In([]byte(src)); got != want {
			t.Errorf("%s: worth reading %v, want %v", src, got, want)
		}
	}
}

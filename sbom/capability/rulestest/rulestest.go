// Package rulestest makes rule files for tests and measurements: as many rules
// as are asked for, each like those that come with kinbom, with words of its own.
package rulestest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// syllables are what the words of the rules are made of: text of programs has
// them too, so that the search goes as deep as with real words.
func syllables() []string {
	return []string{"his", "tor", "con", "tent", "app", "lic", "ation", "sup", "port", "data", "web", "sto", "re", "key", "log", "in", "pro", "file", "ses", "sion", "net", "work", "user", "de", "fault", "book", "mark", "ca", "che"}
}

// File is a rule file with n rules: ids, words and tables follow from seed, and no
// two seeds share an id. Each rule has three stores with folders, files and
// queries, imports and selectors, and the usual conditions: about 40 patterns.
func File(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	word := func() string {
		s := ""
		for range 2 + r.IntN(3) {
			s += syllables()[r.IntN(len(syllables()))]
		}
		return s
	}
	var b bytes.Buffer
	b.WriteString("format: kinbom.rules/1\ncapabilities:\n")
	fmt.Fprintf(&b, "  - {id: made.%d, title: made, meaning: Made for a measurement., attack: [T1005], apple: []}\nrules:\n", seed)
	for i := range n {
		fmt.Fprintf(&b, "  - id: made-%d-%d\n    capability: made.%d\n    title: made\n    meaning: Made.\n    references: [made]\n    scope: [image, function, callees, class]\n    stores:\n", seed, i, seed)
		var last string
		for _, store := range []string{"safari", "chromium", "firefox"} {
			fmt.Fprintf(&b, "      %s:\n        file: [{path: [%s.db, %s/%s, %s.plist, %s.sqlite]}]\n", store, word(), word(), word(), word(), word())
			last = word()
			fmt.Fprintf(&b, "        query: [{sql: [%s, %s_%s]}, {sql: %s, verb: name, weak: true}]\n", last, word(), word(), word())
		}
		fmt.Fprintf(&b, "    signals:\n      call: [{import: [%s, %s_%s, \"%s*\"]}, {selector: [\"%s:\", \"%s:%s:\"]}, %s-%s, %s.%s]\n", word(), word(), word(), word(), word(), word(), word(), word(), word(), word(), word())
		b.WriteString("    grades:\n      shown: {all: [call, {stores: 1, where: {all: [root, file, query]}}]}\n      likely: {stores: 1, where: {all: [root, file, query]}}\n      mentions: {any: [file, query]}\n")
		b.WriteString("    examples:\n      positive: [{name: a, expect: likely, stores: [firefox], facts: [{string: [Firefox/Profiles]}]}]\n      negative: [{name: b, facts: [{string: none}]}]\n")
	}
	return b.Bytes()
}

package capability

import (
	"bytes"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/kinbom/kinbom/sbom"
)

// mode is how a match of a pattern's key is checked in its surroundings.
type mode uint8

const (
	modeContains mode = iota
	modeWhole         // the literal or name is exactly this
	modePrefix        // it starts with this
	modeSuffix        // it ends with this
	modeWord          // no letter or digit on either side
	modePath          // one or more components of a path
	modeRead          // table that an SQL statement reads
	modeClear         // table that an SQL statement deletes from, updates or drops
	modeCreate        // table that an SQL statement creates
	modeTable         // table or column name as a literal of its own (query builders)
	modeKey           // key of a property list, whatever its value, or key=value
	modeModule        // module of a script: this name, with or without "node:" before it
)

// kindSet is a set of fact kinds.
type kindSet uint16

// factKinds lists the kinds in the order of their bits.
func factKinds() []sbom.FactKind {
	return []sbom.FactKind{sbom.FactString, sbom.FactCFString, sbom.FactConst, sbom.FactImport, sbom.FactSelector,
		sbom.FactClass, sbom.FactClassRef, sbom.FactLoad, sbom.FactEntitlement,
		sbom.FactPlist, sbom.FactNumber, sbom.FactModule, sbom.FactCall}
}

const (
	kindString kindSet = 1 << iota
	kindCFString
	kindConst
	kindImport
	kindSelector
	kindClass
	kindClassRef
	kindLoad
	kindEntitlement
	kindPlist
	kindNumber
	kindModule
	kindCall

	textKinds = kindString | kindCFString | kindConst
)

// kindOf is the bit of a kind, or 0 for one that rules do not look at.
func kindOf(k sbom.FactKind) kindSet {
	switch k {
	case sbom.FactString:
		return kindString
	case sbom.FactCFString:
		return kindCFString
	case sbom.FactConst:
		return kindConst
	case sbom.FactImport:
		return kindImport
	case sbom.FactSelector:
		return kindSelector
	case sbom.FactClass:
		return kindClass
	case sbom.FactClassRef:
		return kindClassRef
	case sbom.FactLoad:
		return kindLoad
	case sbom.FactEntitlement:
		return kindEntitlement
	case sbom.FactPlist:
		return kindPlist
	case sbom.FactNumber:
		return kindNumber
	case sbom.FactModule:
		return kindModule
	case sbom.FactCall:
		return kindCall
	}
	return 0
}

// pattern is one thing to look for. It never changes after loading.
type pattern struct {
	text   []byte // as written, without the stars of names
	kinds  kindSet
	mode   mode
	fold   bool     // ASCII case does not count
	weak   bool     // common: satisfies a signal, but not strong signal
	multi  bool     // path: has a separator inside
	with   [][]byte // SQL: one of these words stands in the same statement
	none   [][]byte // SQL: and none of these
	except [][]byte // text that must not follow
	behind [][]byte // text that must not stand before, in any case
	signal int      // index into the set's signals
	line   int      // where it stands in its file
}

var (
	patternKeys = []string{"text", "path", "sql", "import", "selector", "class", "load", "entitlement",
		"plist", "number", "module", "call",
		"match", "verb", "with", "without", "except", "not-behind", "weak", "ignore-case", "kinds"}
	subjectKeys = patternKeys[:12]
	textMatches = []string{"contains", "whole", "prefix", "suffix", "word"}
	sqlVerbs    = []string{"read", "clear", "create", "name"}
	textKindsOf = []string{"string", "cfstring", "const"}
)

// minContains is the shortest text that may count anywhere in a literal, and
// plainWord the longest single word that may not: see checkText.
const (
	minContains = 4
	plainWord   = 12
)

// patterns reads the list of patterns of one signal.
func (d *doc) patterns(n *yaml.Node) []pattern {
	var out []pattern
	for _, c := range d.list(n, "a signal") {
		if c.Kind == yaml.ScalarNode {
			p := pattern{text: []byte(d.raw(c, "a pattern")), kinds: textKinds, line: c.Line}
			d.checkText(c, &p)
			out = append(out, p)
			continue
		}
		out = append(out, d.patternGroup(c)...)
	}
	if len(out) == 0 && len(d.errs) == 0 {
		d.bad(n, "a signal needs at least one pattern")
	}
	return out
}

// patternGroup reads {subject: text or list, options...}.
func (d *doc) patternGroup(n *yaml.Node) []pattern {
	var subject *yaml.Node
	var word string
	var p pattern
	opts := map[string]*yaml.Node{}
	for _, e := range d.mapping(n, "a pattern", patternKeys) {
		if !contains(subjectKeys, e.key.Value) {
			opts[e.key.Value] = e.value
			continue
		}
		if subject != nil {
			d.bad(e.key, "a pattern has one subject, but both %q and %q are given", word, e.key.Value)
		}
		subject, word = e.value, e.key.Value
	}
	if subject == nil {
		d.bad(n, "a pattern needs one of %s", strings.Join(subjectKeys, ", "))
		return nil
	}
	d.options(word, opts, &p)
	var out []pattern
	for _, c := range d.items(subject) {
		q := p
		q.text, q.line = []byte(d.raw(c, "a pattern")), c.Line
		d.subject(c, word, &q)
		if len(q.text) > 0 {
			out = append(out, q)
		}
	}
	return out
}

// options reads what stands beside the subject.
func (d *doc) options(word string, opts map[string]*yaml.Node, p *pattern) {
	text := word == "text" || word == "path"
	p.kinds = textKinds
	if word == "sql" {
		p.mode, p.fold = modeRead, true
	}
	allowed := func(key string, ok bool) *yaml.Node {
		n := opts[key]
		if n != nil && !ok {
			d.bad(n, "%q does not go with %q", key, word)
			return nil
		}
		return n
	}
	if n := allowed("match", word == "text"); n != nil {
		switch d.oneOf(n, "match", textMatches) {
		case "whole":
			p.mode = modeWhole
		case "prefix":
			p.mode = modePrefix
		case "suffix":
			p.mode = modeSuffix
		case "word":
			p.mode = modeWord
		}
	}
	if n := allowed("verb", word == "sql"); n != nil {
		switch d.oneOf(n, "verb", sqlVerbs) {
		case "clear":
			p.mode = modeClear
		case "create":
			p.mode = modeCreate
		case "name":
			p.mode = modeTable
		}
	}
	for _, s := range d.optionTexts(allowed("with", word == "sql" && p.mode != modeTable), "with") {
		p.with = append(p.with, bytes.ToLower([]byte(s)))
	}
	for _, s := range d.optionTexts(allowed("without", word == "sql" && p.mode != modeTable), "without") {
		p.none = append(p.none, bytes.ToLower([]byte(s)))
	}
	for _, s := range d.optionTexts(allowed("except", text), "except") {
		p.except = append(p.except, []byte(s))
	}
	if n := allowed("not-behind", text); n != nil {
		for _, c := range d.items(n) {
			p.behind = append(p.behind, []byte(d.raw(c, "not-behind")))
		}
	}
	if n := allowed("weak", true); n != nil {
		p.weak = d.bool(n, "weak")
	}
	if n := allowed("ignore-case", text); n != nil {
		p.fold = d.bool(n, "ignore-case")
	}
	if n := allowed("kinds", text || word == "sql"); n != nil {
		p.kinds = 0
		for _, c := range d.items(n) {
			p.kinds |= kindOf(sbom.FactKind(d.oneOf(c, "kinds", textKindsOf)))
		}
	}
}

func (d *doc) optionTexts(n *yaml.Node, what string) []string {
	if n == nil {
		return nil
	}
	return d.texts(n, what)
}

// subject finishes a pattern for its subject word.
func (d *doc) subject(n *yaml.Node, word string, p *pattern) {
	switch word {
	case "text":
		if p.mode == modeContains {
			d.checkText(n, p)
		}
	case "path":
		p.mode = modePath
		p.multi = bytes.ContainsAny(bytes.Trim(p.text, `/\`), `/\`)
	case "sql":
		if !isIdentifier(p.text) {
			d.bad(n, "sql takes the name of one table, not %q", p.text)
		}
	case "import":
		d.name(n, p, kindImport)
	case "selector":
		d.name(n, p, kindSelector)
	case "class":
		d.name(n, p, kindClass|kindClassRef)
	case "load":
		d.name(n, p, kindLoad)
	case "entitlement":
		d.name(n, p, kindEntitlement)
	case "call":
		d.name(n, p, kindCall)
	case "module":
		if d.name(n, p, kindModule); p.mode == modeWhole {
			p.mode = modeModule
		}
	case "plist":
		if d.name(n, p, kindPlist); p.mode == modeWhole && bytes.IndexByte(p.text, '=') < 0 {
			p.mode = modeKey
		}
	case "number":
		d.wholeNumber(n, p)
	}
	if len(bytes.Trim(p.text, `/\*`)) < 2 && len(p.text) > 0 {
		d.bad(n, "pattern %q is too short", p.text)
	}
}

// wholeNumber reads a number, decimal or with 0x, as facts have it: in decimal
// digits. Small numbers are everywhere and say nothing.
func (d *doc) wholeNumber(n *yaml.Node, p *pattern) {
	p.kinds, p.mode = kindNumber, modeWhole
	v, err := strconv.ParseUint(string(p.text), 0, 64)
	if err != nil || v < leastNumber {
		d.bad(n, "number takes a whole number from %d on, decimal or with 0x, not %q", leastNumber, p.text)
		return
	}
	p.text = strconv.AppendUint(nil, v, 10)
}

// leastNumber is the smallest number that a pattern may look for.
const leastNumber = 1000

// name reads a name that is whole unless a star stands at an end of it.
func (d *doc) name(n *yaml.Node, p *pattern, kinds kindSet) {
	p.kinds = kinds
	head, tail := bytes.HasPrefix(p.text, []byte("*")), bytes.HasSuffix(p.text, []byte("*"))
	p.text = bytes.Trim(p.text, "*")
	if bytes.IndexByte(bytes.ReplaceAll(p.text, []byte("(*"), nil), '*') >= 0 { // (*T) is a receiver of Go
		d.bad(n, "name %q: a star may stand at the start and at the end only", p.text)
	}
	switch {
	case head && tail:
		p.mode = modeContains
	case head:
		p.mode = modeSuffix
	case tail:
		p.mode = modePrefix
	default:
		p.mode = modeWhole
	}
}

// checkText refuses texts that would count inside unrelated literals: short
// ones, and plain words such as History. They need a match or a path.
func (d *doc) checkText(n *yaml.Node, p *pattern) {
	plain := true
	for _, b := range p.text {
		b = foldByte(b)
		plain = plain && 'a' <= b && b <= 'z'
	}
	if len(p.text) < minContains || plain && len(p.text) <= plainWord {
		d.bad(n, "%q may stand inside unrelated text; write it as {text: %q, match: whole} or as {path: %q}", p.text, p.text, p.text)
	}
}

func isIdentifier(b []byte) bool {
	for _, c := range b {
		if !identByte(c) {
			return false
		}
	}
	return len(b) > 0
}

// identByte reports whether c can stand in an SQL identifier.
func identByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

package capability

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/kinbom/kinbom/sbom"
)

// Capability is one entry of the taxonomy: something that code can do to a
// person's data, or a composite of several.
type Capability struct {
	ID        string   // such as browser.history.read
	Title     string   // a few words
	Meaning   string   // in plain words
	Attack    []string // MITRE ATT&CK technique ids, in file order
	Apple     []string // NSPrivacyCollectedDataType values, in file order
	Rules     []string // ids of the rules in force that detect it, sorted; empty: nothing looks for it yet
	Composite *Composite
}

// Composite is a capability made of others. The graph evaluates it over a
// whole product; no rule matches it directly.
type Composite struct {
	ID    string
	Title string
	Any   []string // capability ids: any of them makes the composite; sorted
	Sends []string // capability ids of sinks that stand beside it as `sends`; sorted
}

// Rule says how one capability is recognised. Its conditions stay inside the
// set; what is here is for people and for other parts of kinbom.
type Rule struct {
	ID         string
	Capability string
	Title      string
	Meaning    string
	References []string
	Attack     []string     // MITRE ATT&CK technique ids beside those of the capability, in file order
	Apple      []string     // NSPrivacyCollectedDataType values beside those of the capability, in file order
	Scope      []sbom.Scope // units that it looks at
	Stores     []string     // browser families that it tells apart, sorted
	File       string       // rule file, and the line where the rule begins
	Line       int
	Positive   int // number of examples that it must find
	Negative   int // number of examples that it must leave alone
}

// ruleDecl is a rule as its file gives it.
type ruleDecl struct {
	Rule
	node     *yaml.Node
	stores   []storeDecl
	signals  []signalDecl
	defs     []namedExpr
	grades   []gradeDecl // strongest first
	flags    []namedExpr
	needs    *expr // or nil
	examples []example
	data     []string     // which data of its stores it looks at
	reads    []*yaml.Node // names of signals whose literals have to be read
}

type storeDecl struct {
	id      string
	signals []signalDecl
	node    *yaml.Node
}

type signalDecl struct {
	name     string
	patterns []pattern
	line     int
}

type namedExpr struct {
	name string
	expr *expr
	node *yaml.Node
}

type gradeDecl struct {
	grade sbom.Grade
	expr  *expr
}

// familyDecl is a browser family of the shared vocabulary.
type familyDecl struct {
	storeDecl
	title string
	data  []dataDecl
}

// dataDecl is what tells one kind of data in the stores of a family.
type dataDecl struct {
	name    string
	signals []signalDecl
	node    *yaml.Node
}

// engineDecl is an engine whose own literals are discounted.
type engineDecl struct {
	id, title string
	own       []string // families whose stores are its own
	signals   []signalDecl
	when      *expr
	node      *yaml.Node
}

// fileDecl is what one file declares.
type fileDecl struct {
	name         string
	capabilities []Capability
	composites   []Capability // with Composite set
	families     []familyDecl
	shared       []signalDecl
	engines      []engineDecl
	quotations   []quotation
	rules        []ruleDecl
	nodes        map[string]*yaml.Node // capability id to its place
}

// Format is the first key of every rule file.
const Format = "kinbom.rules/1"

var (
	fileKeys       = []string{"format", "capabilities", "composites", "stores", "shared", "engines", "quotations", "rules"}
	capabilityKeys = []string{"id", "title", "meaning", "attack", "apple"}
	compositeKeys  = []string{"id", "title", "meaning", "attack", "apple", "any", "sends"}
	familyKeys     = []string{"id", "title", "signals", "data"}
	engineKeys     = []string{"id", "title", "own", "signals", "when"}
	quotationKeys  = []string{"id", "title", "needs", "within", "markers"}
	ruleKeys       = []string{"id", "capability", "title", "meaning", "references", "attack", "apple", "scope", "data", "stores", "signals", "define", "grades", "reads", "needs", "flags", "examples"}
	scopeWords     = []string{"image", "function", "callees", "class", "module", "modules", "component", "product"}
	gradeWords     = []string{"shown", "likely", "mentions"} // strongest first
	flagWords      = []string{sbom.FlagClears, sbom.FlagOwnStore, sbom.FlagImporter}
)

// rootFile reads one rule file.
func (d *doc) rootFile(root *yaml.Node) fileDecl {
	f := fileDecl{name: d.file, nodes: map[string]*yaml.Node{}}
	entries := d.mapping(root, "a rule file", fileKeys)
	if len(entries) == 0 || entries[0].key.Value != "format" || entries[0].value.Value != Format {
		d.bad(root, "a rule file begins with `format: %s`", Format)
		return f
	}
	for _, e := range entries[1:] {
		if e.key.Value == "shared" {
			f.shared = d.signals(e.value)
			continue
		}
		for _, n := range d.list(e.value, e.key.Value) {
			d.section(&f, e.key.Value, n)
		}
	}
	return f
}

func (d *doc) section(f *fileDecl, section string, n *yaml.Node) {
	switch section {
	case "capabilities":
		c := d.capability(n, "a capability", capabilityKeys)
		f.capabilities = append(f.capabilities, c)
		f.nodes[c.ID] = n
	case "composites":
		c := d.capability(n, "a composite", compositeKeys)
		if len(c.Composite.Any) == 0 {
			d.bad(n, "a composite needs `any`, the capabilities that make it")
		}
		f.composites = append(f.composites, c)
		f.nodes[c.ID] = n
	case "stores":
		f.families = append(f.families, d.family(n))
	case "engines":
		f.engines = append(f.engines, d.engine(n))
	case "quotations":
		f.quotations = append(f.quotations, d.quotation(n))
	case "rules":
		f.rules = append(f.rules, d.rule(n))
	}
}

func (d *doc) capability(n *yaml.Node, what string, keys []string) Capability {
	var c Capability
	if contains(keys, "any") {
		c.Composite = &Composite{}
	}
	for _, e := range d.mapping(n, what, keys) {
		switch e.key.Value {
		case "id":
			c.ID = d.text(e.value, "id")
		case "title":
			c.Title = d.text(e.value, "title")
		case "meaning":
			c.Meaning = d.text(e.value, "meaning")
		case "attack":
			c.Attack = d.texts(e.value, "attack")
		case "apple":
			c.Apple = d.texts(e.value, "apple")
		case "any":
			c.Composite.Any = d.texts(e.value, "any")
		case "sends":
			c.Composite.Sends = d.texts(e.value, "sends")
		}
	}
	if c.ID == "" || c.Title == "" || c.Meaning == "" {
		d.bad(n, "%s needs id, title and meaning", what)
	}
	if c.Composite != nil {
		c.Composite.ID, c.Composite.Title = c.ID, c.Title
	}
	return c
}

func (d *doc) family(n *yaml.Node) familyDecl {
	f := familyDecl{storeDecl: storeDecl{node: n}}
	for _, e := range d.mapping(n, "a store", familyKeys) {
		switch e.key.Value {
		case "id":
			f.id = d.text(e.value, "id")
		case "title":
			f.title = d.text(e.value, "title")
		case "signals":
			f.signals = d.signals(e.value)
		case "data":
			for _, x := range d.mapping(e.value, "data", nil) {
				f.data = append(f.data, dataDecl{x.key.Value, d.signals(x.value), x.key})
			}
		}
	}
	if f.id == "" || f.title == "" {
		d.bad(n, "a store needs id and title")
	}
	return f
}

func (d *doc) engine(n *yaml.Node) engineDecl {
	g := engineDecl{node: n}
	for _, e := range d.mapping(n, "an engine", engineKeys) {
		switch e.key.Value {
		case "id":
			g.id = d.text(e.value, "id")
		case "title":
			g.title = d.text(e.value, "title")
		case "own":
			g.own = d.texts(e.value, "own")
		case "signals":
			g.signals = d.signals(e.value)
		case "when":
			g.when = d.expr(e.value)
		}
	}
	if g.id == "" || g.when == nil || len(g.own) == 0 {
		d.bad(n, "an engine needs id, own, signals and when")
	}
	return g
}

func (d *doc) quotation(n *yaml.Node) quotation {
	q := quotation{needs: 1, within: 200}
	for _, e := range d.mapping(n, "a quotation", quotationKeys) {
		switch e.key.Value {
		case "id":
			q.id = d.text(e.value, "id")
		case "title":
			d.text(e.value, "title")
		case "needs":
			q.needs = d.number(e.value, "needs")
		case "within":
			q.within = d.number(e.value, "within")
		case "markers":
			for _, m := range d.list(e.value, "markers") {
				q.markers = append(q.markers, []byte(d.raw(m, "a marker")))
			}
		}
	}
	if q.id == "" || len(q.markers) < q.needs {
		d.bad(n, "a quotation needs id and at least as many markers as it needs")
	}
	return q
}

// signals reads a mapping of signal names to lists of patterns.
func (d *doc) signals(n *yaml.Node) []signalDecl {
	var out []signalDecl
	for _, e := range d.mapping(n, "signals", nil) {
		if !signalName(e.key.Value) {
			d.bad(e.key, "signal name %q: use lower-case letters, digits and dashes, and none of %v", e.key.Value, exprKeys)
			continue
		}
		out = append(out, signalDecl{e.key.Value, d.patterns(e.value), e.key.Line})
	}
	return out
}

func signalName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && s != "engine" && !contains(exprKeys, s)
}

func (d *doc) rule(n *yaml.Node) ruleDecl {
	r := ruleDecl{node: n, Rule: Rule{File: d.file, Line: n.Line}}
	for _, e := range d.mapping(n, "a rule", ruleKeys) {
		switch e.key.Value {
		case "id":
			r.ID = d.text(e.value, "id")
		case "capability":
			r.Capability = d.text(e.value, "capability")
		case "title":
			r.Title = d.text(e.value, "title")
		case "meaning":
			r.Meaning = d.text(e.value, "meaning")
		case "references":
			r.References = d.texts(e.value, "references")
		case "attack":
			r.Attack = d.texts(e.value, "attack")
		case "apple":
			r.Apple = d.texts(e.value, "apple")
		case "scope":
			for _, c := range d.items(e.value) {
				r.Scope = append(r.Scope, sbom.Scope(d.oneOf(c, "scope", scopeWords)))
			}
		case "data":
			r.data = d.texts(e.value, "data")
		case "signals":
			r.signals = d.signals(e.value)
		case "define":
			r.defs = d.named(e.value, "define", nil)
		case "reads":
			r.reads = d.list(e.value, "reads")
		case "needs":
			r.needs = d.expr(e.value)
		case "flags":
			r.flags = d.named(e.value, "flags", flagWords)
		case "stores":
			for _, s := range d.mapping(e.value, "stores", nil) {
				r.stores = append(r.stores, storeDecl{s.key.Value, d.signals(s.value), s.key})
			}
		case "grades":
			r.grades = d.grades(e.value)
		case "examples":
			r.examples = d.examples(e.value)
		}
	}
	d.checkRule(&r)
	return r
}

func (d *doc) named(n *yaml.Node, what string, known []string) []namedExpr {
	var out []namedExpr
	for _, e := range d.mapping(n, what, known) {
		if known == nil && !signalName(e.key.Value) {
			d.bad(e.key, "name %q: use lower-case letters, digits and dashes", e.key.Value)
			continue
		}
		out = append(out, namedExpr{e.key.Value, d.expr(e.value), e.key})
	}
	return out
}

func (d *doc) grades(n *yaml.Node) []gradeDecl {
	byWord := map[string]*expr{}
	for _, e := range d.mapping(n, "grades", gradeWords) {
		byWord[e.key.Value] = d.expr(e.value)
	}
	var out []gradeDecl
	for _, w := range gradeWords {
		if byWord[w] != nil {
			out = append(out, gradeDecl{sbom.Grade(w), byWord[w]})
		}
	}
	return out
}

// checkRule names what a rule lacks.
func (d *doc) checkRule(r *ruleDecl) {
	for _, m := range []struct{ key, value string }{{"id", r.ID}, {"capability", r.Capability}, {"title", r.Title}, {"meaning", r.Meaning}} {
		if m.value == "" {
			d.bad(r.node, "rule %q lacks %s", r.ID, m.key)
		}
	}
	if len(r.Scope) == 0 || len(r.grades) == 0 || len(r.References) == 0 {
		d.bad(r.node, "rule %q needs scope, grades and references", r.ID)
	}
	for _, g := range r.grades {
		if g.grade == sbom.GradeShown && !slices.ContainsFunc(r.Scope, provesInCode) {
			d.bad(r.node, "rule %q: grade shown needs proof in code; its scope %v cannot give it", r.ID, r.Scope)
		}
	}
	for i := range r.examples {
		if r.examples[i].positive {
			r.Positive++
		} else {
			r.Negative++
		}
	}
	if r.Positive == 0 || r.Negative == 0 {
		d.bad(r.node, "rule %q needs at least one positive and one negative example", r.ID)
	}
}

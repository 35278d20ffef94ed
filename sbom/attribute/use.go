package attribute

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// What becomes of a literal is followed from where a function refers to it: through
// registers, the function's own frame, objects that it makes, texts that are made of
// it, and calls of functions of the image, of which is known what they do with each
// of their parameters. It ends at calls that uses.txt names. A value that goes to a
// variable, a field or a block, or to a callee that nobody knows, has an unknown
// use: then nothing is concluded. A literal that a function returns is followed in
// its callers.
//
// The flow goes along all branches, and of memory that is pointed to in another way
// than by name it knows nothing. So this is a good guess about compilers' code, not a
// proof: code written to deceive can deceive it.

// Bounds of it.
const (
	maxFollowed = 4 << 20 // steps of one image, with what taking over a world costs
	maxDepth    = 8       // calls inside one another
	maxReturned = 3       // callers of callers that a literal is followed to
	maxCallers  = 16      // of a function that returns a literal
	maxOwn      = maxFollows - 8
)

// literalAt is a literal as one function has it.
type literalAt struct {
	function uint32
	offset   int64
}

// followed is what is known of a function.
type followed struct {
	ok       bool
	uses     [64]useSet
	given    uint64
	into     [parameters]uint64
	seen     uint64
	literals []int64 // offsets, by bit behind the parameters
}

// follower follows the literals of one image.
type follower struct {
	code      *fingerprint.Code
	set       *fingerprint.Set
	deeds     *deeds
	golang    bool
	x86       bool
	launches  bool
	low       uint64
	arguments []uint8
	kept      uint64
	methods   map[string][]int                // by selector
	written   map[int][]writtenAt             // by function: texts that it writes piece by piece
	wanted    map[int][]fingerprint.Reference // by function: literals, those of tables behind their slots
	tabled    map[tableStart]uint64           // words of tables that functions walk

	left   int
	depth  int
	taken  map[int]uint64 // by function: registers that it takes
	own    map[int]bool   // methods: their first parameter is an object
	cache  map[int]*followed
	active map[int]bool
}

// uses says what functions do with the literals that rules speak of, as far as is
// known: "" where it is not.
func (d *deriver) uses(wanted func(r *fingerprint.Reference) bool) map[literalAt]string {
	f := d.follower(wanted)
	if f == nil || len(f.wanted)+len(f.written) == 0 {
		return nil
	}
	found := map[literalAt]useSet{}
	given := map[int][]literalAt{} // by function: the literals that it returns
	for _, function := range f.origins() {
		g := f.follow(function)
		for i, offset := range g.literals {
			at, bit := literalAt{uint32(function), offset}, parameters+i
			switch {
			case !g.ok || g.seen>>bit&1 == 0:
				found[at] |= useUnknown
			default:
				found[at] |= g.uses[bit]
			}
			switch placed := g.placed() >> bit & 1; {
			case placed == 1 && f.own[function]: // a field of an object
				found[at] |= useUnknown
			case placed == 1, g.given>>bit&1 == 1 && !givesNothing(d.set.Functions[function].Name):
				given[function] = append(given[function], at)
			}
		}
	}
	f.followReturned(given, found)
	d.otherwise(f, found)
	out := map[literalAt]string{}
	for at, use := range found {
		if f.launches && use&useWrites != 0 { // what is written may be what another program is told to do
			use |= useUnknown
		}
		if u := use.word(); u != "" {
			out[at] = u
		}
	}
	return out
}

// placed are the literals that a function puts where its parameters point.
func (g *followed) placed() uint64 {
	bits := uint64(0)
	for _, made := range g.into {
		bits |= made
	}
	return bits >> parameters << parameters
}

// givesNothing reports whether a function is one of those that return no text:
// what its registers hold at the end is left over.
func givesNothing(name string) bool {
	return name == "main" || name == "main.main" || strings.HasSuffix(name, ".init") || strings.Contains(name, ".init.")
}

// word is one word for several uses.
func (u useSet) word() string {
	switch {
	case u&useReads != 0:
		return sbom.UseReads
	case u&useUnknown != 0:
	case u&useShows != 0:
		return sbom.UseShows
	case u&useWrites != 0:
		return sbom.UseWrites
	case u&useCompares != 0:
		return sbom.UseCompares
	}
	return ""
}

func sortedKeys[V any](m map[int]V) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (d *deriver) follower(wanted func(r *fingerprint.Reference) bool) *follower {
	deeds, err := theDeeds()
	if err != nil || !slices.Contains([]string{"arm64", "arm64e", "x86_64", "x86_64h"}, d.set.Arch) {
		return nil
	}
	f := &follower{
		code: d.code, set: d.set, deeds: deeds, tabled: d.tabled, written: d.writtenTexts(), x86: strings.HasPrefix(d.set.Arch, "x86_64"),
		left: maxFollowed, cache: map[int]*followed{}, active: map[int]bool{}, own: map[int]bool{}, taken: map[int]uint64{},
		methods: map[string][]int{}, wanted: map[int][]fingerprint.Reference{},
	}
	low, _ := d.slice.Extent()
	f.low = max(low, 1<<12)
	for i := range d.set.Functions {
		f.golang = f.golang || d.set.Functions[i].From == fingerprint.NamePclntab
		f.launches = f.launches || strings.HasPrefix(d.set.Functions[i].Name, "os/exec.")
	}
	for i := range d.set.Features {
		x := &d.set.Features[i]
		switch x.Kind {
		case fingerprint.FeatureImport:
			f.launches = f.launches || !f.golang && slices.Contains(launchers, x.Text)
		case fingerprint.FeatureClass:
			f.launches = f.launches || strings.HasSuffix(x.Text, "NSTask")
		}
	}
	f.arguments, f.kept = argumentRegisters(d.set.Arch, f.golang), keptRegisters(d.set.Arch, f.golang)
	for i := range d.set.Classes {
		for _, m := range d.set.Classes[i].Methods {
			f.own[int(m.Function)] = true
			f.methods[m.Selector] = append(f.methods[m.Selector], int(m.Function))
		}
	}
	for i := range d.refs {
		if r := &d.refs[i]; r.Offset >= 0 && !(f.golang && ofLibrary(d.set.Functions[r.Function].Name)) && wanted(r) {
			f.wanted[int(r.Function)] = append(f.wanted[int(r.Function)], *r)
		}
	}
	return f
}

// launchers start other programs, or join them by a pipe. Every program of Go has
// them in its run time: there os/exec says whether they are used.
var launchers = []string{"popen", "fork", "vfork", "posix_spawn", "posix_spawnp", "execv", "execve", "execvp", "execl", "execlp", "pipe", "socketpair"}

// origins are the functions that have literals, rising.
func (f *follower) origins() []int {
	all := map[int]bool{}
	for function := range f.wanted {
		all[function] = true
	}
	for function := range f.written {
		all[function] = true
	}
	return sortedKeys(all)
}

// writtenAt is a text that instructions write piece by piece; its bytes are theirs.
type writtenAt struct {
	from, to uint64
	offset   int64
}

// writtenTexts are the texts that functions write, as far as rules speak of them.
func (d *deriver) writtenTexts() map[int][]writtenAt {
	told := map[literalAt]bool{}
	for i := range d.out {
		if x := &d.out[i]; x.fact.Offset >= 0 && len(x.fact.Parts) == 0 {
			told[literalAt{uint32(x.function), x.fact.Offset}] = true
		}
	}
	out := map[int][]writtenAt{}
	for _, w := range d.texts {
		if at, ok := d.slice.OffsetOf(w.Address); ok && told[literalAt{w.Function, at}] {
			out[int(w.Function)] = append(out[int(w.Function)], writtenAt{w.Address, w.Address + w.Size, at})
		}
	}
	return out
}

// follow gives what is known of a function; its literals are followed where rules
// speak of them.
func (f *follower) follow(function int) *followed {
	if g := f.cache[function]; g != nil {
		return g
	}
	if f.active[function] || f.depth >= maxDepth {
		return &followed{}
	}
	f.active[function] = true
	f.depth++
	g := f.through(function, nil)
	f.depth--
	delete(f.active, function)
	f.cache[function] = g
	return g
}

// through follows the values in a function; results are functions that give literals.
func (f *follower) through(function int, results []int) *followed {
	g := &followed{}
	w := &flow{follower: f, function: function, exact: map[uint64]uint64{}, led: map[uint64]bool{}, results: map[int]uint64{}, objects: map[int32]uint64{}, wide: map[int64]bool{}}
	for _, r := range f.wanted[function] {
		i := slices.Index(g.literals, r.Offset)
		if i < 0 {
			i = len(g.literals)
			g.literals = append(g.literals, r.Offset)
		}
		if i >= maxOwn {
			continue
		}
		bit := uint64(1) << (parameters + i)
		w.exact[r.Slot] |= bit
		if _, ok := f.tabled[tableStart{r.Slot, r.Function}]; ok {
			w.tables = append(w.tables, tableWord{r.Slot, bit})
		}
	}
	for _, t := range f.written[function] {
		i := slices.Index(g.literals, t.offset)
		if i < 0 {
			i = len(g.literals)
			g.literals = append(g.literals, t.offset)
		}
		if i < maxOwn {
			w.pieces = append(w.pieces, pieceOf{t.from, t.to, 1 << (parameters + i)})
		}
	}
	slices.SortFunc(w.tables, func(a, b tableWord) int { return cmp.Compare(a.address, b.address) })
	for i, r := range results[:min(len(results), maxFollows-maxOwn)] {
		w.results[r] = 1 << (parameters + maxOwn + i)
	}
	steps := fingerprint.Steps(f.code, &f.set.Functions[function], nil)
	w.steps = steps
	g.ok = w.run()
	g.uses, g.given, g.into, g.seen = w.uses, w.given, w.into, w.seen
	if len(g.literals) > maxOwn {
		g.ok = false
	}
	return g
}

// followReturned follows literals that functions return into their callers.
func (f *follower) followReturned(given map[int][]literalAt, found map[literalAt]useSet) {
	if len(given) == 0 {
		return
	}
	callers, exposed := f.callers()
	for range maxReturned {
		next := map[int][]literalAt{}
		for _, function := range sortedKeys(given) {
			lits := given[function]
			to := callers[function]
			use := useSet(0)
			if exposed[function] || len(to) == 0 || len(to) > maxCallers {
				use = useUnknown
			} else {
				for _, c := range to {
					g := f.through(c, []int{function})
					bit := parameters + maxOwn
					if !g.ok || g.seen>>bit&1 == 0 {
						use |= useUnknown
					}
					use |= g.uses[bit]
					if (g.given|g.placed())>>bit&1 == 1 {
						next[c] = append(next[c], lits...)
					}
				}
			}
			for _, at := range lits {
				found[at] |= use
			}
		}
		if given = next; len(given) == 0 {
			return
		}
	}
	for _, lits := range given {
		for _, at := range lits {
			found[at] |= useUnknown
		}
	}
}

// callers lists who calls each function, directly or by a message with its selector,
// and says of which functions the address is taken.
func (f *follower) callers() (map[int][]int, map[int]bool) {
	callers, exposed := map[int][]int{}, map[int]bool{}
	add := func(callee, caller int) {
		if l := callers[callee]; len(l) == 0 || l[len(l)-1] != caller {
			callers[callee] = append(l, caller)
		}
	}
	for i := range f.set.Functions {
		for _, c := range f.set.CallsOf(i) {
			if c.Kind == fingerprint.CallDirect {
				add(int(c.Callee), i)
			} else {
				exposed[int(c.Callee)] = true
			}
		}
		for _, id := range f.set.FeaturesOf(i) {
			if x := &f.set.Features[id]; x.Kind == fingerprint.FeatureSelector {
				for _, m := range f.methods[x.Text] {
					add(m, i)
				}
			}
		}
	}
	return callers, exposed
}

// functionAt is the function that holds an address, or -1; exact: it begins there.
func (f *follower) functionAt(address uint64) (int, bool) {
	i, exact := slices.BinarySearchFunc(f.set.Functions, address, func(n fingerprint.Function, a uint64) int { return cmp.Compare(n.Address, a) })
	if exact {
		return i, true
	}
	if i--; i < 0 || address-f.set.Functions[i].Address >= uint64(f.set.Functions[i].Size) {
		return -1, false
	}
	return i, false
}

func (f *follower) wordAt(address uint64) (uint64, bool) {
	if f.code.Word == nil {
		return 0, false
	}
	return f.code.Word(address)
}

package attribute

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// callee is what a call leads to, as far as is known.
type callee struct {
	function  int    // of the image; -1: none
	kind      string // as in uses.txt; "": not known
	name      string
	arguments int // how many it takes, at most
}

var unknownCallee = callee{function: -1, arguments: 16}

// target finds what a step calls.
func (f *flow) target(s *fingerprint.Step) callee {
	switch s.Do {
	case fingerprint.StepCall, fingerprint.StepJump:
		return f.calleeAt(s.Value)
	case fingerprint.StepCallWord, fingerprint.StepJumpWord:
		return f.calleeIn(s.Value)
	}
	switch v := f.reg(s.From); {
	case v.loose:
	case v.kind == valueNumber:
		return f.calleeAt(uint64(v.n))
	case v.kind == valueWord:
		return f.calleeIn(uint64(v.n))
	}
	return unknownCallee
}

// calleeAt is the callee at an address of code.
func (f *flow) calleeAt(address uint64) callee {
	if i, exact := f.functionAt(address); i >= 0 {
		n := &f.set.Functions[i]
		if n.From == fingerprint.NamePclntab {
			return callee{i, "go", n.Name, 16}
		}
		if exact {
			return callee{i, "", n.Name, 16}
		}
		return unknownCallee
	}
	return f.calleeOf(f.code.Resolve(address))
}

// calleeIn is the callee that a word of the image leads to.
func (f *flow) calleeIn(address uint64) callee {
	if c := f.calleeOf(f.code.Resolve(address)); c.kind != "" {
		return c
	}
	if to, ok := f.wordAt(address); ok {
		if i, exact := f.functionAt(to); exact {
			return callee{i, "", f.set.Functions[i].Name, 16}
		}
	}
	return unknownCallee
}

// calleeOf is the callee that a target names. A message is known by its selector.
func (f *flow) calleeOf(t fingerprint.Target) callee {
	name := string(t.Text)
	switch t.Kind {
	case fingerprint.TargetSelector:
		return callee{-1, "selector", name, 2 + strings.Count(name, ":")}
	case fingerprint.TargetImport:
		if !strings.HasPrefix(name, "objc_msgSend") {
			return callee{-1, "import", name, 16}
		}
		v := f.reg(f.arguments[1])
		if v.kind != valueWord || v.loose || strings.HasSuffix(name, "_stret") {
			return unknownCallee
		}
		if t := f.code.Resolve(uint64(v.n)); t.Kind == fingerprint.TargetSelector {
			return f.calleeOf(t)
		}
	}
	return unknownCallee
}

// call follows a call: what becomes of its arguments, and what it gives. It reports
// whether the call may come back.
func (f *flow) call(s *fingerprint.Step) bool {
	c := f.target(s)
	if c.kind == "go" && f.goHelp(c.name) {
		return true
	}
	var does deed
	if c.kind != "" {
		does = f.deeds.of(c.kind, c.name)
		if c.kind == "import" {
			does = f.deeds.imported(c.name)
		}
	}
	args := f.given16(c, does)
	var result value
	if !does.known && !f.golang { // what a function of the image does with those is not seen either
		f.unknown(f.onStack())
	}
	switch {
	case does.known:
		if does.use == useReads && f.opensToWrite(c.name, args) {
			does.use = useWrites
		}
		result = f.deed(does, args)
	case c.kind == "selector":
		result = f.message(c.name, args)
	case c.function >= 0 && !(c.kind == "go" && ofLibrary(c.name)):
		result = f.inner(c.function, args)
	case c.kind == "go":
		f.unknownGo(c.function, args)
	default:
		f.unknown(args)
	}
	if result.of == 0 && result.kind == valueAny {
		result.of = int32(f.step) + 1
	}
	f.back(result, does.known)
	return !does.ends
}

// given16 are the arguments of a call, those of its stack from the 17th on.
func (f *flow) given16(c callee, does deed) []value {
	var args []value
	for i, r := range f.arguments {
		if i < c.arguments || does.variadic && f.x86 {
			args = append(args, f.now.regs[r])
		}
	}
	if does.variadic {
		args = append(args, f.onStack()...)
	}
	return args
}

// onStack are the values that lie on the stack for a call: those that were put at
// its end since the last call, side by side.
func (f *flow) onStack() []value {
	stack := f.now.regs[31]
	if f.x86 {
		stack = f.now.regs[4]
	}
	if stack.kind != valueFrame || stack.loose {
		return nil
	}
	var out []value
	for at := stack.n; slices.Contains(f.stored, at) && len(out) < 16; at += 8 {
		v, _ := f.now.words.get(at)
		out = append(out, v)
	}
	return out
}

// counts reports whether an argument is in a set.
func counts(set uint16, i int) bool { return set == allArguments || i < 16 && set>>i&1 == 1 }

// Flags of open on macOS (sys/fcntl.h).
const (
	openAccess    = 3
	openWriteOnly = 1
	openTruncate  = 0x400
)

// opensToWrite reports whether a call opens a file to write alone, or anew: what it
// names is not read, but made.
func (f *flow) opensToWrite(name string, args []value) bool {
	at := map[string]int{"fopen": 1, "freopen": 1, "open": 1, "os.OpenFile": 2}
	name, _, _ = strings.Cut(name, "$")
	i, ok := at[name]
	if !ok || i >= len(args) || args[i].kind != valueNumber || args[i].loose {
		return false
	}
	if name == "open" || name == "os.OpenFile" {
		return args[i].n&openAccess == openWriteOnly || args[i].n&openTruncate != 0
	}
	if f.code.Load == nil {
		return false
	}
	mode := f.code.Load(uint64(args[i].n), 2)
	return len(mode) == 2 && (mode[0] == 'w' || mode[0] == 'a') && mode[1] != '+'
}

// deed does what uses.txt says of a callee.
func (f *flow) deed(d deed, args []value) value {
	held := make([]uint64, len(args))
	for i, a := range args {
		held[i] = f.holds(a)
	}
	var result value
	for i := range args {
		if d.use != 0 && counts(d.used, i) {
			f.note(held[i], d.use)
		}
		if d.makes != 0 && counts(d.makes, i) {
			result.made |= held[i]
		}
	}
	if to := d.fills | d.adds; to != 0 {
		made := uint64(0)
		for i := range args {
			if !counts(to, i) {
				made |= held[i]
			}
		}
		for i := range args {
			if counts(to, i) {
				f.fill(args[i], made, d.fills != 0)
			}
		}
	}
	if d.stores && len(args) > 1 {
		f.store(args[0], args[1], 8)
	}
	if d.keeps && len(args) > 0 {
		return args[0]
	}
	return result
}

// maxMethods is how many methods of one selector are taken for those that a
// message may reach; more say nothing.
const maxMethods = 4

// message is a message that uses.txt says nothing of: of the methods of the image
// with this selector, where there are; else nobody knows.
func (f *flow) message(selector string, args []value) value {
	if l := f.methods[selector]; len(l) > 0 && len(l) <= maxMethods {
		var result value
		for i, m := range l {
			if r := f.inner(m, args); i == 0 {
				result = r
			} else {
				result = result.join(r)
			}
		}
		return result
	}
	f.unknown(args)
	if len(args) == 0 {
		return value{}
	}
	return value{made: f.holds(args[0])}
}

func (f *flow) unknown(args []value) {
	for _, a := range args {
		f.note(f.holds(a), useUnknown)
	}
}

// unknownGo is a call of a function of Go that is not looked into: of what lies in
// registers it takes its arguments.
func (f *flow) unknownGo(function int, args []value) {
	takes := f.takes(function)
	for i, a := range args {
		if takes>>f.arguments[i]&1 == 1 {
			f.note(f.holds(a), useUnknown)
		}
	}
}

// inner is a call of a function of the image.
func (f *flow) inner(function int, args []value) value {
	var result value
	if bit := f.results[function]; bit != 0 {
		f.seen |= bit
		result.made |= f.gives(function, bit, args)
	}
	held, any := make([]uint64, len(args)), uint64(0)
	for i, a := range args {
		held[i] = f.holds(a)
		any |= held[i]
	}
	if any == 0 {
		return result
	}
	g := f.follow(function)
	if !g.ok {
		f.unknown(args)
		return result
	}
	for i := range args {
		if i >= parameters {
			f.note(held[i], useUnknown)
			continue
		}
		f.note(held[i], g.uses[i])
		if g.given>>i&1 == 1 {
			result.made |= held[i]
		}
		made := uint64(0)
		for j := range min(len(args), parameters) {
			if g.into[i]>>j&1 == 1 {
				made |= held[j]
			}
		}
		if made != 0 {
			f.fillBy(args[i], made)
		}
	}
	return result
}

// gives is what a call gives whose callee has literals that it returns, or puts
// where a parameter points.
func (f *flow) gives(function int, bit uint64, args []value) uint64 {
	g := f.cache[function]
	if g == nil {
		return bit
	}
	for i := range min(len(args), parameters) {
		if g.into[i]>>parameters != 0 {
			f.fillBy(args[i], bit)
		}
	}
	if g.given>>parameters == 0 {
		return 0
	}
	return bit
}

// fillBy says that a function of the image fills memory: perhaps a structure.
func (f *flow) fillBy(at value, made uint64) {
	if at.kind == valueFrame {
		f.wide[at.n] = true
	}
	f.fill(at, made, false)
}

// back is the return from a call: what it gives, and what registers it leaves.
func (f *flow) back(result value, listed bool) {
	if at := f.now.regs[8]; !f.x86 && !f.golang && at.kind == valueFrame && result.made != 0 { // a result in memory
		f.fill(at, result.made, false)
	}
	for r := range f.now.regs {
		if f.kept>>r&1 == 0 {
			f.now.regs[r] = value{}
		}
	}
	f.stored = f.stored[:0]
	if f.golang {
		f.now.regs[f.arguments[0]] = result
		for _, r := range f.arguments[1:3] {
			if !listed { // of several results any may be it
				f.now.regs[r] = value{made: result.made}
			}
		}
		return
	}
	f.now.regs[0] = result
	second := 1
	if f.x86 {
		second = 2
	}
	f.now.regs[second] = value{made: result.made}
}

// goHelp takes the helpers of Go that follow no convention of calls.
func (f *flow) goHelp(name string) bool {
	switch {
	case strings.HasPrefix(name, "runtime.gcWriteBarrier"): // leaves all registers, and gives a buffer
		buffer := 25
		if f.x86 {
			buffer = 11
		}
		f.now.regs[buffer] = value{of: noObject}
	case strings.HasPrefix(name, "runtime.duffcopy"):
		from, to := 20, 21
		if f.x86 {
			from, to = 6, 7
		}
		f.fill(f.now.regs[to], f.holds(f.now.regs[from]), false)
	case strings.HasPrefix(name, "runtime.duffzero"), strings.HasPrefix(name, "runtime.morestack"):
	default:
		return false
	}
	return true
}

// ofLibrary reports whether a function of Go is of its standard library, or of a
// package that the program has from elsewhere: such a one is not looked into.
func ofLibrary(name string) bool {
	path, _, _ := strings.Cut(name, ".")
	return path != "main" && !strings.Contains(name, "/") || slices.Contains(goLibrary, firstOf(name))
}

func firstOf(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

// goLibrary are the first parts of the paths of packages of Go's library.
var goLibrary = []string{"archive", "bufio", "bytes", "compress", "container", "crypto", "database", "debug", "embed", "encoding", "errors", "go", "hash",
	"html", "image", "index", "internal", "io", "log", "math", "mime", "net", "os", "path", "reflect", "regexp", "runtime", "sort", "strconv", "sync",
	"syscall", "text", "time", "unicode", "vendor"}

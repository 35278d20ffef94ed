package attribute

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

//go:embed uses.txt
var usesText string

// useSet is a set of uses.
type useSet uint8

const (
	useReads useSet = 1 << iota
	useShows
	useCompares
	useWrites
	useUnknown
)

// allArguments are the arguments that count where a line of uses.txt says nothing.
const allArguments = 1<<16 - 1

// deed is what one callee does with its arguments: sets of their numbers as bits.
type deed struct {
	use      useSet
	used     uint16 // that use is about
	makes    uint16 // that the result is made of
	fills    uint16 // that point to what is made of the others
	adds     uint16 // likewise, with what is there
	keeps    bool
	stores   bool
	ends     bool // never comes back
	variadic bool // takes arguments from the stack
	known    bool
}

// deeds are the lines of uses.txt.
type deeds struct {
	names    map[string]deed   // by kind and name
	prefixes map[string][]rest // by kind, longest first
	parts    []rest
}

type rest struct {
	text string
	deed deed
}

// theDeeds reads uses.txt once. A fault in it is a fault in kinbom: a test excludes it.
var theDeeds = sync.OnceValues(func() (*deeds, error) { return parseDeeds(usesText) })

func parseDeeds(text string) (*deeds, error) {
	d := &deeds{names: map[string]deed{}, prefixes: map[string][]rest{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 || !slices.Contains([]string{"import", "part", "selector", "go"}, words[0]) {
			return nil, fmt.Errorf("line %d of the list of uses: a kind, a deed and names are wanted", number)
		}
		for _, word := range words[2:] {
			if err := d.add(words[0], words[1], word); err != nil {
				return nil, fmt.Errorf("line %d of the list of uses: %w", number, err)
			}
		}
	}
	for _, l := range d.prefixes {
		slices.SortFunc(l, func(a, b rest) int { return len(b.text) - len(a.text) })
	}
	return d, nil
}

func (d *deeds) add(kind, what, word string) error {
	name, list, some := strings.Cut(word, "@")
	args := uint16(allArguments)
	if some {
		args = 0
		for _, n := range strings.Split(list, ",") {
			i, err := strconv.Atoi(n)
			if err != nil || i < 0 || i > 15 {
				return fmt.Errorf("%q is no number of an argument", n)
			}
			args |= 1 << i
		}
	}
	name, variadic := strings.CutSuffix(name, "...")
	prefix, open := strings.CutSuffix(name, "*")
	at := kind + " " + name
	before := d.names[at]
	if !before.known && open && kind != "part" {
		d.prefixes[kind] = append(d.prefixes[kind], rest{text: prefix})
	}
	if err := before.does(what, args); err != nil {
		return err
	}
	before.variadic = before.variadic || variadic
	d.names[at] = before
	if kind == "part" {
		d.parts = append(d.parts, rest{name, before})
	}
	for i := range d.prefixes[kind] {
		if p := &d.prefixes[kind][i]; open && p.text == prefix {
			p.deed = before
		}
	}
	return nil
}

// does adds a deed to what is known of a callee.
func (d *deed) does(what string, args uint16) error {
	d.known = true
	uses := map[string]useSet{"reads": useReads, "shows": useShows, "compares": useCompares, "writes": useWrites}
	switch what {
	case "makes":
		d.makes = args
	case "fills":
		d.fills = args
	case "adds":
		d.adds = args
	case "keeps":
		d.keeps = true
	case "stores":
		d.stores = true
	case "ends":
		d.ends = true
	case "ignores":
	default:
		if uses[what] == 0 {
			return fmt.Errorf("%q is no deed", what)
		}
		d.use, d.used = d.use|uses[what], args
	}
	return nil
}

// of is what a callee of a kind does, by its name.
func (d *deeds) of(kind, name string) deed {
	if x := d.names[kind+" "+name]; x.known {
		return x
	}
	for _, p := range d.prefixes[kind] {
		if strings.HasPrefix(name, p.text) {
			return p.deed
		}
	}
	return deed{}
}

// imported is what an imported function does.
func (d *deeds) imported(name string) deed {
	if x := d.of("import", name); x.known {
		return x
	}
	if strings.HasPrefix(name, "_Z") || strings.HasPrefix(name, "$s") {
		for _, p := range d.parts {
			if strings.Contains(name, p.text) {
				return p.deed
			}
		}
		return deed{}
	}
	plain, _, _ := strings.Cut(name, "$")
	plain = strings.TrimSuffix(strings.TrimPrefix(plain, "__"), "_chk")
	return d.of("import", plain)
}

// argumentRegisters are the registers that hold the arguments of a call, in order.
func argumentRegisters(arch string, golang bool) []uint8 {
	switch {
	case !strings.HasPrefix(arch, "x86_64") && golang:
		return []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	case !strings.HasPrefix(arch, "x86_64"):
		return []uint8{0, 1, 2, 3, 4, 5, 6, 7}
	case golang:
		return []uint8{0, 3, 1, 7, 6, 8, 9, 10, 11}
	}
	return []uint8{7, 6, 2, 1, 8, 9}
}

// keptRegisters are the registers that a call leaves as they are.
func keptRegisters(arch string, golang bool) uint64 {
	switch {
	case !strings.HasPrefix(arch, "x86_64"):
		if golang {
			return 1<<31 | 1<<28
		}
		return 0x3ff<<19 | 1<<29 | 1<<31 | 1<<28 | 0xff<<(fingerprint.StepVector+8)
	case golang:
		return 1<<4 | 1<<5 | 1<<14
	}
	return 1<<3 | 1<<4 | 1<<5 | 1<<12 | 1<<13 | 1<<14 | 1<<15
}

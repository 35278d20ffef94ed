package attribute

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// Bounds of what is put together in one function.
const (
	maxParts    = 12  // literals of one path
	maxPart     = 96  // bytes of one of them
	maxLiterals = 400 // of one function
)

// joiners are what code puts paths and texts together with.
var joiners = map[fingerprint.TargetKind][]string{
	fingerprint.TargetSelector: {
		"stringByAppendingPathComponent:", "stringByAppendingString:", "stringByAppendingFormat:", "stringByAppendingPathExtension:",
		"URLByAppendingPathComponent:", "URLByAppendingPathComponent:isDirectory:", "stringWithFormat:", "initWithFormat:",
		"pathWithComponents:", "fileURLWithPathComponents:", "componentsJoinedByString:", "appendString:", "appendFormat:",
	},
	fingerprint.TargetImport: {
		"snprintf", "sprintf", "asprintf", "strcat", "strncat", "strlcat", "stpcpy",
		"__snprintf_chk", "__sprintf_chk", "__strcat_chk", "__strncat_chk", "__strlcat_chk", "__stpcpy_chk", "CFStringCreateWithFormat",
		"CFURLCreateCopyAppendingPathComponent", "CFStringAppend", "CFStringAppendFormat",
	},
}

// joinerParts are parts of the mangled names of such functions: strings and
// paths of C++, strings and URLs of Swift.
var joinerParts = []string{
	"basic_string", "4__fs10filesystem4path", "appendingPathComponent", "appending", "$sSS6append", "$sSS1poi",
	"DefaultStringInterpolation", "appendLiteral",
}

// joinerFunctions are such functions of Go, which are code of the image itself.
var joinerFunctions = []string{"path/filepath.Join", "path/filepath.join", "path.Join", "fmt.Sprintf", "runtime.concatstring", "strings.Join", "strings.(*Builder).WriteString", "std::path::"}

// joined finds texts that functions put together from literals. What runs is
// not computed: in a function that joins texts, the literals that it refers to
// are put behind one another in the order of the code, as parts of a path, or
// into the format among them. A text counts where a rule matches across the
// border of two parts.
func (d *deriver) joined() {
	names := d.joiningCallees()
	for from := 0; from < len(d.refs); {
		function, to := d.refs[from].Function, from+1
		for to < len(d.refs) && d.refs[to].Function == function {
			to++
		}
		if int(function) < len(d.set.Functions) && (slices.ContainsFunc(d.refs[from:to], d.joins) || d.callsAny(int(function), names) || d.handsParts(function)) {
			d.joinIn(int(function), d.refs[from:to])
		}
		from = to
	}
}

// joins reports whether a reference is to what puts texts together.
func (d *deriver) joins(r fingerprint.Reference) bool {
	if r.Kind != fingerprint.TargetSelector && r.Kind != fingerprint.TargetImport {
		return false
	}
	b := d.slice.Bytes(r.Offset, r.Length)
	if r.Kind == fingerprint.TargetImport && len(b) > 0 && b[0] == '_' {
		b = b[1:]
	}
	name := string(b)
	return slices.Contains(joiners[r.Kind], name) ||
		r.Kind == fingerprint.TargetImport && slices.ContainsFunc(joinerParts, func(p string) bool { return strings.Contains(name, p) })
}

// joiningCallees says of each function whether it is one that joins, by name.
func (d *deriver) joiningCallees() []bool {
	var out []bool
	for i := range d.set.Functions {
		if name := d.set.Functions[i].Name; name != "" && slices.ContainsFunc(joinerFunctions, func(p string) bool { return strings.HasPrefix(name, p) }) {
			if out == nil {
				out = make([]bool, len(d.set.Functions))
			}
			out[i] = true
		}
	}
	return out
}

func (d *deriver) callsAny(function int, names []bool) bool {
	if names == nil {
		return false
	}
	for _, c := range d.set.CallsOf(function) {
		if names[c.Callee] {
			return true
		}
	}
	return false
}

// leastHanded is how many literals a function hands to others at least for that to
// be taken for the parts of a path.
const leastHanded = 3

// handsParts reports whether a function hands literals with their lengths to
// functions whose names are gone: so a path is put together part by part in a program
// of Rust, where what joins is code of the image itself.
func (d *deriver) handsParts(function uint32) bool {
	return d.handed[function] >= leastHanded && slices.ContainsFunc(d.set.CallsOf(int(function)), func(c fingerprint.Call) bool {
		return c.Kind == fingerprint.CallDirect && d.set.Functions[c.Callee].Name == ""
	})
}

// part is a literal that may be a part of a path.
type part struct {
	text []byte
	at   sbom.Span // of the bytes, or of the instruction that holds them
}

// joinIn puts the literals of one function together.
func (d *deriver) joinIn(function int, refs []fingerprint.Reference) {
	var parts []part
	for i := range refs {
		r := &refs[i]
		switch r.Kind {
		case fingerprint.TargetSelector, fingerprint.TargetImport:
			if p, ok := d.asksFolder(function, r); ok {
				parts = append(parts, p)
			}
			continue
		case fingerprint.TargetString, fingerprint.TargetCFString:
		case fingerprint.TargetConst, fingerprint.TargetPointer: // with the length that the function uses it with
			if r.Length == 0 || r.Offset < 0 {
				continue
			}
		default:
			continue
		}
		text := r.Decoded
		if text == nil && r.Length > 0 && r.Length <= maxPart {
			text = d.slice.Bytes(r.Offset, r.Length)
		}
		if pathLike(text) && len(parts) < maxLiterals {
			p := part{text: text, at: sbom.Span{Offset: r.Offset, Length: r.Length}}
			if r.Decoded != nil {
				at, _ := d.slice.OffsetOf(r.Slot)
				p.at = sbom.Span{Offset: at, Length: 4}
			}
			parts = append(parts, p)
		}
	}
	for from := 0; from+1 < len(parts); from += maxParts / 2 {
		l := parts[from:min(from+maxParts, len(parts))]
		d.tryJoin(function, l, "/")
		if slices.ContainsFunc(l, func(p part) bool { return bytes.IndexByte(p.text, '%') >= 0 }) {
			d.tryFormats(function, l)
		}
		if from+maxParts >= len(parts) {
			break
		}
	}
}

// folderCalls are what code asks for a known folder: which one is a number.
var folderCalls = []string{"URLsForDirectory:inDomains:", "URLForDirectory:inDomain:appropriateForURL:create:error:", "_NSSearchPathForDirectoriesInDomains"}

// applicationSupport is the number of that folder: NSApplicationSupportDirectory of NSPathUtilities.h.
const applicationSupport = 14

// asksFolder is a part that stands in no literal: a call for the folder Application
// Support, from a function that moves its number to a register. Its bytes are the name of the call.
func (d *deriver) asksFolder(function int, r *fingerprint.Reference) (part, bool) {
	if r.Offset < 0 || !slices.Contains(folderCalls, string(d.slice.Bytes(r.Offset, r.Length))) {
		return part{}, false
	}
	n := &d.set.Functions[function]
	at, ok := d.slice.OffsetOf(n.Address)
	find := movedSmallX86
	if strings.HasPrefix(d.set.Arch, "arm64") {
		find = movedSmallARM
	}
	if !ok || find(d.slice.Bytes(at, int64(n.Size)), applicationSupport) < 0 {
		return part{}, false
	}
	return part{text: []byte("Library/Application Support"), at: sbom.Span{Offset: r.Offset, Length: r.Length}}, true
}

// pathLike reports whether a literal may be a part of a path: no sentence, no
// statement, no address of the web.
func pathLike(b []byte) bool {
	if len(b) < 2 || len(b) > maxPart || bytes.Contains(b, []byte("://")) || bytes.Count(b, []byte(" ")) > 3 {
		return false
	}
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || r > '~' })
}

// tryJoin keeps the parts put behind one another, if a rule matches across a border.
func (d *deriver) tryJoin(function int, l []part, between string) {
	var text []byte
	var borders []int
	f := sbom.Fact{Kind: sbom.FactString, Section: d.slice.SectionAt(l[0].at.Offset), How: sbom.HowJoined}
	for i, p := range l {
		t := p.text
		if between == "/" {
			t = bytes.Trim(t, "/")
			if i == 0 {
				t = bytes.TrimRight(p.text, "/")
			}
		}
		if i > 0 {
			text = append(text, between...)
			borders = append(borders, len(text))
		}
		text = append(text, t...)
		f.Parts = append(f.Parts, p.at)
	}
	f.Value, f.Offset, f.Length = text, l[0].at.Offset, l[0].at.Length
	d.keepJoined(function, f, borders)
}

func (d *deriver) keepJoined(function int, f sbom.Fact, borders []int) {
	u := sbom.Unit{Scope: sbom.ScopeImage, Facts: []sbom.Fact{f}}
	for _, s := range d.rules.Spans(&u, 0) {
		for _, b := range borders {
			if s.From < b-1 && s.To > b {
				d.add(function, f)
				return
			}
		}
	}
}

// tryFormats puts the literals behind a format into its places, the first of
// which may be for something that is no literal, such as the home folder.
func (d *deriver) tryFormats(function int, l []part) {
	for i, p := range l {
		pieces := splitFormat(p.text)
		if len(pieces) < 2 {
			continue
		}
		others := append(slices.Clone(l[i+1:]), l[:i]...)
		for turn := 0; turn < 4 && turn/2 < len(pieces)-1; turn++ {
			skip := turn / 2
			slices.Reverse(others) // compilers load arguments in any order
			f := sbom.Fact{Kind: sbom.FactString, Section: d.slice.SectionAt(p.at.Offset), How: sbom.HowJoined, Parts: []sbom.Span{p.at}, Offset: p.at.Offset, Length: p.at.Length}
			f.Value = append(f.Value, pieces[0]...)
			var borders []int
			next := 0
			for k, piece := range pieces[1:] {
				borders = append(borders, len(f.Value))
				if k < skip || next >= len(others) {
					f.Value = append(f.Value, '~')
				} else {
					f.Value = append(f.Value, others[next].text...)
					f.Parts = append(f.Parts, others[next].at)
					next++
				}
				borders = append(borders, len(f.Value))
				f.Value = append(f.Value, piece...)
			}
			if next > 0 {
				d.keepJoined(function, f, borders)
			}
		}
	}
}

// splitFormat cuts a format at its places for text: %s and %@.
func splitFormat(b []byte) [][]byte {
	var out [][]byte
	for {
		i := bytes.IndexByte(b, '%')
		if i < 0 || i+1 >= len(b) {
			return append(out, b)
		}
		if c := b[i+1]; c != 's' && c != '@' && c != 'v' {
			return append(out, b)
		}
		out = append(out, b[:i])
		b = b[i+2:]
	}
}

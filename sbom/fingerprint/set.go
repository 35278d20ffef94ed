package fingerprint

import (
	"fmt"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Algorithm is the version of the normal form, of the marks and of the
// features. Sets of different versions are never compared: any change that can
// change a mark of any input raises it.
const Algorithm = 1

// Mark is the digest of a normal form.
type Mark uint64

// String is the mark as it is printed and saved: 16 hexadecimal digits.
func (m Mark) String() string { return fmt.Sprintf("%016x", uint64(m)) }

// Set is what the pass found in one image. The lists are flat, so that an
// image of a million functions is a handful of allocations.
type Set struct {
	Image     sbom.Digest
	Arch      string
	Functions []Function // sorted by Address: the order of the link
	Features  []Feature  // each once, sorted by Kind, then Hash
	Uses      []uint32   // indices into Features, of all functions; see FeaturesOf
	Calls     []Call     // of all functions; see CallsOf
	Classes   []ClassOf  // in the order of Code.Classes
	Roots     []RootOf   // sorted by Function, then Kind
	Objects   []string   // object files that functions came from, without their folders: "libfoo.a(bar.o)"; each once
	Tables    []TableOf  // that hold functions; the first is all other data. nil: it is not known which data hold which functions
	Refers    []uint32   // indices into Tables, of all functions; see TablesOf
	Hosts     []Host     // of a Set that was read: literals that hold an address of the net; sorted by Feature
}

// Host is a literal that holds an address of the net, or a template of one. It
// stands apart from the features' own texts: it says whom code speaks to, and
// never names a library.
type Host struct {
	Feature uint32 // index into Features
	Text    string // cut to MaxText bytes
}

// Function is one code unit.
type Function struct {
	Address      uint64
	Size         uint32 // bytes, without padding at the end
	Instructions uint32 // that count: those that the normal form keeps (padding, nops and address building do not)
	Shape        Mark   // of the code alone
	Full         Mark   // of the code and the content that it refers to
	Name         string // "" when not known
	From         NameSource
	Object       uint32 // 1 + index into Set.Objects; 0: not known
	uses, calls  uint32 // where its part of Set.Uses and Set.Calls ends
	tables       uint32 // where its part of Set.Refers ends
}

// FeatureKind is the kind of a feature.
type FeatureKind uint8

// Feature kinds.
const (
	FeatureString    FeatureKind = iota + 1 // content of a literal, CFString or Swift short string
	FeatureImport                           // imported name
	FeatureSelector                         // selector that is sent
	FeatureClass                            // class that is named
	FeatureConstant                         // rare number: an immediate or literal that is no size, mask or address
	FeatureMethod                           // the function implements -[Class selector], with its types; or is of a Swift type, see TypeOf
	FeaturePointer                          // literal behind mutable data: weak
	FeatureKindCount                        // one more than the last
)

// Feature is one thing that functions refer to.
type Feature struct {
	Kind FeatureKind
	Hash uint64 // of kind and content
	Text string // content, cut to MaxText bytes; "" when it was not kept
}

// TypeOf is the Swift type that a feature's text names: the function is its
// metadata accessor ("Module.Type", and "Module.Type.field" for each field) or in
// its table ("Module.Type getter"). "" for any other feature.
func (f *Feature) TypeOf() string {
	if f.Kind != FeatureMethod || strings.HasPrefix(f.Text, "-[") || strings.HasPrefix(f.Text, "+[") {
		return ""
	}
	name, _, _ := strings.Cut(f.Text, " ")
	return name
}

// FeatureHash is the hash that a feature of a kind and content has. The name of
// an import is that of C, without the underscore of the file.
func FeatureHash(kind FeatureKind, content string) uint64 {
	return digest(uint64(kind), []byte(content))
}

// MaxText is how much of a feature's content is kept, in bytes.
const MaxText = 160

// Call is an edge from one function to another of the same image.
type Call struct {
	Callee uint32 // index into Functions
	Kind   CallKind
}

// CallKind is how a function leads to another.
type CallKind uint8

// Call kinds, strongest first.
const (
	CallDirect  CallKind = iota + 1 // call or tail call
	CallAddress                     // it builds the address of the function: a callback, a block
)

// ClassOf is a class with its methods as functions of the set.
type ClassOf struct {
	Name, Category, Super string
	Methods               []MethodOf
}

// MethodOf is a method whose code is a function of the set.
type MethodOf struct {
	Selector string
	Types    string
	Function uint32 // index into Functions
	Meta     bool
}

// RootOf is a root as a function of the set.
type RootOf struct {
	Function uint32
	Kind     RootKind
}

// FeaturesOf lists the features of function i as indices into Features, sorted,
// each once. The slice must not be changed.
func (s *Set) FeaturesOf(i int) []uint32 {
	start := uint32(0)
	if i > 0 {
		start = s.Functions[i-1].uses
	}
	return s.Uses[start:s.Functions[i].uses:s.Functions[i].uses]
}

// CallsOf lists the calls of function i, in the order of the code, each callee
// once per kind. The slice must not be changed.
func (s *Set) CallsOf(i int) []Call {
	start := uint32(0)
	if i > 0 {
		start = s.Functions[i-1].calls
	}
	return s.Calls[start:s.Functions[i].calls:s.Functions[i].calls]
}

// Reference says that a function refers to content at a place of the slice. It
// is what ties evidence to code; it is not saved.
type Reference struct {
	Function uint32 // index into Set.Functions
	Kind     TargetKind
	Slot     uint64 // address that the code names: the literal itself, the CFString, the slot
	Offset   int64  // of the content in the slice
	Length   int64  // bytes there; 0: not known, a literal without an end of its own begins there
	Decoded  []byte // content that stands in no one place of the slice: a Swift short string; else nil
}

// Append adds a function behind the last one. uses are sorted indices into
// Features, each once.
func (s *Set) Append(f Function, uses []uint32, calls []Call) {
	s.Uses = append(s.Uses, uses...)
	s.Calls = append(s.Calls, calls...)
	f.uses, f.calls = uint32(len(s.Uses)), uint32(len(s.Calls))
	s.Functions = append(s.Functions, f)
}

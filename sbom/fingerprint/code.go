package fingerprint

// Code is what the pass reads of one image. All addresses are those of the
// image when loaded where it asks to be.
type Code struct {
	Arch      string     // as in sbom.Image: arm64, arm64e, arm64_32, x86_64, x86_64h; others have no pass
	Sections  []Section  // that hold instructions; sorted by Address, not overlapping
	Functions []Boundary // sorted by Address, each in one of the Sections
	Data      []Range    // data between instructions (LC_DATA_IN_CODE); sorted, may overlap
	Classes   []Class    // Objective-C classes and categories that the image defines
	Types     []Type     // Swift types that the image defines
	Roots     []Root     // where execution enters from outside; sorted by Address, then Kind
	Tables    *Tables    // objects of data that hold functions; nil: not known
	Objects   []string   // object files that functions came from, as the linker noted them: "…/libfoo.a(bar.o)"; each once

	// Resolve says what lies at an address that an instruction builds, loads
	// from or jumps to. It must be cheap, and safe for any address.
	Resolve func(address uint64) Target

	// Load gives n bytes of constant data at an address, or nil. It is what
	// WrittenTexts follows constants with; nil: only those in instructions.
	Load func(address uint64, n int) []byte

	// Word gives the pointer, or the number of a pointer's size, that data holds
	// at an address; nil: tables are not looked into.
	Word func(address uint64) (uint64, bool)
}

// Section is a range of instructions.
type Section struct {
	Address uint64
	Bytes   []byte
}

// Range is a range of addresses.
type Range struct {
	Address uint64
	Size    uint64
}

// Boundary is where a function begins, and what it is called where that is known.
type Boundary struct {
	Address uint64
	Size    uint64 // 0: up to the next function or the end of its section
	Name    string // without the leading underscore of the file; "" when stripped
	From    NameSource
	Object  uint32 // 1 + index into Objects; 0: not known
}

// NameSource says where a function's name is from.
type NameSource uint8

// Name sources.
const (
	NameNone     NameSource = iota
	NameSymbol              // symbol table
	NameMethod              // Objective-C method list: -[Class selector]
	NamePclntab             // Go's line table: import/path.Func
	NameExported            // export trie of a stripped image
)

// TargetKind is what lies at an address.
type TargetKind uint8

// Target kinds. The first ones name no content: they are holes in a mark.
const (
	TargetNone     TargetKind = iota // unknown, or mutable data
	TargetCode                       // an instruction of this image
	TargetString                     // a terminated literal; Text is its content
	TargetCFString                   // a constant CFString; Text is its content, as UTF-8
	TargetImport                     // a name of another image: a stub, or the slot that holds its address
	TargetSelector                   // an Objective-C selector: a selector reference, or a stub that sends it
	TargetClass                      // an Objective-C class: a class reference, or the class itself
	TargetConst                      // constant data; Text is the bytes that may be compared, or empty
	TargetPointer                    // mutable data that points to a literal; Text is the literal: weak, never part of a mark
	TargetEnd                        // number of kinds
)

// Target is what lies at an address.
type Target struct {
	Kind   TargetKind
	Slot   bool   // the address holds a pointer to what is described (GOT, selector reference, class reference)
	Text   []byte // content or name, an import's without the leading underscore of the file; aliases the image
	Offset int64  // of Text in the slice; -1 when it has no place there
	Length int64  // bytes there, where they are not Text itself: a literal in UTF-16; 0: those of Text
}

// Class is an Objective-C class or category with its methods.
type Class struct {
	Name     string // of the class
	Category string // "" for the class itself
	Super    string // "" when not known
	Methods  []Method
}

// Method is one implemented method.
type Method struct {
	Selector string
	Types    string // type encoding, "" when not known
	Address  uint64 // of its code
	Meta     bool   // a class method (+)
}

// Type is a Swift class, structure or enumeration, as its descriptor gives it.
type Type struct {
	Name     string   // "Module.Outer.Type"
	Accessor uint64   // address of the function that gives its metadata; 0: none
	Fields   []string // stored properties, or cases
	Methods  []TypeMethod
}

// TypeMethod is a function that the table of a Swift class leads to.
type TypeMethod struct {
	Address uint64
	Deed    string // "method", "init", "getter", "setter", "modify", "read", or "override"
}

// RootKind is why execution may enter a function from outside.
type RootKind uint8

// Root kinds.
const (
	RootMain        RootKind = iota + 1 // LC_MAIN, or the entry of a Go program
	RootConstructor                     // runs when the image is loaded
	RootLoad                            // +load of a class or category
	RootExport                          // exported name
	RootPointer                         // its address lies in data: a table, a vtable, a block
	RootMethod                          // an implemented Objective-C method
)

// Root is a function where execution may enter.
type Root struct {
	Address uint64
	Kind    RootKind
}

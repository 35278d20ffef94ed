package reach

import (
	"github.com/kinbom/kinbom/sbom"
)

// Store gives the saved code marks of an image. Any error means that its code is
// not known.
type Store func(image sbom.Digest) ([]byte, error)

// Image is one image of a program.
type Image struct {
	Digest  sbom.Digest
	Entry   bool     // the system or the user starts it
	Plugin  bool     // it is made to be loaded at run time: its exported functions are called by who loads it
	Classes []string // Objective-C classes that property lists name for it
	Nib     Nib
}

// Nib is what the interface files of an image's bundle name.
type Nib struct {
	Classes []string // of objects that are made when one is loaded
	Sends   []string // selectors that are sent then, or later by what a person does
	Known   bool     // all such files of the product were read
}

// Tie leads from one image of a program to another, by position.
type Tie struct {
	From, To int
	Kind     sbom.LinkKind
	Symbols  []string // calls: names that From imports of To, as the file has them
}

// Program is what one product can bring to run, and what it merely carries: each
// image once. Ties that name no image are left out.
type Program struct {
	Images []Image
	Ties   []Tie
}

// Unit is a code unit: the function that begins at an address of an image.
type Unit struct {
	Image   sbom.Digest
	Address uint64
}

// Step is one function on a way, and how the step to it is known.
type Step struct {
	Unit
	Name string // "" where it has none
	How  string
	Over bool // the step may go too far; see the package
}

// How a step is known.
type via uint8

const (
	viaNone via = iota
	viaMain
	viaGoMain
	viaGoInit
	viaConstructor
	viaLoad
	viaExport
	viaRegistered
	viaNib
	viaDelegate
	viaDirect
	viaAddress
	viaBlock
	viaBound
	viaNamed
	viaOwn
	viaCallback
	viaOnly
	viaSent
	viaTable
	viaPointer
	viaSystem
)

var viaText = [...]string{
	viaMain:        "entry point: main",
	viaGoMain:      "entry point: main of a Go program",
	viaGoInit:      "entry point: package initialiser of a Go program",
	viaConstructor: "entry point: constructor, it runs when the image is loaded",
	viaLoad:        "entry point: +load, it runs when the image is loaded",
	viaExport:      "entry point: exported by a plug-in that is loaded",
	viaRegistered:  "entry point: method of a class that a property list names",
	viaNib:         "entry point: a nib makes an object of the class and sends it this",
	viaDelegate:    "entry point: the system calls it of the application's delegate",
	viaDirect:      "call",
	viaAddress:     "its address is taken: a callback or block",
	viaBlock:       "a block that stands in it, by its name",
	viaBound:       "call of a bound symbol",
	viaNamed:       "message to a class that the sender names",
	viaOwn:         "message to the sender's own class",
	viaCallback:    "the system calls it of a class that is used",
	viaOnly:        "message to an unknown receiver, one class alone implements it (may go too far)",
	viaSent:        "a nib sends it, one class alone implements it (may go too far)",
	viaTable:       "it stands in a table that the code refers to: a vtable, a block, a type of Go (may go too far)",
	viaPointer:     "its address lies in data of an image that runs: a table or function value (may go too far)",
	viaSystem:      "the system calls it in a program without a main of its own (may go too far)",
}

func (v via) String() string { return viaText[v] }

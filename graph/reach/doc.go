// Package reach says which code units of which images an entry point of a
// product leads to, from saved code marks alone.
//
// # What is followed
//
// Inside an image: direct calls; functions whose address is taken (callbacks,
// blocks); blocks that stand in a function, by their names; messages to a class
// that the sender names, to the sender's own class and to the classes above
// these. Across images: an imported name that is bound to a function of another
// image; classes by their name.
//
// Execution starts at the main function of what the system or the user starts,
// at constructors and +load of images that are loaded, at main.main and the
// package initialisers of a Go program, at the methods of classes that a
// property list names, at what nibs make and send, at the application's delegate, at the exported functions
// of a plug-in that is loaded, and at methods that the system calls of a class
// that is used (see callbacks.txt).
//
// # What is followed too far
//
// These steps say so in their How, and Step.Over is true: a message whose
// receiver is unknown leads to the only class of the product that implements
// it, and so does one that a nib sends to what it does not name; what stands in
// a table that code which runs refers to (a C++ vtable with type information, a
// block without captured values, a type, itab or function value of Go) is taken for
// called; so is a function whose address lies in other data of an image that runs (a
// table of C, a Swift witness table, a vtable of Rust, and all data, where older
// marks say no more); so
// is what the system calls in a program without a main of its own. A step by
// name alone is not free of that either: a function that names a class and
// sends a selector need not send it to that class.
//
// # What is not followed
//
// Calls through computed addresses, dlsym, selectors and classes that are put
// together as text (performSelector:, NSClassFromString), overrides in a
// subclass of a receiver's class, classes of nibs that were not read, calls back
// from an image that leads to no source, exported names other than the one
// that a function is called by in the marks. So "not reached" lowers
// confidence, and clears nothing. What a method leads to that an object of a nib,
// or of a class found by its name, may be sent is not even called dormant: of any
// class, where a nib was not read, else of those that the nibs name, and methods
// that only the system can send; nor is anything of a program of Go, whose linker
// takes in only what something refers to, nor where some code of the program is not
// known.
//
// # Cost and hostile input
//
// The work is linear in the functions, calls, features and methods of the images
// of a program, up to a fixed factor for messages; what would take more is not
// followed, and then nothing is called dormant. Marks are read by
// fingerprint.Read, which refuses indices that lead nowhere; cycles of calls or
// of superclasses end. The same input gives the same steps.
package reach

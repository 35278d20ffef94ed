// Package attribute ties the evidence of capabilities to the code that uses it.
//
// A rule says what has to stand together: a path, a statement, a call that opens.
// In one image it may stand anywhere; in one function, or in one class, it means
// something. This package knows a slice, what the pass over its instructions
// found, and the rules. It finds the facts that stand in no one place of the file
// (texts written piece by piece, paths put together, literals of tables, numbers
// in instructions), says which function refers to which fact, and gives the tags
// of the image the functions that they hold in.
//
// It also says what code does with a literal: whether the value reaches what opens,
// reads or queries, or only what shows, compares or writes it (see use.go).
//
// Nothing is run. What code does is followed as far as one function shows it; the
// files say where they go further, and how far. All of it is bounded by the size of
// the slice: an image that speaks of nothing that a rule looks for costs next to
// nothing.
package attribute

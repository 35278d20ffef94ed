// Package script says what one module of a script language says: the literals
// and texts that its code puts together, the modules that it asks for, and what
// it calls. A module is one JavaScript file (CommonJS, ES modules, what
// TypeScript and minifiers make of them), one inner module of a bundle that
// webpack, browserify or esbuild made, the scripts of one HTML page, or one
// compiled Python module.
//
// # How it reads
//
// JavaScript is read by github.com/tdewolff/parse. It was chosen by a
// measurement over 1,968 real modules (43 MB): it read 1,965 of them in half a
// second, while github.com/dop251/goja's parser, which knows no ES modules,
// read 1,428 in twice the time. A module that the parser refuses is read token
// by token: its literals, requires and calls are known then, and how texts are
// put together is not (Module.Partial says so). Comments are no code and give
// nothing. Python's own format of compiled code is read by a reader of our own.
//
// Texts that code puts together from constants are followed inside one module:
// bindings that are assigned once, concatenation, templates, path.join and its
// like, joined lists, character codes, base64, hexadecimal digits, reversal and
// XOR with one key byte. What is not known in such a text is written as "*", and
// the home folder as "~". It is an approximation: a name that is shadowed, a
// value that is changed through another name, or a method of another object with
// the same name can mislead it.
//
// # Promises
//
// Input is hostile. Nesting is bounded by the parser (1,000 levels), the work of
// following constants by a number of steps, texts by their length, facts by
// their number (see the Max constants); nothing panics, and memory grows with
// the size of the file, which the caller bounds. Offsets of facts are exact: the
// bytes of the file there are the value, or How says how it follows from them.
// The same bytes always give the same facts, sorted by offset.
package script

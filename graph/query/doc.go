// Package query answers questions about one family from saved products and
// their code marks alone: which libraries it has (Libs), who carries a thing
// that a user names (Who), and what two products or releases share (Compare).
//
// Results are plain values with JSON names and a schema each; they are made by
// the same code whatever the input was, sorted, and complete: formats only leave
// out. Names in them are those of the files, hostile ones too: who prints them
// makes them safe. Every result carries its coverage, because not finding a
// thing is worth as much as what was looked at. It says what the bytes hold; it
// never says who gave code to whom.
package query

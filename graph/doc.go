// Package graph holds MANY products: nodes, typed edges, and the building of
// one family graph from saved products. It never opens a shipped file: all it
// knows comes from package sbom's nouns.
//
// A node is a content digest; "the same library" is an edge with a method,
// never a merge. Everything is sorted, so that the same products give the same
// graph whatever their order.
package graph

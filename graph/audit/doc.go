// Package audit holds the order of one family run: select the products of the
// family, build the graph, find libraries, propagate capabilities, judge, and
// put all of it into one finding.Report. It also finds what a user asks to have
// explained in a report.
//
// It works from saved nouns alone and opens no file. The same products give
// the same report whatever their order. Products that are listed but not
// judged take no part in the graph, so they never make kinship; their files
// count in the total coverage.
package audit

// Package policy knows purposes. From a family file and what propagation found
// it says, per product and capability: the verdict (does the stated purpose
// call for it), what was declared, and the provenance (by which product of the
// family the same code can be explained).
//
// It never says that a company collects something, and never that one company
// gave code to another: team ids are only claimed, so all it says is that
// products carry the same code. Without a family file no purpose is known:
// then nothing is an origin, and nothing is inherited.
//
// A family file comes from the user, but may come with hostile apps: it is
// read within a size limit, YAML aliases are refused, and every complaint
// names its line. What the reader does not know is an error, never ignored.
package policy

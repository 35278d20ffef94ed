package finding

import "slices"

// Verdicts; see the model, section 6.
const (
	VerdictExpected   = "expected"
	VerdictAsk        = "ask"
	VerdictUnexpected = "unexpected"
)

// Provenances; see the model, section 5.
const (
	ProvenanceOrigin    = "origin"
	ProvenanceInherited = "inherited"
	ProvenanceShared    = "shared"
	ProvenanceOwn       = "own"
	ProvenanceUnknown   = "unknown"
)

// Values of Capability.Declared.
const (
	DeclaredYes          = "yes"
	DeclaredNone         = "no-declaration"
	DeclaredContradicted = "contradicted"
	DeclaredUnknown      = "unknown"
)

// Values of Capability.Sends.
const (
	SendsNo       = "no"
	SendsPossible = "possible"
	SendsShown    = "shown"
)

// Kinds of Finding, gravest first. A finding of an inherited capability has
// the kind inherited whatever its verdict; its verdict stands beside it.
const (
	KindInherited  = "inherited"
	KindUnexpected = "unexpected"
	KindAsk        = "ask"
	KindExpected   = "expected"
	KindMention    = "mention"
)

// Exit statuses that a report can carry. Status 2 (the call or the tool
// failed) has no report.
const (
	ExitClean      = 0
	ExitBroken     = 1
	ExitIncomplete = 3
)

// Verdicts lists the verdict tokens, mildest first.
func Verdicts() []string {
	return []string{VerdictExpected, VerdictAsk, VerdictUnexpected}
}

// Kinds lists the kinds of finding, gravest first.
func Kinds() []string {
	return []string{KindInherited, KindUnexpected, KindAsk, KindExpected, KindMention}
}

// Worse returns the graver of two verdicts; an empty one is the mildest.
func Worse(a, b string) string {
	if slices.Index(Verdicts(), b) > slices.Index(Verdicts(), a) {
		return b
	}
	return a
}

func provenances() []string {
	return []string{ProvenanceOrigin, ProvenanceInherited, ProvenanceShared, ProvenanceOwn, ProvenanceUnknown}
}

func declarations() []string {
	return []string{DeclaredYes, DeclaredNone, DeclaredContradicted, DeclaredUnknown}
}

func sendings() []string { return []string{SendsNo, SendsPossible, SendsShown} }

// strengths repeats the tokens of the model, section 5: propagation is a room
// that this one does not import.
func strengths() []string { return []string{"carries", "linked", "reachable", "runs"} }

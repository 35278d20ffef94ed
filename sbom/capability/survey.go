package capability

import "github.com/kinbom/kinbom/sbom"

// SignalOpen is the shared signal of what opens a store. Rules may name it; a
// unit without it is not looked at as closely: what opens nothing reads nothing.
const SignalOpen = "open"

// SignalBytes is the shared signal of what reads the bytes of a file that is named.
const SignalBytes = "bytes"

// Survey is a first look at a unit, before costly work.
type Survey struct {
	Telling []bool // by fact: some pattern matches in it; only such facts can make a tag
	Texts   bool   // one of them is a literal
	Opens   bool   // something opens a store: SignalOpen
	Reads   bool   // something reads files: SignalBytes
}

// Survey looks at all facts of a unit once.
func (s *Set) Survey(u *sbom.Unit) Survey {
	m := s.newMatches(u.Facts)
	out := Survey{Telling: make([]bool, len(u.Facts))}
	for i := range u.Facts {
		before := m.tried
		m.fact(i)
		if m.tried > before {
			out.Telling[i] = true
			out.Texts = out.Texts || kindOf(u.Facts[i].Kind)&textKinds != 0
		}
		if !out.Opens || !out.Reads {
			for _, h := range m.hits {
				switch s.signals[s.patterns[h.pattern].signal].name {
				case SignalOpen:
					out.Opens = true
				case SignalBytes:
					out.Reads = true
				}
			}
		}
		m.hits = m.hits[:0]
	}
	return out
}

package audit

import (
	"fmt"
	"strings"

	"github.com/kinbom/kinbom/graph/finding"
	"github.com/kinbom/kinbom/graph/propagate"
	"github.com/kinbom/kinbom/graph/reach"
)

// dormantWhy says which sources no call leads to.
func dormantWhy(k *propagate.Carried) []string {
	if len(k.Dormant) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("dormant: %d of %s: present, not reachable by the calls that kinbom follows; that lowers confidence and clears nothing",
		len(k.Dormant), count(len(k.Sources), "source", "sources"))}
}

// overWhy says that the way to a source may go too far, when every way does.
func overWhy(k *propagate.Carried) string {
	over := 0
	for _, w := range k.Witnesses {
		if w.Strength != propagate.Runs {
			continue
		}
		sure := true
		for _, c := range w.Calls {
			sure = sure && !c.Over
		}
		if sure {
			return ""
		}
		over++
	}
	if over == 0 {
		return ""
	}
	return "; every such path has a step that may go too far"
}

// maxName is how much of a function's name a report carries, in bytes.
const maxName = 256

// name is a name from a file as text: valid and of bounded length.
func name(s string) string {
	if len(s) > maxName {
		s = s[:maxName] + "..."
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func callsOut(steps []reach.Step) []finding.Call {
	var out []finding.Call
	for _, s := range steps {
		out = append(out, finding.Call{Image: s.Image, Address: s.Address, Function: name(s.Name), How: s.How, Over: s.Over})
	}
	return out
}

func flowOut(f *reach.Flow) *finding.Flow {
	if f == nil {
		return nil
	}
	return &finding.Flow{How: name(f.How), Reader: callsOut(f.Reader), Sender: callsOut(f.Sink)}
}

func hostsOut(hosts []reach.Host) []finding.Host {
	var out []finding.Host
	for _, h := range hosts {
		out = append(out, finding.Host{Text: name(h.Text), How: h.How, Image: h.Image, Address: h.Address, Function: name(h.Name)})
	}
	return out
}

package reach

import (
	"cmp"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// MaxHosts is how many addresses of the net are listed.
const MaxHosts = 32

// Host is an address of the net, or a template of one, in a literal that code
// near a sender refers to.
type Host struct {
	Unit        // the function that refers to it
	Name string // of the function; "" where it has none
	Text string
	How  string // how near the function is to the sender
}

// Hosts lists the addresses of the net near some senders: in their own functions,
// in those that they call and that call them, and in the methods of their
// classes; each text once, where it is nearest. That a sender uses the address
// is not shown. Literals of Go are not known.
func (r *Reach) Hosts(sinks []Unit) []Host {
	near := []struct {
		how   string
		nodes []int32
	}{{"in the function that sends", r.nodes(sinks)}, {how: "in a function that it calls"}, {how: "in a function that calls it"}, {how: "in a method of its class"}}
	classes := map[groupName]bool{}
	for _, n := range near[0].nodes {
		for _, e := range r.out(n) {
			near[1].nodes = append(near[1].nodes, e.to)
		}
		near[2].nodes = append(near[2].nodes, r.callers(n)...)
		if key, ok := r.classOf(n); ok && !classes[key] {
			classes[key] = true
			for _, at := range r.names[key] {
				for _, m := range r.codes[at.image].classes[at.class].methods {
					near[3].nodes = append(near[3].nodes, r.base[at.image]+int32(m.function))
				}
			}
		}
	}
	seen := map[string]bool{}
	var out []Host
	for _, k := range near {
		slices.Sort(k.nodes)
		var found []Host
		for _, n := range slices.Compact(k.nodes) {
			found = append(found, r.hostsOf(n, k.how)...)
		}
		slices.SortStableFunc(found, func(a, b Host) int {
			return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(string(a.Image), string(b.Image)), cmp.Compare(a.Address, b.Address))
		})
		for _, h := range found {
			if !seen[h.Text] && len(out) < MaxHosts {
				seen[h.Text] = true
				out = append(out, h)
			}
		}
	}
	return out
}

func (r *Reach) hostsOf(n int32, how string) []Host {
	c, f := r.function(n)
	if len(c.set.Hosts) == 0 {
		return nil
	}
	var out []Host
	at := &c.set.Functions[f]
	for _, u := range c.set.FeaturesOf(f) {
		i, ok := slices.BinarySearchFunc(c.set.Hosts, u, func(h fingerprint.Host, u uint32) int { return cmp.Compare(h.Feature, u) })
		if ok {
			out = append(out, Host{Unit{c.set.Image, at.Address}, at.Name, c.set.Hosts[i].Text, how})
		}
	}
	return out
}

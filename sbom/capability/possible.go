package capability

import "slices"

// everyKind is all kinds of facts.
const everyKind = kindCall<<1 - 1

// maxCases is how many cases of a condition are tried before it is taken as
// possible.
const maxCases = 4096

// possible reports whether some facts of the given kinds make a condition true, as
// one of a single store or of all. It tries signals at every level that their
// patterns can give, all stores alike, with all stores and with each one alone. A
// condition over too many signals is taken as possible.
func (s *Set) possible(r *rule, e *expr, single bool, kinds kindSet) bool {
	var names []string
	levels := map[string][]uint8{}
	refs := map[string][]signalRef{}
	cases := 1
	e.names(func(x *expr) {
		if refs[x.name] != nil {
			return
		}
		names = append(names, x.name)
		refs[x.name] = x.refs
		levels[x.name] = s.levelsOf(x.refs, kinds)
		cases = min(maxCases+1, cases*len(levels[x.name]))
	})
	if cases > maxCases {
		return true
	}
	st := s.newState(nil)
	at := make([]int, len(names))
	for {
		for i, n := range names {
			st.assume(refs[n], levels[n][at[i]], kinds)
		}
		if st.someStores(r, e, single) {
			return true
		}
		i := 0
		for ; i < len(names); i++ {
			if at[i]++; at[i] < len(levels[names[i]]) {
				break
			}
			at[i] = 0
		}
		if i == len(names) {
			return false
		}
	}
}

// someStores reports whether a condition holds with all stores or with one alone.
func (st *state) someStores(r *rule, e *expr, single bool) bool {
	v := view{st: st, stores: r.Stores}
	if ok, _ := v.eval(e, -1); ok && !single {
		return true
	}
	for i := range r.Stores {
		store := -1
		if v.off = ^uint64(1 << i); single {
			store = i
		}
		if ok, _ := v.eval(e, store); ok {
			return true
		}
	}
	return false
}

// levelsOf is the levels that some signals can have with facts of these kinds,
// the strongest first.
func (s *Set) levelsOf(refs []signalRef, kinds kindSet) []uint8 {
	out := []uint8{levelNone}
	for _, ref := range refs {
		for _, p := range s.signals[ref.id].patterns {
			if s.patterns[p].kinds&kinds == 0 {
				continue
			}
			level := levelStrong
			if s.patterns[p].weak {
				level = levelWeak
			}
			if !slices.Contains(out, level) {
				out = append(out, level)
			}
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

// assume sets signals to a level, as far as each of them can have it.
func (st *state) assume(refs []signalRef, level uint8, kinds kindSet) {
	for _, ref := range refs {
		st.level[ref.id], st.kinds[ref.id] = levelNone, 0
		can := st.s.levelsOf([]signalRef{ref}, kinds)
		for _, l := range can {
			if l <= level {
				st.level[ref.id] = l
				break
			}
		}
		if st.level[ref.id] == levelNone {
			continue
		}
		for _, p := range st.s.signals[ref.id].patterns {
			if st.s.patterns[p].kinds&kinds != 0 {
				st.kinds[ref.id]++
			}
		}
	}
}

package script

import "testing"

// Scripts that are cut anywhere, and deep or endless data flow, cost a bounded amount
// of work and no panic; what was given up is said to be unknown.
func TestUseHostile(t *testing.T) {
	src := `import d, { a as b } from './m'; const [x, ...y] = [1, 'WORD'], { z: { q } = {}, ...o } = f; class A extends B { #p = 'WORD'; static { b(this) } get g() { return this.#p } }
label: for (const [k, v] of Object.entries({ 'a WORD': y })) { switch (k) { case 'WORD': new Map([[k, v]]).forEach((p) => d.go(...p)) } } export { x as w }; export default async function* () { yield* 'WORD' };`
	for i := range len(src) + 1 {
		for _, m := range JavaScript([]byte(src[:i])) {
			for j := range m.Facts {
				m.Use(&m.Facts[j])
			}
			m.Ties()
		}
	}
	deep := `require('x'); let a = 'WORD'; for (;;) { a = [a]; a = { a }; b = a; a = () => b } console.log(a)`
	if got := useOf(t, JavaScript([]byte(deep)), "WORD"); got != "" {
		t.Errorf("a text in endless containers is said to be %q", got)
	}
}

package script

import (
	"fmt"
	"testing"
)

func TestTies(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
		module          int
	}{
		{"hands on what it read", `import { post } from './net.js'; post({ pages: x })`, "[{ ./net.js}]", 0},
		{"asks and does nothing", `const net = require('./net'); net`, "[]", 0},
		{"starts it", `const net = require('./net'); net.start()`, "[]", 0},
		{"uses what it is given", `const { scan } = require('./scan'); (async () => { const body = JSON.stringify(await scan()); req.end(body) })()`, "[{./scan }]", 0},
		{"only shows it", `const { scan } = require('./scan'); console.log(scan())`, "[]", 0},
		{"by a callback", `const read = require('./taste'); read((urls) => { fetch(u, { body: urls }) })`, "[{ ./taste} {./taste }]", 0},
		{"from one to another", `const { pack } = require('./pack'); const d = require('./deliver'); async function f() { const x = await pack(); await d.send(x, 1) }`, "[{ ./deliver} {./pack ./deliver}]", 0},
		{"two that share nothing", `const a = require('./a'), b = require('./b'); function f() { a.run(); b.run(1) }`, "[{ ./b}]", 0},
		{"modules of the runtime", `const fs = require('fs'); fs.readFileSync(x)`, "[]", 0},
		{"in a bundle, outside", `(()=>{var e={12:(e,t,r)=>{t.look=h=>r(31).at(h)},31:(e,t)=>{t.at=1},77:(e,t)=>{t.send=1}},t={};function r(n){return e[n](n)}const s=r(12),i=r(77);n.then(()=>{i.send("u",{a:s.look()})})})()`,
			"[{ 77} {12 77}]", 0},
		{"in a bundle, inside", `(()=>{var e={12:(e,t,r)=>{t.look=h=>r(31).at(h)},31:(e,t)=>{t.at=1},77:(e,t)=>{t.send=1}},t={};function r(n){return e[n](n)}const s=r(12),i=r(77);n.then(()=>{i.send("u",{a:s.look()})})})()`,
			"[{ 31} {31 }]", 1},
	} {
		mods := JavaScript([]byte(c.src))
		if got := fmt.Sprint(mods[c.module].Ties()); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

package script

import "testing"

func TestReaches(t *testing.T) {
	for src, want := range map[string]bool{
		`module.exports = [{ file: 'History' }]`:                        false,
		`const path = require('path'); exports.p = path.join('a', 'b')`: false,
		`const a = require('./a'); a.show('x'); console.log('y')`:       false,
		`const fs = require('node:fs'); fs.readFileSync('x')`:           true,
		`exports.rows = (db) => db.prepare('SELECT 1').all()`:           true,
		`const x = require(process.argv[2])`:                            true,
		`fetch('x')`:                                                    true,
		`chrome.history.search({ text: '' })`:                           true,
		`const { open } = require('./a'); open('x')`:                    true,
		`const list = ['a'].map((x) => x.trim()); export default list`:  false,
	} {
		if got := JavaScript([]byte(src))[0].Reaches(); got != want {
			t.Errorf("%s: reaches %v", src, got)
		}
	}
	for src, want := range map[string]bool{
		"from . import Entry\nLIST = [Entry('a', 'b')]\n":                false,
		"from dataclasses import dataclass\n@dataclass\nclass A: pass\n": false,
		"import sqlite3\nsqlite3.connect('x')\n":                         true,
		"def f(x):\n    return open(x)\n":                                true,
		"def rows(base):\n    return base.execute('SELECT 1')\n":         true,
		"from engine import Engine\nEngine('a')\n":                       true,
	} {
		if got := PythonSource([]byte(src))[0].Reaches(); got != want {
			t.Errorf("%s: reaches %v", src, got)
		}
	}
}

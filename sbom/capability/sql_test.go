package capability

import (
	"bytes"
	"testing"
)

func TestSQLUse(t *testing.T) {
	tests := []struct {
		name, sql string
		run       bool
		want      verb
		from      int
	}{
		{"select", "SELECT url FROM urls", false, verbRead, 0},
		{"lower case", "select url from urls order by 1", false, verbRead, 0},
		{"join", "SELECT * FROM visits v LEFT JOIN urls u ON u.id = v.url", false, verbRead, 0},
		{"list of tables", "SELECT a.b FROM visits v, urls WHERE 1", false, verbRead, 0},
		{"quoted", `SELECT x FROM "urls"`, false, verbRead, 0},
		{"backticks and schema", "SELECT x FROM main.`urls`", false, verbRead, 0},
		{"over lines", "\nSELECT url,\n\ttitle\nFROM\n\turls\n", false, verbRead, 1},
		{"escaped quotes in a script", `sqlite3 $db \"SELECT x FROM \"urls\"\"`, false, verbRead, 14},
		{"escaped line ends", `SELECT x\nFROM\nurls`, false, verbRead, 0},
		{"format", "SELECT %s FROM urls WHERE %s", false, verbRead, 0},
		{"function of columns", "SELECT REPLACE(url,'a','b'), count(*) AS n FROM urls", false, verbRead, 0},
		{"copy", "INSERT INTO mine SELECT * FROM urls", false, verbRead, 17},
		{"create as", "CREATE TABLE t AS SELECT * FROM urls", false, verbRead, 18},
		{"nested select", "SELECT a FROM b WHERE c IN (SELECT id FROM urls)", false, verbRead, 0},
		{"common table", "WITH x AS (SELECT id FROM urls) SELECT * FROM x", false, verbRead, 11},
		{"fragment", " FROM urls WHERE ", false, verbRead, 1},
		{"join fragment", "LEFT JOIN urls ON", false, verbRead, 5},
		{"after a delete", "DELETE FROM a; SELECT x FROM urls", false, verbRead, 15},
		{"delete", "DELETE FROM urls", false, verbClear, 0},
		{"select inside delete", "DELETE FROM v WHERE id IN (SELECT id FROM urls)", false, verbClear, 0},
		{"update", "UPDATE urls SET hidden = 1", false, verbClear, 0},
		{"drop", "DROP TABLE IF EXISTS urls", false, verbClear, 0},
		{"create", "CREATE TABLE IF NOT EXISTS urls(id)", false, verbCreate, 0},
		{"insert", "INSERT INTO urls VALUES (1)", false, verbNone, 0},
		{"longer name", "SELECT x FROM urls_old", false, verbNone, 0},
		{"part of a name", "SELECT x FROM myurls", false, verbNone, 0},
		{"column", "SELECT urls FROM x", false, verbNone, 0},
		{"prose with from", "the entries come from urls that", false, verbNone, 0},
		{"prose with select", "Please select the right entry from urls", false, verbNone, 0},
		{"word before is no keyword", "SELECT x FROM the urls", false, verbNone, 0},
		{"alone", "urls", false, verbNone, 0},
		{"at the start", "urls FROM", false, verbNone, 0},
		{"run", "Historyselect url from urlscontext", true, verbRead, 7},
		{"run, upper case", "abcSELECT url FROM urlsDELETE FROM x", true, verbRead, 3},
		{"run, delete", "abcDELETE FROM urlsabc", true, verbClear, 3},
		{"run, no verb", "come from urlsabc", true, verbNone, 0},
		{"run, column called last_update", "xxSELECT last_update FROM urls", true, verbRead, 2},
		{"run, longer name", "SELECT x FROM urls_old", true, verbNone, 0},
	}
	for _, tt := range tests {
		b := []byte(tt.sql)
		at := bytes.LastIndex(b, []byte("urls"))
		if tt.name == "alone" || tt.name == "at the start" {
			at = 0
		}
		got, from := sqlUse(b, at, at+4, tt.run)
		if got != tt.want || got != verbNone && from != tt.from {
			t.Errorf("%s: %q: got %d from %d, want %d from %d", tt.name, tt.sql, got, from, tt.want, tt.from)
		}
	}
}

func FuzzSQLUse(f *testing.F) {
	f.Add([]byte("SELECT a FROM b, urls"), true)
	f.Add([]byte(`\"urls\" FROM (urls`), false)
	f.Fuzz(func(t *testing.T, b []byte, run bool) {
		for at := bytes.Index(b, []byte("urls")); at >= 0; {
			if v, from := sqlUse(b, at, at+4, run); v != verbNone && (from < 0 || from > at) {
				t.Fatalf("%q: statement begins at %d, behind its table at %d", b, from, at)
			}
			next := bytes.Index(b[at+1:], []byte("urls"))
			if next < 0 {
				return
			}
			at += 1 + next
		}
	})
}

func TestProse(t *testing.T) {
	text := []byte("It is kept in Library/Safari/History.db by the browser. It holds all pages. Nobody else may read it.")
	at := bytes.Index(text, []byte("History.db"))
	if !prose(text, at, at+10, proseSentences) {
		t.Error("running text was not recognised")
	}
	for _, s := range []string{"%@/Library/Safari/History.db", "SELECT a.B, c.D FROM e. WHERE", "a.b. Then"} {
		if prose([]byte(s), 0, 4, proseSentences) {
			t.Errorf("%q is not running text", s)
		}
	}
}

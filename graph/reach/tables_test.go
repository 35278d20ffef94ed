package reach

import "testing"

// What stands in a table runs when code that runs refers to it, or to one that
// leads there; other data are in use whatever runs.
func TestTables(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main >maker
		maker %Live
		idler %Idle
		live !pointer >behind
		behind
		inner !pointer
		idle !pointer >below
		below
		both !pointer
		loose !pointer
		told !pointer
		table loose loose %Told
		table Live live both %Inner
		table Inner inner
		table Idle idle both
		table Told told`)
	r := w.check(map[string]string{
		"app.behind": "app.main app.maker app.live app.behind (over)", "app.inner": "app.main app.maker app.inner (over)", "app.both": "app.main app.maker app.both (over)",
		"app.loose": "app.loose (over)", "app.told": "app.told (over)", "app.idle": "dormant", "app.below": "dormant", "app.idler": "dormant",
	})
	if how := r.Path(w.unit(r, "app.live"))[2].How; how != viaTable.String() {
		t.Errorf("%q", how)
	}
}

// Marks without tables, and a table that another image may bind, keep what they
// hold in use.
func TestTablesOfOthers(t *testing.T) {
	const lib = `
		start !export
		held !pointer
		table loose
		table Class held ^_ZTV5Class
		maker %Class`
	for name, c := range map[string]struct{ code, tie, want string }{
		"nobody":    {"main !main", "loads", "dormant"},
		"code":      {"main !main =_ZTV5Class", "loads", "lib.held (over)"},
		"a tie":     {"main !main", "calls _ZTV5Class", "lib.held (over)"},
		"not bound": {"main !main =_ZTV5Other", "calls start", "dormant"},
	} {
		w := newWorld(t)
		w.image("app entry", c.code)
		w.image("lib", lib)
		w.tie("app", "loads", "lib")
		w.tie("app", c.tie, "lib")
		t.Log(name)
		w.check(map[string]string{"lib.held": c.want})
	}
	w := newWorld(t)
	w.image("app entry", "main !main\nheld !pointer")
	w.check(map[string]string{"app.held": "app.held (over)"})
}

// What objects of nibs may be sent may refer to a table, too.
func TestTablesInDoubt(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main =NSClassFromString
		-go %Class
		held !pointer >after
		after
		alone !pointer
		other %Alone
		class Any -go=-go
		table loose
		table Class held
		table Alone alone`)
	w.check(map[string]string{"app.held": "not known", "app.after": "not known", "app.alone": "dormant"})
}

// A name that an image imports and exports itself leads to its own function, as
// another image may replace it.
func TestOwnImport(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", "main !main =inline =hidden\ninline !export\nhidden")
	w.check(map[string]string{"app.inline": "app.main app.inline", "app.hidden": "dormant"})
}

package reach

import "testing"

// What a nib makes and sends begins execution; once all nibs are known, methods
// of other classes are dormant, and those that the system may call are not known.
func TestNibs(t *testing.T) {
	const code = `
		main !main =NSApplicationMain @Used
		-awake >deep
		deep
		-go >collected
		collected
		-idle >idled
		idled
		-setter
		-super
		-spare >spared
		spared
		-system >after
		after
		-own .own:
		-alone
		class Delegate:Base -awakeFromNib=-awake -go:=-go -idle=-idle -setView:=-setter
		class Base -shown:=-super
		class Spare -spare:=-spare -awakeFromNib=-own
		class Used -somebody:did:=-system -own:=-own -alone=-alone`
	w := newWorld(t)
	w.image("app entry", code)
	w.program.Images[0].Nib = Nib{Classes: []string{"Delegate", "NSMenu"}, Sends: []string{"go:", "setView:", "shown:"}, Known: true}
	r := w.check(map[string]string{
		"app.deep": "app.-awake app.deep", "app.collected": "app.-go app.collected", "app.-setter": "app.-setter", "app.-super": "app.-super",
		"app.-idle": "not known", "app.idled": "not known", // of a class of the nib: by a binding, or a name
		"app.-spare": "dormant", "app.spared": "dormant", "app.-own": "dormant", "app.-alone": "dormant",
		"app.-system": "not known", "app.after": "not known", // of a class that is used, and nobody sends it: the system may
	})
	if how := r.Path(w.unit(r, "app.-go"))[0].How; how != viaNib.String() {
		t.Errorf("%q", how)
	}

	w.program.Images[0].Nib.Known = false // one could not be read: any class may be in it
	w.check(map[string]string{"app.collected": "app.-go app.collected", "app.spared": "not known", "app.-alone": "not known"})
	w.program.Images[0].Nib = Nib{}
	w.check(map[string]string{"app.collected": "not known", "app.deep": "not known", "app.spared": "not known"})
}

// A Swift class may be written with its module. What a nib sends to nobody that it
// names goes to the only class that implements it, if there may be objects of it.
func TestNibsLoose(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main =NSApplicationMain @Maker
		-page
		-made
		-never
		-twice
		-again
		class _TtC4Wren4Page -page:=-page
		class Maker -make:=-made -copy:=-twice
		class Never -never:=-never -copy:=-again`)
	w.program.Images[0].Nib = Nib{Classes: []string{"Wren.Page"}, Sends: []string{"copy:", "make:", "never:", "page:"}, Known: true}
	w.check(map[string]string{"app.-page": "app.-page", "app.-made": "app.-made (over)", "app.-never": "not known", "app.-twice": "not known", "app.-again": "not known"})
}

// A text that names a class makes any class possible, whatever nibs say.
func TestNibsAndNames(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", "main !main =NSApplicationMain =NSClassFromString\n-a\nclass A -a=-a")
	w.program.Images[0].Nib.Known = true
	w.check(map[string]string{"app.-a": "not known"})
}

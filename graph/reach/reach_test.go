package reach

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
)

func TestOneImage(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main >a
		a &block >main
		block >deep
		deep >deep
		exported !export >behind
		behind
		setup !constructor >fromsetup
		fromsetup
		early !load
		tabled !pointer >fromtable
		fromtable`)
	w.check(map[string]string{
		"app.deep": "app.main app.a app.block app.deep", "app.exported": "dormant", "app.behind": "dormant",
		"app.fromsetup": "app.setup app.fromsetup", "app.early": "app.early", "app.fromtable": "app.tabled app.fromtable (over)",
	})
}

// A program of which nobody knows where it begins has no dormant code.
func TestNoBeginning(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", "a\nb")
	w.check(map[string]string{"app.a": "not known"})
	w.image("tool entry", "main !main\nb")
	w.check(map[string]string{"app.a": "not known", "tool.b": "dormant"})
}

func TestNoEntry(t *testing.T) {
	w := newWorld(t)
	w.image("lib", `
		main !main >a
		a
		setup !constructor`)
	w.check(map[string]string{"lib.a": "not known", "lib.setup": "not known", "lib.main": "not known"})
}

// Calls lead into another image by the names that are bound to it and by no
// other names; what is loaded runs its constructors, what is not does not.
func TestTwoImages(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main =collect =other
		idle =secret`)
	w.image("kit", `
		collect !export >read
		read
		secret !export
		other !export
		setup !constructor`)
	w.image("loose", `
		collect !export
		setup !constructor`)
	w.tie("app", "loads", "kit")
	w.tie("app", "calls collect,secret", "kit")
	r := w.check(map[string]string{
		"kit.read": "app.main kit.collect kit.read", "kit.secret": "dormant", "kit.other": "dormant",
		"kit.setup": "kit.setup", "loose.collect": "not known", "loose.setup": "not known",
	})
	path := r.Path(w.unit(r, "kit.collect"))
	if path[1].How != viaBound.String() || path[1].Image != digest("kit") || path[1].Address != 0x1000 {
		t.Errorf("%+v", path)
	}
}

func TestUnknownCode(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", "none")
	w.image("kit", "read\nsetup !load")
	w.tie("app", "loads", "kit")
	w.check(map[string]string{"kit.read": "not known", "kit.setup": "kit.setup"})
	w.marks[digest("app")] = []byte("KMK\nno marks at all")
	w.check(map[string]string{"kit.read": "not known"})
	w.marks[digest("app")] = w.marks[digest("kit")] // of another image
	w.check(map[string]string{"kit.read": "not known"})
	w.image("spare", "none") // not loaded: it takes no part
	w.marks[digest("app")] = save(t, setOf(t, digest("app"), "main !main"))
	w.check(map[string]string{"kit.read": "dormant"})
	w.image("empty", "") // without a function: nothing is unknown there
	w.tie("app", "loads", "empty")
	w.check(map[string]string{"kit.read": "dormant"})
}

func TestMessages(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main @Collector .shared .collect .from.super
		helper @Collector .hidden
		-a
		-b .c .again
		-c
		-again .again
		-base
		-categ
		-hidden
		+shared
		-other
		class Collector:Base -collect=-b -c=-c -hidden=-hidden +shared=+shared
		class Collector(More) -again=-again
		class Base:NSObject -from.super=-base -again=-categ
		class Other -collect=-other`)
	w.check(map[string]string{
		"app.-b": "app.main app.-b", "app.+shared": "app.main app.+shared", "app.-base": "app.main app.-base",
		"app.-c":      "app.main app.-b app.-c",                // to its own class
		"app.-again":  "app.main app.-b app.-again",            // of a category
		"app.-categ":  "app.main app.-b app.-again app.-categ", // to super
		"app.-hidden": "dormant", "app.-other": "dormant", "app.helper": "dormant",
	})
}

// An object that is made is sent init: by new, or by the run time in its place.
func TestBirth(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main @One .new
		-one @Two =objc_opt_new
		-two @Three =objc_alloc_init
		-three @Four =objc_alloc
		-four
		class One -init=-one
		class Two -init=-two
		class Three -init=-three
		class Four -init=-four`)
	w.check(map[string]string{
		"app.-one": "app.main app.-one", "app.-two": "app.main app.-one app.-two",
		"app.-three": "app.main app.-one app.-two app.-three", "app.-four": "dormant",
	})
}

// A message to an unknown receiver leads to the only class that implements it,
// and only where an object of it can be.
func TestUnknownReceiver(t *testing.T) {
	lines := `
		main !main >make >send %s
		make @Reader .alloc
		send .read .two .unused
		-read
		-twoA
		-twoB
		-unused
		class Reader -read=-read -two=-twoA
		class Third -two=-twoB
		class Unused -unused=-unused`
	w := newWorld(t)
	w.image("app entry", fmt.Sprintf(lines, ""))
	w.check(map[string]string{"app.-read": "app.main app.send app.-read (over)", "app.-twoA": "dormant", "app.-twoB": "dormant", "app.-unused": "dormant"})

	w = newWorld(t) // classes can come to be by their names
	w.image("app entry", fmt.Sprintf(lines, "=NSClassFromString"))
	w.check(map[string]string{"app.-unused": "app.main app.send app.-unused (over)", "app.-twoA": "not known"})

	w = newWorld(t) // the class is used after the message was met
	w.image("app entry", `
		main !main .late >b
		b >c
		c @Late .alloc
		-late
		class Late -late=-late`)
	w.check(map[string]string{"app.-late": "app.main app.-late (over)"})

	w = newWorld(t) // two images implement one class: still one
	w.image("app entry", "main !main @K .alloc .far")
	w.image("kit", "-far\nclass K -far=-far")
	w.tie("app", "loads", "kit")
	w.check(map[string]string{"kit.-far": "app.main kit.-far"})
}

func TestSystemCalls(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main =NSApplicationMain
		-launched @View .alloc
		-other
		-draw >paint
		paint
		-drawUnused
		class AppDelegate -applicationDidFinishLaunching:=-launched -other=-other
		class View:NSView -drawRect:=-draw
		class Unused:NSView -drawRect:=-drawUnused`)
	r := w.check(map[string]string{"app.-launched": "app.-launched", "app.paint": "app.-launched app.-draw app.paint",
		"app.-other": "not known", "app.-drawUnused": "not known"})
	if p := r.Path(w.unit(r, "app.-draw")); p[0].How != viaDelegate.String() || p[1].How != viaCallback.String() {
		t.Errorf("%+v", p)
	}

	w = newWorld(t) // no application is started: no delegate
	w.image("app entry", "main !main\n-launched\nclass D -applicationDidFinishLaunching:=-launched")
	w.check(map[string]string{"app.-launched": "dormant"})

	w = newWorld(t)
	w.image("share entry", "-begin >read\nread\n-mine\nclass _TtC5Share10Controller -beginRequestWithExtensionContext:=-begin -mine=-mine")
	w.check(map[string]string{"share.read": "share.-begin share.read (over)", "share.-mine": "dormant"})
	w.program.Images[0].Classes = []string{"Share.Controller", "NSNothing"}
	w.check(map[string]string{"share.read": "share.-begin share.read", "share.-mine": "share.-mine"})
}

// A block belongs to the function that it stands in, also where its address lies
// in data; one whose function is not known is taken for called.
func TestBlocks(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main
		__main_block_invoke !pointer >read
		__main_block_invoke_2 !pointer
		read
		idle
		__idle_block_invoke !pointer >hidden
		hidden
		__gone_block_invoke !pointer >lost
		lost`)
	w.check(map[string]string{"app.read": "app.main app.__main_block_invoke app.read", "app.__main_block_invoke_2": "app.main app.__main_block_invoke_2",
		"app.hidden": "dormant", "app.lost": "app.__gone_block_invoke app.lost (over)"})
	for name, want := range map[string]string{"__14-[Reader read]_block_invoke": "-[Reader read]", "__main_block_invoke_12": "main",
		"___ZN3Foo3barEv_block_invoke": "_ZN3Foo3barEv", "main": "", "__block_invoke": "", "__x_block_invoked": "", "_a_block_invoke": ""} {
		if got, ok := enclosing(name); got != want || ok != (want != "") {
			t.Errorf("%q stands in %q, want %q", name, got, want)
		}
	}
}

// Where objects come from nibs, methods that no code sends may be sent all the
// same: they are not called dormant, nor is what they lead to.
func TestNib(t *testing.T) {
	text := "main !main %s\n-pressed: >read\nread\nalone\nclass Window -pressed:=-pressed:"
	w := newWorld(t)
	w.image("app entry", fmt.Sprintf(text, ""))
	w.check(map[string]string{"app.read": "dormant", "app.alone": "dormant"})
	w = newWorld(t)
	w.image("app entry", fmt.Sprintf(text, "=NSApplicationMain"))
	w.check(map[string]string{"app.read": "not known", "app.-pressed:": "not known", "app.alone": "dormant"})
}

func TestPlugin(t *testing.T) {
	for kind, want := range map[string]string{"opens": "plug.start plug.read", "loads": "dormant", "launches": "dormant"} {
		w := newWorld(t)
		w.image("app entry", "main !main")
		w.image("plug plugin", "start !export >read\nread")
		w.tie("app", kind, "plug")
		w.check(map[string]string{"plug.read": want})
	}
}

func TestGo(t *testing.T) {
	w := newWorld(t)
	w.image("tool entry", `
		rt0 !main
		main.main >main.run
		main.run
		main.init.0 >main.set
		main.set
		main.worker !pointer
		main.initial
		main.dead`)
	w.check(map[string]string{"tool.main.run": "tool.main.main tool.main.run", "tool.main.set": "tool.main.init.0 tool.main.set",
		"tool.main.worker": "tool.main.worker (over)", "tool.main.initial": "not known", "tool.main.dead": "not known"}) // the linker left them in: a method table of a type may name them
}

// The way is the shortest of those that do not go too far, also when one that
// goes too far is shorter.
func TestSureWayFirst(t *testing.T) {
	w := newWorld(t)
	w.image("app entry", `
		main !main >a .go @K
		a >b
		b >-go
		-go
		tab !pointer >-end
		-end
		c
		class K
		class L -go=-go`)
	w.check(map[string]string{"app.-go": "app.main app.a app.b app.-go"})
}

func TestHostile(t *testing.T) {
	w := newWorld(t)
	var text strings.Builder
	const n = 300
	for i := range n {
		fmt.Fprintf(&text, "f%d >f%d >f%d .s%d @C%d\n", i, (i+1)%n, (i*7+1)%n, i, i)
	}
	for i := range n { // superclasses in a ring, each of which has every selector
		fmt.Fprintf(&text, "class C%d:C%d", i, (i+1)%n)
		for k := range n {
			fmt.Fprintf(&text, " -s%d=f%d", (i+k)%n, k)
		}
		text.WriteByte('\n')
	}
	w.image("app entry", "main !main >f0\n"+text.String())
	w.program.Ties = []Tie{{From: 0, To: 0, Kind: sbom.LinkCalls, Symbols: []string{"", "_", "_f1"}}, {From: -1, To: 9}, {From: 0, To: 1}}
	r := w.check(map[string]string{"app.f1": "app.main app.f0 app.f1"})
	if r.Known(Unit{digest("nobody"), 1}) || r.Runs(Unit{digest("app"), 1}) || r.Path(Unit{digest("app"), 1}) != nil {
		t.Error("a unit that is not there is known")
	}
	if _, ok := r.Flow([]Unit{{digest("nobody"), 1}}, w.units(r, "app.f1")); ok {
		t.Error("a flow from nowhere")
	}
	r.work, r.cut = 0, false
	r.edge, r.from = nil, nil
	r.edges()
	if !r.cut || r.Known(w.unit(r, "app.f1")) {
		t.Error("with nothing left to look at, all messages were followed")
	}
}

func TestFlow(t *testing.T) {
	for _, c := range []struct{ name, text, readers, sinks, want string }{
		{"the reader calls the sender", "read >a\na >send\nsend", "read", "send", "app.read app.a app.send |"},
		{"the same function", "both", "both", "both", "app.both |"},
		{"the sender calls the reader", "send >read\nread", "read", "send", ""},
		{"a caller of both", "c >read >send\nread\nsend", "read", "send", "app.c app.read | app.c app.send"},
		{"a caller from afar", "c >a >b\na >read\nb >send\nread\nsend", "read", "send", ""},
		{"methods of one class", "-r\n-s\nclass K -r=-r -s=-s", "-r", "-s", "app.-r | app.-s"},
		{"methods of two classes", "-r\n-s\nclass K -r=-r\nclass L -s=-s", "-r", "-s", ""},
		{"methods that lead to both", "-r >all\nall >read\nread\n-s @Up .post\n-p\nclass K -r=-r -s=-s\nclass Up -post=-p", "read", "-p", "app.-r app.all app.read | app.-s app.-p"},
		{"methods that are too far", "-r >all\nall >read\nread\n-s >x\nx >send\nsend\nclass K -r=-r -s=-s", "read", "send", ""},
		{"methods of the delegate that lead to both", "-r >read\nread\n-s >send\nsend\n-d\nclass K -r=-r -s=-s -applicationDidFinishLaunching:=-d", "read", "send", ""},
		{"methods of the delegate", "-r\n-s\n-d\nclass K -r=-r -s=-s -applicationDidFinishLaunching:=-d", "-r", "-s", "app.-r | app.-s"},
		{"a message to an unknown receiver", "read .post\n-p\nclass Up -post=-p", "read", "-p", ""},
		{"the nearest", "r1 >a\na >send\nr2 >send\nsend", "r1,r2", "send", "app.r2 app.send |"},
		{"nothing", "read\nsend", "read", "send", ""},
	} {
		w := newWorld(t)
		w.image("app", c.text)
		r := w.solve()
		names := func(list string) []Unit {
			var out []Unit
			for n := range strings.SplitSeq(list, ",") {
				out = append(out, w.unit(r, "app."+n))
			}
			return out
		}
		got := ""
		if f, ok := r.Flow(names(c.readers), names(c.sinks)); ok {
			got = strings.TrimSpace(w.way(f.Reader) + " | " + w.way(f.Sink))
			if f.How == "" {
				t.Errorf("%s: no how", c.name)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHosts(t *testing.T) {
	w := newWorld(t)
	w.image("app", `
		-send "https://a.invalid/upload" >encode
		encode "https://b.invalid" "no-address"
		start >-send "https://c.invalid/%@"
		-same "wss://d.invalid" "https://a.invalid/upload"
		far >start "https://far.invalid"
		class Up -send=-send -same=-same`)
	r := w.solve()
	var got []string
	for _, h := range r.Hosts(w.units(r, "app.-send")) {
		got = append(got, h.Text+" "+h.Name+": "+h.How)
	}
	want := []string{"https://a.invalid/upload -send: in the function that sends", "https://b.invalid encode: in a function that it calls",
		"https://c.invalid/%@ start: in a function that calls it", "wss://d.invalid -same: in a method of its class"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(r.Hosts(nil)) != 0 {
		t.Error("hosts of no sender")
	}
}

func TestCallbackList(t *testing.T) {
	c := newCallbacks()
	for s, want := range map[string]bool{"drawRect:": true, "URLSession:dataTask:didReceiveData:": true, "collectFromHome:": false, "drawRect:more:": false, "": false} {
		if c.has(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
	if len(c.whole) < 50 || slices.Contains(c.starts, "") {
		t.Errorf("%d selectors, beginnings %q", len(c.whole), c.starts)
	}
}

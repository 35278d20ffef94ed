package reach

import (
	_ "embed" // the list is part of the program
	"slices"
	"strings"
)

//go:embed callbacks.txt
var callbackText string

// callbacks are selectors that the system sends.
type callbacks struct {
	whole  map[string]bool
	starts []string
}

func newCallbacks() *callbacks {
	c := &callbacks{whole: map[string]bool{}}
	for line := range strings.Lines(callbackText) {
		line, _, _ = strings.Cut(line, "#")
		for _, w := range strings.Fields(line) {
			if start, ok := strings.CutSuffix(w, "*"); ok {
				c.starts = append(c.starts, start)
			} else {
				c.whole[w] = true
			}
		}
	}
	return c
}

func (c *callbacks) has(selector string) bool {
	return c.whole[selector] || slices.ContainsFunc(c.starts, func(s string) bool { return strings.HasPrefix(selector, s) })
}

// launched are selectors that make a class the delegate of an application.
var launched = [...]string{"applicationDidFinishLaunching:", "applicationWillFinishLaunching:",
	"application:didFinishLaunchingWithOptions:", "application:willFinishLaunchingWithOptions:"}

// starters are imports and classes that start an application, which then makes
// its delegate and what its nibs hold.
var starters = [...]string{"NSApplicationMain", "UIApplicationMain", "NSApplication", "UIApplication"}

// makers are imports by which objects come to be whose class a text names, of
// the program or of a property list.
var makers = [...]string{"UIApplicationMain", "NSExtensionMain", "NSClassFromString", "objc_getClass", "objc_lookUpClass"}

// nibMakers are imports by which objects come to be whose class only a nib names.
var nibMakers = [...]string{"NSApplicationMain"}

// born are selectors that a nib sends to the objects that it makes, beside those
// that the system calls of every class that is used.
var born = [...]string{"init", "initWithFrame:", "initWithFrame:style:", "initWithWindow:", "initWithNibName:bundle:"}

// nibs are selectors that make objects whose class only a nib names.
var nibs = [...]string{"initWithNibName:bundle:", "initWithWindowNibName:", "loadNibNamed:owner:", "loadNibNamed:owner:topLevelObjects:",
	"instantiateControllerWithIdentifier:", "instantiateInitialController", "instantiateViewControllerWithIdentifier:", "instantiateInitialViewController",
	"instantiateWithOwner:topLevelObjects:", "instantiateWithOwner:options:", "storyboardWithName:bundle:"}

package nib

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/nib/nibtest"
	"github.com/kinbom/kinbom/sbom/plist/plisttest"
)

type o = nibtest.Object

func cocoa() []o {
	return []o{
		{Class: "NSCustomObject", Texts: []string{"NSClassName", "AppDelegate"}},
		{Class: "NSClassSwapper", Texts: []string{"NSClassName", "_TtC4Wren10PageReader", "NSOriginalClassName", "NSView"}},
		{Class: "NSNibControlConnector", Texts: []string{"NSLabel", "collect:"}},
		{Class: "NSNibOutletConnector", Texts: []string{"NSLabel", "window"}},
		{Class: "NSNibBindingConnector", Texts: []string{"NSLabel", "value: selection.name", "NSKeyPath", "selection.@count.name"}},
		{Class: "NSButton", Texts: []string{"NSLabel", "notAnAction", "NSContents", "Title"}},
	}
}

var cocoaSends = []string{"collect:", "isName", "isSelection", "isWindow", "name", "selection", "setName:", "setSelection:", "setWindow:", "window"}

func TestForms(t *testing.T) {
	touch := []o{
		{Class: "UIClassSwapper", Texts: []string{"UIClassName", "ViewController", "UIOriginalClassName", "UIViewController"}},
		{Class: "UIRuntimeEventConnection", Texts: []string{"UILabel", "tapped:"}},
		{Class: "UIRuntimeOutletConnection", Texts: []string{"UILabel", "view"}},
		{Class: "UINib", Texts: []string{"data:archiveData", string(nibtest.Archive(o{Class: "UICustomObject", Texts: []string{"UIClassName", "Cell"}}))}},
	}
	touchNib := &Nib{Classes: []string{"Cell", "NSString", "UIClassSwapper", "UICustomObject", "UINib", "UIRuntimeEventConnection", "UIRuntimeOutletConnection", "ViewController"},
		Sends: []string{"isView", "setView:", "tapped:", "view"}}
	for _, c := range []struct {
		name string
		data []byte
		want *Nib
	}{
		{"archive", nibtest.Archive(touch...), touchNib},
		{"archive with bytes behind it", append(nibtest.Archive(touch...), "more"...), touchNib},
		{"keyed", nibtest.Keyed(cocoa()...), &Nib{Classes: []string{"AppDelegate", "NSButton", "NSClassSwapper", "NSCustomObject", "NSNibBindingConnector",
			"NSNibControlConnector", "NSNibOutletConnector", "_TtC4Wren10PageReader"}, Sends: cocoaSends}},
		{"keyed, with a nib in it", nibtest.Keyed(o{Class: "NSNib", Texts: []string{"data:NSNibFileData", string(nibtest.Keyed(o{Class: "Inner"}))}}),
			&Nib{Classes: []string{"Inner", "NSNib"}, Sends: []string{}}},
		{"keyed, as XML", []byte(plisttest.Wrap(`<dict><key>$objects</key><array><string>$null</string><string>Reader</string>
			<dict><key>NSClassName</key><dict><key>CF$UID</key><integer>1</integer></dict></dict></array></dict>`)), &Nib{Classes: []string{"Reader"}, Sends: []string{}}},
		{"source", []byte(`<?xml version="1.0" encoding="UTF-8"?><document type="com.apple.InterfaceBuilder3.Cocoa.XIB"><objects>
			<customObject id="-2" customClass="Owner" customModule="Wren"><connections><outlet property="window"/></connections></customObject>
			<button><connections><action selector="collect:" target="-2"/></connections></button></objects></document>`),
			&Nib{Classes: []string{"Owner", "Wren.Owner"}, Sends: []string{"collect:", "isWindow", "setWindow:", "window"}}},
		{"old source", []byte(`<archive type="com.apple.InterfaceBuilder3.Cocoa.XIB"><data><object class="NSCustomObject"><string key="NSClassName">Owner</string></object>
			<object class="IBActionConnection"><string key="label">collect:</string></object><object class="IBOutletConnection"><string key="label">view</string></object>
			<object class="NSTextField"><string key="label">shown</string></object></data></archive>`),
			&Nib{Classes: []string{"Owner"}, Sends: []string{"collect:", "isView", "setView:", "view"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read(c.data)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// set writes a number of the header of an archive.
func set(b []byte, field int, v uint32) []byte {
	binary.LittleEndian.PutUint32(b[10+4*field:], v)
	return b
}

func TestHostile(t *testing.T) {
	plain := func() []byte { return nibtest.Archive(o{Class: "A", Texts: []string{"UIClassName", "B"}}) }
	nested := plain()
	for range maxDepth + 1 {
		nested = nibtest.Archive(o{Class: "A", Texts: []string{"data:d", string(nested)}})
	}
	shared := []byte("NIBArchive") // 1,000 objects, each with all of 1,000 values
	for _, n := range []uint32{1, 9, 1000, 1000 + 2006, 1, 50, 1000, 1000, 1, 60} {
		shared = binary.LittleEndian.AppendUint32(shared, n)
	}
	shared = append(shared, "\x81k        \x81\x80A"...)
	shared = append(shared, make([]byte, 1000-len(shared))...)
	shared = append(shared, strings.Repeat("\x80\x09", 1003)...)
	for range 1000 {
		shared = append(shared, "\x80\x80"+nibtest.Varint(1000)...)
	}
	var many strings.Builder
	many.WriteString(`<document>`)
	for i := range maxNames + 1 {
		fmt.Fprintf(&many, `<a customClass="C%d"/>`, i)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "no form of nib"},
		{"other bytes", []byte("\x89PNG"), "no form of nib"},
		{"typed stream", []byte("\x04\x0bstreamtyped\x81"), "typed stream"},
		{"header cut", plain()[:49], "within the header"},
		{"version", set(plain(), 0, 2), "version of the form"},
		{"objects claimed", set(plain(), 2, 1<<31), "no room for its objects"},
		{"objects far away", set(plain(), 3, 1<<32-1), "no room for its objects"},
		{"keys claimed", set(plain(), 4, 1<<32-1), "no room for its keys"},
		{"values claimed", set(plain(), 6, 1<<24), "no room for its values"},
		{"classes claimed", set(plain(), 8, 1<<24), "no room for its class names"},
		{"no class", set(plain(), 8, 0), "class that is not there"},
		{"one key less", set(plain(), 4, 1), "key that is not there"},
		{"one value less", set(plain(), 6, 1), "values that are not there"},
		{"one object less", set(plain(), 2, 1), "reference to an object that is not there"},
		{"cut", plain()[:len(plain())-2], "outside the file"},
		{"number without an end", set(append(plain(), make([]byte, 64)...), 9, uint32(len(plain()))), "without an end"},
		{"shared values", shared, "share their values"},
		{"nested", nested, "limit on depth"},
		{"too large", append([]byte("NIBArchive"), make([]byte, MaxSize)...), "limit on file size"},
		{"binary list that is cut", nibtest.Keyed(cocoa()...)[:300], "property list"},
		{"list without objects", []byte(plisttest.Wrap(`<dict/>`)), "without objects"},
		{"page", []byte("<html></html>"), "none of a nib"},
		{"source cut", []byte("<document><a>"), "not well-formed"},
		{"source crossed", []byte("<document><a></document></a>"), "crossed"},
		{"deep source", []byte(strings.Repeat("<document>", 1000)), "limit on depth"},
		{"too many names", []byte(many.String()), "limit on names"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Read(c.data)
			if n != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, %v, want %q", n, err, c.want)
			}
			if over := (*limit.Error)(nil); errors.As(err, &over) != strings.HasPrefix(c.want, "limit") {
				t.Errorf("%T", err)
			}
		})
	}
}

func TestIs(t *testing.T) {
	for name, want := range map[string]bool{
		"MainMenu.nib": true, "a/en.lproj/MainMenu.nib/keyedobjects.nib": true, "Main.storyboardc/x.nib": true, "A.XIB": true, "M.storyboard": true,
		"a/M.nib/classes.nib": false, "a/M.nib/info.nib": false, "Resources/info.nib": true, "nib": false, "Main.storyboardc/Info.plist": false,
	} {
		if Is(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(nibtest.Archive(cocoa()...))
	f.Add(nibtest.Keyed(cocoa()...))
	f.Add(nibtest.Keyed(o{Class: "A", Texts: []string{"data:d", string(nibtest.Archive(o{Class: "B"}))}}))
	f.Add([]byte(`<document><a customClass="B"><action selector="c:"/></a></document>`))
	f.Add([]byte(`<archive><string key="NSClassName">B</string></archive>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := Read(b)
		if (n == nil) == (err == nil) {
			t.Fatalf("%v, %v", n, err)
		}
	})
}

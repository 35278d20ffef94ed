package library

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// NameEvidence is one thing that says what a static library is called.
type NameEvidence struct {
	How   string      // see the Named constants
	Name  string      // what it gives
	Text  string      // what it was read from: a path, a banner, some class names
	Count int         // functions that say so
	Image sbom.Digest // where Text was met first
}

// Ways in which a static library is named, best first.
const (
	NamedObject  = "object file"    // debugging symbols name the object or archive
	NamedSource  = "source path"    // literals name files of the source
	NamedClasses = "class prefix"   // Objective-C classes of its methods
	NamedSwift   = "Swift module"   // mangled names, and types that functions are of
	NamedPackage = "Go package"     // Go's line table
	NamedCrate   = "Rust crate"     // source paths of a crate
	NamedSymbols = "symbol prefix"  // names of its functions
	NamedBanner  = "version banner" // a literal with a version
)

var namingOrder = []string{NamedObject, NamedPackage, NamedCrate, NamedSource, NamedSwift, NamedClasses, NamedBanner, NamedSymbols}

// naming counts what the functions of a library say about its name.
type naming struct {
	votes map[[2]string]*NameEvidence // how, name
	names map[string]bool             // of functions, each once
	class map[string]sbom.Digest      // classes with methods among the functions
	units int                         // functions of all copies that an object file is known of
}

func newNaming() naming {
	return naming{votes: map[[2]string]*NameEvidence{}, names: map[string]bool{}, class: map[string]sbom.Digest{}}
}

func (n *naming) vote(how, name, text string, image sbom.Digest) {
	if name == "" {
		return
	}
	v := n.votes[[2]string{how, name}]
	if v == nil {
		v = &NameEvidence{How: how, Name: name, Text: text, Image: image}
		n.votes[[2]string{how, name}] = v
	}
	v.Count++
	if text < v.Text {
		v.Text, v.Image = text, image
	}
}

// learn reads the functions of one copy.
func (n *naming) learn(set *fingerprint.Set, units []memberUnit, classes map[uint32][]int, image sbom.Digest) {
	for _, u := range units {
		if int(u.function) >= len(set.Functions) {
			continue
		}
		f := &set.Functions[u.function]
		n.function(f, image)
		n.object(set, f, image)
		n.types(set, int(u.function), image)
		for _, k := range set.FeaturesOf(int(u.function)) {
			x := &set.Features[k]
			switch {
			case x.Text == "":
			case x.Kind == fingerprint.FeatureString:
				n.literal(x.Text, image)
			case x.Kind == fingerprint.FeaturePointer && strings.HasSuffix(x.Text, ".rs"): // places of panics
				n.literal(x.Text, image)
			}
		}
		for _, c := range classes[u.function] {
			if name := set.Classes[c].Name; n.class[name] == "" {
				n.class[name] = image
			}
		}
	}
}

// classesOf lists, for the functions of a set, the classes that they are methods of.
func classesOf(set *fingerprint.Set) map[uint32][]int {
	out := map[uint32][]int{}
	for i := range set.Classes {
		if set.Classes[i].Category != "" {
			continue
		}
		for _, m := range set.Classes[i].Methods {
			if l := out[m.Function]; len(l) == 0 || l[len(l)-1] != i {
				out[m.Function] = append(l, i)
			}
		}
	}
	return out
}

func (n *naming) function(f *fingerprint.Function, image sbom.Digest) {
	switch f.From {
	case fingerprint.NamePclntab:
		if p := goPackage(f.Name); p != "main" {
			n.vote(NamedPackage, p, f.Name, image)
		}
	case fingerprint.NameSymbol, fingerprint.NameExported:
		if m := swiftModule(f.Name); m != "" {
			if !systemModule[m] {
				n.vote(NamedSwift, m, f.Name, image)
			}
			return
		}
		if c := rustCrate(f.Name); c != "" {
			if !isRustStandard(c) { // of which any code has some
				n.vote(NamedCrate, c, f.Name, image)
			}
			return
		}
		if !strings.HasPrefix(f.Name, "_") && !strings.ContainsAny(f.Name, "[.$ ") {
			n.names[f.Name] = true
		}
	}
}

// types votes for the modules of the Swift types that a function is of: each once,
// and not again where the function's own name said it.
func (n *naming) types(set *fingerprint.Set, function int, image sbom.Digest) {
	said := []string{swiftModule(set.Functions[function].Name)}
	for _, k := range set.FeaturesOf(function) {
		t := set.Features[k].TypeOf()
		m, _, ok := strings.Cut(t, ".")
		if !ok || systemModule[m] || strings.HasPrefix(m, "__C") || slices.Contains(said, m) { // __C: imported from C
			continue
		}
		said = append(said, m)
		n.vote(NamedSwift, m, t, image)
	}
}

func (n *naming) literal(t string, image sbom.Digest) {
	if lib, how := sourceName(t); lib != "" {
		n.vote(how, lib, t, image)
		return
	}
	if b := banner(t); b != "" {
		n.vote(NamedBanner, b, t, image)
	}
}

// systemModule are Swift modules of the system: what an image specialises of them
// is in its code, and is not called after them.
var systemModule = map[string]bool{"Foundation": true, "SwiftUI": true, "UIKit": true, "AppKit": true, "Combine": true, "Dispatch": true,
	"ObjectiveC": true, "CoreFoundation": true, "CoreGraphics": true, "os": true, "Swift": true, "Darwin": true, "SwiftData": true, "Observation": true}

// swiftModule is the module of a mangled Swift name (Swift ABI, mangling: "$s",
// then the length of the module's name and the name), or "".
func swiftModule(name string) string {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(name, "_"), "$s")
	if !ok {
		return ""
	}
	return counted(rest)
}

// generic are folders that say nothing about a library.
var generic = map[string]bool{"src": true, "source": true, "sources": true, "lib": true, "libs": true, "include": true, "classes": true,
	"core": true, "common": true, "build": true, "release": true, "debug": true, "objects": true, "deps": true, "vendor": true,
	"third_party": true, "thirdparty": true, "pods": true, "external": true, "out": true, "tmp": true, "private": true, "users": true,
	"home": true, "workspace": true, "work": true, "..": true, ".": true, "": true, "var": true, "usr": true, "library": true, "tests": true}

// sourceName is the library that the path of a source file names: the nearest
// folder that says something; of a Rust crate its folder in the registry.
func sourceName(t string) (name, how string) {
	if strings.ContainsAny(t, "\n\t%") || strings.Contains(t, "://") || len(t) > 1024 {
		return "", ""
	}
	p := strings.ReplaceAll(t, "\\", "/")
	ext := path.Ext(p)
	if !slices.Contains([]string{".c", ".cc", ".cpp", ".cxx", ".m", ".mm", ".swift", ".rs", ".go", ".h", ".hpp"}, ext) || !strings.Contains(p, "/") {
		return "", ""
	}
	parts := strings.Split(path.Dir(p), "/")
	if ext == ".rs" {
		switch crate, _, _, _ := rustSource(p); crate {
		case "":
		case standardRust:
			return "", "" // any code has it inlined
		default:
			return crate, NamedCrate
		}
		for i := len(parts) - 1; i > 0; i-- {
			if parts[i] == "src" && parts[i-1] != "" {
				return parts[i-1], NamedCrate
			}
		}
		return "", ""
	}
	for i := len(parts) - 1; i >= 0; i-- {
		d := parts[i]
		if i > 0 && (parts[i-1] == "Users" || parts[i-1] == "home") {
			break // a person, not a library
		}
		if !generic[strings.ToLower(d)] && !strings.HasPrefix(d, "@") {
			return d, NamedSource
		}
	}
	return "", ""
}

// noBanner are words before a version that name a protocol, a format, a system or
// the version itself, in lower case: browsers, servers and parsers talk about them.
var noBanner = map[string]bool{"mozilla": true, "applewebkit": true, "gecko": true, "http": true, "https": true, "ipv4": true, "ipv6": true,
	"tls": true, "tlsv": true, "ssl": true, "sslv": true, "xml": true, "html": true, "xhtml": true, "dtd": true, "pdf": true, "svg": true,
	"oauth": true, "soap": true, "rtsp": true, "sip": true, "icy": true, "utf": true, "unicode": true, "posix": true, "opengl": true, "usb": true,
	"macos": true, "ios": true, "osx": true, "mac": true, "os": true, "darwin": true, "windows": true, "linux": true, "android": true, "version": true,
	"rfc": true, "ver": true, "rev": true, "release": true, "revision": true, "than": true, "since": true, "before": true, "after": true, "requires": true,
	"plist": true, "dict": true, "and": true, "for": true, "the": true, "from": true, "until": true, "section": true, "type": true, "level": true}

// banner is the name before the version in a literal such as "zlib 1.2.13" or
// " inflate 1.2.13 Copyright 1995-2022 Mark Adler ", with the version.
func banner(t string) string {
	words := strings.FieldsFunc(t, func(r rune) bool { return unicode.IsSpace(r) || r == '/' || r == ',' || r == '(' || r == ')' })
	for i, w := range words {
		v := strings.TrimLeft(w, "vV")
		if i == 0 || i > 3 || len(v) < 3 || len(v) > 16 || !unicode.IsDigit(rune(v[0])) || !strings.Contains(v, ".") || strings.Trim(v, "0123456789.-abcrw") != "" {
			continue
		}
		name := strings.Trim(words[i-1], ":-_ ")
		if strings.EqualFold(name, "version") && i > 1 {
			name = strings.Trim(words[i-2], ":-_ ")
		}
		if len(name) < 3 || !unicode.IsLetter(rune(name[0])) || strings.ContainsAny(name, "%<>\"'=:;?&@#$[]{}|\\") || strings.HasSuffix(name, ".") || noBanner[strings.ToLower(name)] {
			return ""
		}
		return name + " " + v
	}
	return ""
}

// maxNames is how many pieces of naming evidence a library lists.
const maxNames = 8

// evidence lists what names the library, best first.
func (n *naming) evidence() []NameEvidence {
	if p, text, image := prefixOf(n.class); p != "" {
		n.votes[[2]string{NamedClasses, p}] = &NameEvidence{How: NamedClasses, Name: p, Text: text, Count: len(n.class), Image: image}
	}
	names := map[string]sbom.Digest{}
	for name := range n.names {
		names[name] = ""
	}
	if p, text, count := commonSymbols(n.names); p != "" {
		n.votes[[2]string{NamedSymbols, p}] = &NameEvidence{How: NamedSymbols, Name: p, Text: text, Count: count}
	}
	var out []NameEvidence
	for _, v := range n.votes {
		if v.partly(n.units) {
			continue
		}
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b NameEvidence) int {
		return cmp.Or(cmp.Compare(slices.Index(namingOrder, a.How), slices.Index(namingOrder, b.How)), -cmp.Compare(a.Count, b.Count), strings.Compare(a.Name, b.Name))
	})
	return out[:min(len(out), maxNames)]
}

// prefixOf names a group of classes: the one class, or their common prefix of
// two capitals or more, with the first few classes.
func prefixOf(class map[string]sbom.Digest) (name, text string, image sbom.Digest) {
	if len(class) == 0 {
		return "", "", ""
	}
	var list []string
	for c := range class {
		list = append(list, c)
	}
	slices.Sort(list)
	text = strings.Join(list[:min(len(list), 4)], ", ")
	if len(list) > 4 {
		text += fmt.Sprintf(" and %d more", len(list)-4)
	}
	votes := map[string]int{}
	for _, c := range list {
		p := capitals(c)
		for n := 2; n <= min(len(p), 8); n++ { // an abbreviation may follow the prefix: AFURLSession is AF's
			votes[p[:n]]++
		}
	}
	best := ""
	for _, c := range list {
		if p := capitals(c); p != "" && !systemPrefix[p] && votes[p] > votes[best] {
			best = p
		}
	}
	if len(list) == 1 || best == "" || 2*votes[best] <= len(list) {
		return list[0], text, class[list[0]]
	}
	return best + " (" + text + ")", text, class[list[0]]
}

// systemPrefix are prefixes of Apple's own classes: code that defines some with
// them is not called after them.
var systemPrefix = map[string]bool{"NS": true, "UI": true, "CF": true, "CA": true, "CG": true, "CI": true, "CL": true, "CN": true, "AV": true,
	"MK": true, "SK": true, "WK": true, "GK": true, "HK": true, "PH": true, "AB": true, "AC": true, "ML": true, "MT": true, "MTK": true,
	"SCN": true, "OS": true, "OBJC": true, "XPC": true, "QL": true, "SF": true, "IO": true, "LA": true, "EK": true, "MF": true, "MP": true}

// capitals is the prefix of a class name: the capitals before the first word,
// two or more.
func capitals(c string) string {
	n := 0
	for n < len(c) && unicode.IsUpper(rune(c[n])) {
		n++
	}
	if n < 3 || n == len(c) {
		return ""
	}
	return c[:n-1]
}

// commonSymbols is the prefix up to an underscore that most functions have.
func commonSymbols(names map[string]bool) (prefix, text string, count int) {
	votes := map[string]int{}
	for n := range names {
		if strings.HasPrefix(n, "GCC_except_table") || strings.HasPrefix(n, "OUTLINED_FUNCTION_") {
			continue // the compiler's own
		}
		if i := strings.IndexByte(n, '_'); i >= 2 {
			votes[n[:i+1]]++
		}
	}
	for p, n := range votes {
		if n > count || n == count && p < prefix {
			prefix, count = p, n
		}
	}
	if count < 2 || 2*count < len(names) {
		return "", "", 0
	}
	var list []string
	for n := range names {
		if strings.HasPrefix(n, prefix) {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return prefix + "*", strings.Join(list[:min(len(list), 4)], ", "), count
}

// nameOf is the name for people: the best evidence, or the first mark.
func nameOf(l []NameEvidence, marks []string) string {
	if len(l) > 0 {
		return l[0].Name
	}
	return "unnamed code " + marks[0][:8]
}

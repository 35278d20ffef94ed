package library

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/fingerprint"
)

func TestSourceName(t *testing.T) {
	for text, want := range map[string]string{
		"/Users/jane/projects/libcollect/src/reader.m": "libcollect",
		`C:\build\expat\lib\xmlparse.c`:                "expat",
		"../third_party/zlib/inflate.c":                "zlib",
		"Pods/AFNetworking/AFNetworking/AFURL.m":       "AFNetworking",
		"sqlite/src/main.c":                            "sqlite",
		"/Users/jane/main.c":                           "", // a person
		"/home/jane/src/main.c":                        "",
		"/usr/include/stdio.h":                         "",
		"main.c":                                       "",
		"https://example.com/kit/reader.c":             "",
		"could not open %s/kit/reader.c":               "",
		"first line\n/kit/reader.c":                    "",
		"kit/reader.txt":                               "",
		"/":                                            "",
		"":                                             "",
	} {
		if got, how := sourceName(text); got != want || (got != "") != (how == NamedSource) {
			t.Errorf("%q: %q %q, wanted %q", text, got, how, want)
		}
	}
}

func TestBanner(t *testing.T) {
	for text, want := range map[string]string{
		"zlib 1.2.13": "zlib 1.2.13",
		" inflate 1.2.13 Copyright 1995-2022 Mark Adler ": "inflate 1.2.13",
		"libpng version 1.6.39":                           "libpng 1.6.39",
		"OpenSSL 3.0.2 15 Mar 2022":                       "OpenSSL 3.0.2",
		"libcurl/7.88.1":                                  "libcurl 7.88.1",
		"CollectKit v2.1":                                 "CollectKit 2.1",
		"Lua 5.4.4  Copyright (C) 1994-2022":              "Lua 5.4.4",
		"Node.js 18.19.0":                                 "Node.js 18.19.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)": "",
		"HTTP/1.1":                    "",
		"GET /x HTTP/1.1":             "",
		"IPv4 0.0":                    "",
		"TLSv 1.3":                    "",
		"XML 1.0":                     "",
		"requires macOS 10.13":        "",
		"version 1.2":                 "",
		"app=CollectKit; 1.2":         "",
		"%s 1.2":                      "",
		"a 1.2":                       "",
		"done. 1.5":                   "",
		"see section 3.4":             "",
		"1.2.13":                      "",
		"one two three four five 1.2": "",
		"":                            "",
	} {
		if got := banner(text); got != want {
			t.Errorf("%q: %q, wanted %q", text, got, want)
		}
	}
}

func TestCapitals(t *testing.T) {
	for class, want := range map[string]string{"HTUploader": "HT", "AFURLSession": "AFURL", "Uploader": "", "HT": "", "HTTP": "", "hTUp": "", "AUploader": "", "_HTUp": "", "": "", "ABCd": "AB"} {
		if got := capitals(class); got != want {
			t.Errorf("%q: %q, wanted %q", class, got, want)
		}
	}
}

func TestPrefixOf(t *testing.T) {
	for name, x := range map[string]struct {
		classes []string
		want    string
	}{
		"one":               {[]string{"HTUploader"}, "HTUploader"},
		"most":              {[]string{"HTUploader", "HTReader", "Other"}, "HT (HTReader, HTUploader, Other)"},
		"half is too few":   {[]string{"HTUploader", "Other"}, "HTUploader"},
		"none":              {nil, ""},
		"of the system":     {[]string{"NSFancyView", "NSFancyCell"}, "NSFancyCell"},
		"system and others": {[]string{"NSFancyView", "HTReader", "HTUploader"}, "HT (HTReader, HTUploader, NSFancyView)"},
		"longer capitals":   {[]string{"AFURLSession", "AFHTTPClient", "AFImage"}, "AF (AFHTTPClient, AFImage, AFURLSession)"},
		"five":              {[]string{"HTAx", "HTBx", "HTCx", "HTxDx", "HTxEx"}, "HT (HTAx, HTBx, HTCx, HTxDx and 1 more)"},
	} {
		class := map[string]sbom.Digest{}
		for _, c := range x.classes {
			class[c] = sbom.Digest(c)
		}
		got, _, image := prefixOf(class)
		if got != x.want || len(x.classes) > 0 && image == "" {
			t.Errorf("%s: %q of %q, wanted %q", name, got, image, x.want)
		}
	}
}

func TestCommonSymbols(t *testing.T) {
	for name, x := range map[string]struct {
		names []string
		want  string
		count int
	}{
		"most":            {[]string{"png_read", "png_write", "helper"}, "png_*", 2},
		"less than half":  {[]string{"png_read", "png_write", "a", "b", "c"}, "", 0},
		"one":             {[]string{"png_read"}, "", 0},
		"short prefix":    {[]string{"a_read", "a_write"}, "", 0},
		"of the compiler": {[]string{"GCC_except_table1", "GCC_except_table2", "OUTLINED_FUNCTION_0", "OUTLINED_FUNCTION_1"}, "", 0},
		"ties by order":   {[]string{"yy_a", "yy_b", "xx_a", "xx_b"}, "xx_*", 2},
		"no prefix":       {[]string{"read", "write"}, "", 0},
		"none":            {nil, "", 0},
	} {
		names := map[string]bool{}
		for _, n := range x.names {
			names[n] = true
		}
		if got, _, count := commonSymbols(names); got != x.want || count != x.count {
			t.Errorf("%s: %q %d, wanted %q %d", name, got, count, x.want, x.count)
		}
	}
}

func TestSwiftModule(t *testing.T) {
	for name, want := range map[string]string{
		"$s10CollectKit6ReaderC4readSSyF": "CollectKit", "_$s10CollectKit6ReaderC": "CollectKit",
		"$sSS4mainE": "", "$s": "", "$s99Short": "", "$s0": "", "$s99999999999999999999Kit": "", "s10CollectKit": "", "": "",
	} {
		if got := swiftModule(name); got != want {
			t.Errorf("%q: %q, wanted %q", name, got, want)
		}
	}
}

func TestObjectLibrary(t *testing.T) {
	for text, want := range map[string]string{
		"libcollect.a(reader.o)": "libcollect", "Kit(part.o)": "Kit", "collect.lib(x.obj)": "collect", "sqlite3.o": "sqlite3", "Reader.swift.o": "Reader",
		"libserde-1a2b.rlib(serde.0.rcgu.o)": "", "lto.o": "", "0.thinlto.o": "0", "main.o": "", "AppDelegate.o": "", "go.o": "", "": "", ".o": "",
	} {
		if got := objectLibrary(text); got != want {
			t.Errorf("%q: %q, wanted %q", text, got, want)
		}
	}
}

// TestNaming wants the best evidence first: an archive before a path, a path
// before classes; modules of the system are none.
func TestNaming(t *testing.T) {
	set := &fingerprint.Set{Objects: []string{"libcollect.a(reader.o)", "main.o"},
		Features: []fingerprint.Feature{{Kind: fingerprint.FeatureString, Hash: 1, Text: "/b/collector/reader.m"}},
		Classes:  []fingerprint.ClassOf{{Name: "HTReader", Methods: []fingerprint.MethodOf{{Function: 0}}}, {Name: "HTOther", Methods: []fingerprint.MethodOf{{Function: 2}}}}}
	set.Append(fingerprint.Function{Object: 1, Name: "$s10Foundation4DataV", From: fingerprint.NameSymbol}, []uint32{0}, nil)
	set.Append(fingerprint.Function{Object: 2}, nil, nil)
	set.Append(fingerprint.Function{Object: 7}, nil, nil)
	n := newNaming()
	n.learn(set, []memberUnit{{function: 0}, {function: 1}, {function: 9}}, classesOf(set), "image")
	want := []NameEvidence{
		{How: NamedObject, Name: "libcollect", Text: "libcollect.a(reader.o)", Count: 1, Image: "image"},
		{How: NamedSource, Name: "collector", Text: "/b/collector/reader.m", Count: 1, Image: "image"},
		{How: NamedClasses, Name: "HTReader", Text: "HTReader", Count: 1, Image: "image"},
	}
	if d := cmp.Diff(want, n.evidence()); d != "" {
		t.Error(d)
	}
	parts := &fingerprint.Set{Objects: []string{"one.o", "two.o"}}
	for i := range 4 {
		parts.Append(fingerprint.Function{Object: uint32(1 + i/3)}, nil, nil)
	}
	n = newNaming()
	n.learn(parts, []memberUnit{{function: 0}, {function: 1}, {function: 2}, {function: 3}}, classesOf(parts), "image")
	if d := cmp.Diff([]NameEvidence{{How: NamedObject, Name: "one", Text: "one.o", Count: 3, Image: "image"}}, n.evidence()); d != "" {
		t.Error(d)
	}
	n = newNaming()
	n.learn(parts, []memberUnit{{function: 2}, {function: 3}}, classesOf(parts), "image") // halves name nothing
	if got := n.evidence(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	n = newNaming()
	n.member(&sbom.Image{Digest: "m", Type: "object", Places: []sbom.Place{{Path: "Contents/Resources/libx.a/a.o"}}}, 2)
	n.member(&sbom.Image{Digest: "m", Type: "object", Places: []sbom.Place{{Path: "a.o"}}}, 2)
	n.member(&sbom.Image{Digest: "m", Type: "dylib", Places: []sbom.Place{{Path: "Contents/liby.dylib/a.o"}}}, 2)
	if d := cmp.Diff([]NameEvidence{{How: NamedObject, Name: "libx", Text: "libx.a(a.o)", Count: 2, Image: "m"}}, n.evidence()); d != "" {
		t.Error(d)
	}
}

func TestSwiftTypesName(t *testing.T) {
	set := &fingerprint.Set{}
	for _, text := range []string{"Collect.Reader", "Collect.Reader.path", "Foundation.Data", "__C.sqlite", "-[Other.Reader run]", "Loose"} {
		set.Features = append(set.Features, fingerprint.Feature{Kind: fingerprint.FeatureMethod, Text: text})
	}
	set.Append(fingerprint.Function{}, []uint32{0, 1, 2, 3, 4, 5}, nil)
	set.Append(fingerprint.Function{Name: "$s7Collect6ReaderCMa", From: fingerprint.NameSymbol}, []uint32{0}, nil)
	n := newNaming()
	n.learn(set, []memberUnit{{function: 0}, {function: 1}}, classesOf(set), "image")
	if got, want := n.evidence(), []NameEvidence{{How: NamedSwift, Name: "Collect", Text: "$s7Collect6ReaderCMa", Count: 2, Image: "image"}}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

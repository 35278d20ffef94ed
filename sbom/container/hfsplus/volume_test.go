package hfsplus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func TestReadsEverything(t *testing.T) {
	for _, c := range []struct {
		name         string
		x, sensitive bool
		block, node  int
		wrap         bool
	}{
		{"plain", false, false, 4096, 4096, false},
		{"large nodes", false, false, 4096, 8192, false},
		{"small blocks", false, false, 512, 4096, false},
		{"large blocks", false, false, 16384, 4096, false},
		{"hfsx folding", true, false, 4096, 4096, false},
		{"hfsx sensitive", true, true, 4096, 8192, false},
		{"wrapped", false, false, 4096, 4096, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			im := everything()
			im.X, im.Sensitive, im.BlockSize, im.NodeSize = c.x, c.sensitive, c.block, c.node
			im.CatalogPiece = max(1, 2*c.node/c.block)
			if c.sensitive {
				im.Files = append(im.Files, hfsplustest.File{Path: "UPPER", Data: []byte("other")})
			}
			data := im.Build().Bytes
			if c.wrap {
				data = hfsplustest.Wrap(data)
			}
			v := open(t, data)
			if v.Name != "Everything" || v.X != c.x || v.CaseSensitive != c.sensitive || v.Wrapped != c.wrap || v.Dirty || v.Alternate || v.BlockSize != int64(c.block) {
				t.Errorf("volume is %+v", v)
			}
			checkFiles(t, v, im)
		})
	}
}

// checkFiles compares what is read with what was written.
func checkFiles(t *testing.T, v *Volume, im hfsplustest.Image) {
	t.Helper()
	got := entries(t, v)
	data := map[string][]byte{}
	want := map[string]bool{}
	for _, f := range im.Files {
		for p := f.Path; p != "."; p = path.Dir(p) {
			want[p] = true
		}
		data[f.Path] = f.Data
		if f.HardLink != "" {
			data[f.Path] = data[f.HardLink]
		}
		e, ok := got[f.Path]
		if !ok || e.Err != nil || e.Private {
			t.Errorf("%q: listed %v, private %v, error %v", f.Path, ok, e.Private, e.Err)
			continue
		}
		checkFile(t, v, e, f, data[f.Path])
	}
	for p, e := range got {
		if !want[p] && !e.Private {
			t.Errorf("%q is listed, and was not written", p)
		}
	}
}

func checkFile(t *testing.T, v *Volume, e Entry, f hfsplustest.File, data []byte) {
	t.Helper()
	switch {
	case f.Dir && e.Type == TypeDir:
	case f.Link != "" && e.Type == TypeSymlink:
		if e.Link != f.Link {
			t.Errorf("%q leads to %q, want %q", f.Path, e.Link, f.Link)
		}
	case f.Mode == 0o010644 && e.Type == TypeOther:
	case e.Type == TypeFile && strings.HasPrefix(f.Path, "packed"):
		want := bytes.Repeat([]byte("The same line, over and over again.\n"), 4000)
		if f.Path == "packed stored" {
			want = []byte("hello")
		}
		if !e.Compressed || e.Resource != 0 || !bytes.Equal(content(t, v, e), want) {
			t.Errorf("%q: compressed %v, resource %d, or other content", f.Path, e.Compressed, e.Resource)
		}
	case e.Type == TypeFile:
		if e.Compressed || !bytes.Equal(content(t, v, e), data) {
			t.Errorf("%q: compressed %v, or other content", f.Path, e.Compressed)
		}
		r, err := v.OpenResource(e)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := io.ReadAll(r); err != nil || !bytes.Equal(p, f.Resource) || e.Resource != int64(len(p)) {
			t.Errorf("%q: resource fork of %d bytes, %v", f.Path, len(p), err)
		}
	default:
		t.Errorf("%q is a %s", f.Path, e.Type)
	}
	for _, a := range f.Attrs {
		if p, err := v.Attr(e, a.Name); err != nil || !bytes.Equal(p, a.Value) {
			t.Errorf("%q: attribute %s has %d bytes, %v", f.Path, a.Name, len(p), err)
		}
	}
	if _, err := v.Attr(e, "com.example"); !errors.Is(err, ErrNoAttr) {
		t.Errorf("%q: an attribute that was not written gives %v", f.Path, err)
	}
}

func TestHardLinksAreOneContent(t *testing.T) {
	b := everything().Build()
	v := open(t, b.Bytes)
	all := entries(t, v)
	for _, p := range []string{"links/first", "links/second", "other/third"} {
		if e := all[p]; !e.HardLink || e.ID != b.ID["links/first"] || e.Size != 5000 || e.Mode != 0o100644 {
			t.Errorf("%q: %+v", p, e)
		}
	}
	in := fmt.Sprintf("␀␀␀␀HFS+ Private Data/iNode%d", b.ID["links/first"])
	if e := all[in]; !e.Private || e.HardLink || e.Size != 5000 {
		t.Errorf("content itself: %+v", e)
	}
	if !all["␀␀␀␀HFS+ Private Data"].Private || all["links"].Private {
		t.Error("private folder")
	}
}

func TestLinkToAFolderIsRefusedAndItsContentListed(t *testing.T) {
	im := hfsplustest.Image{Files: []hfsplustest.File{
		{Path: hfsplustest.LinkedFolders + "/dir_77/inside", Data: []byte("x")},
		{Path: "place", FolderLink: "dir_77"},
		{Path: "alias", FolderLink: "dir_78", Data: []byte("a Finder alias")}, // leads nowhere: a plain file
	}}
	v := open(t, im.Build().Bytes)
	all := entries(t, v)
	if e := all["place"]; e.Type != TypeOther || !e.HardLink || e.Err == nil {
		t.Errorf("link: %+v", e)
	}
	if e := all["alias"]; e.Type != TypeFile || e.Err != nil || string(content(t, v, e)) != "a Finder alias" {
		t.Errorf("alias: %+v", e)
	}
	if e := all[hfsplustest.LinkedFolders+"/dir_77/inside"]; !e.Private || string(content(t, v, e)) != "x" {
		t.Errorf("content: %+v", e)
	}
}

func TestWalkIsInTheCatalogsOrder(t *testing.T) {
	im := hfsplustest.Image{Files: []hfsplustest.File{{Path: "b/x"}, {Path: "B2"}, {Path: "a"}, {Path: "C/y"}}}
	var got []string
	v := open(t, im.Build().Bytes)
	if err := v.Walk(t.Context(), func(e Entry) error { got = append(got, e.Path); return nil }); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, " "); s != "a b B2 C b/x C/y" {
		t.Errorf("order is %s", s)
	}
}

func TestWalkStopsForTheVisitor(t *testing.T) {
	v := open(t, everything().Build().Bytes)
	n, stop := 0, errors.New("stop")
	err := v.Walk(t.Context(), func(Entry) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if err != stop || n != 3 {
		t.Errorf("%d visits, %v", n, err)
	}
}

func TestDirtyVolumes(t *testing.T) {
	build := func(attrs uint32) []byte { return hfsplustest.Image{Attributes: attrs}.Build().Bytes }
	for attrs, want := range map[uint32]string{
		1 << 8: "", 1 << 9: "was not unmounted", 1<<8 | 1<<11: "marked as inconsistent", 1<<8 | 1<<13: "",
	} {
		v := open(t, build(attrs))
		if v.Dirty != (want != "") || v.DirtyWhy != want {
			t.Errorf("attributes %#x: %v %q", attrs, v.Dirty, v.DirtyWhy)
		}
	}
}

func TestAlternateHeader(t *testing.T) {
	data := everything().Build().Bytes
	clear(data[1024:1536])
	v := open(t, data)
	if !v.Alternate || len(entries(t, v)) < 100 {
		t.Error("the copy at the end was not used")
	}
	clear(data[len(data)-1024:])
	var fe *malformed.Error
	if _, err := New(bytes.NewReader(data), int64(len(data)), v.budget); !errors.As(err, &fe) || fe.Offset != 1024 {
		t.Errorf("without both: %v", err)
	}
}

func TestOldHFSIsUnsupported(t *testing.T) {
	data := make([]byte, 8192)
	copy(data[1024:], "BD")
	var u *UnsupportedError
	if _, err := New(bytes.NewReader(data), 8192, nil); !errors.As(err, &u) {
		t.Errorf("got %v", err)
	}
}

package pkg

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kinbom/kinbom/sbom/container/archivetest"
	"github.com/kinbom/kinbom/sbom/container/cpio"
	"github.com/kinbom/kinbom/sbom/container/xar"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func open(tb testing.TB, b []byte) *Package {
	tb.Helper()
	x, err := xar.New(bytes.NewReader(b), int64(len(b)), limit.New(limit.Max{}))
	if err != nil {
		tb.Fatal(err)
	}
	return New(x, limit.New(limit.Max{}))
}

// list reads a stream whole: places of the entries, with contents of files.
func list(r *cpio.Reader, err error, place func(string) (string, string)) (string, error) {
	if err != nil {
		return "", err
	}
	var out []string
	for {
		h, err := r.Next()
		if err == io.EOF {
			return strings.Join(out, "|"), nil
		}
		if err != nil {
			return strings.Join(out, "|"), err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return strings.Join(out, "|"), err
		}
		p, why := place(h.Name)
		if why != "" {
			p = why
		}
		if h.Type == cpio.TypeFile {
			p += fmt.Sprintf("=%.10s", data)
		}
		out = append(out, p)
	}
}

var (
	payload = archivetest.CPIO("odc", archivetest.File{Name: "./"}, archivetest.File{Name: "./A.app/"}, archivetest.File{Name: "./A.app/exe", Data: strings.Repeat("code", 100), Mode: 0o755})
	scripts = archivetest.CPIO("odc", archivetest.File{Name: "./"}, archivetest.File{Name: "./preinstall", Data: "#!/bin/sh", Mode: 0o755})
)

const info = `<?xml version="1.0"?><pkg-info identifier="com.example.a" version="1.2" install-location="/Applications"><payload numberOfFiles="3"/>
<bundle path="./A.app" id="com.example.A" CFBundleShortVersionString="1.2" CFBundleVersion="7"/><scripts><preinstall file="./preinstall"/></scripts><upgrade-bundle><bundle id="x"/></upgrade-bundle></pkg-info>`

const distribution = `<?xml version="1.0"?><installer-gui-script><title>Example</title><product id="com.example" version="3"/><script>function check() { return true; }</script>
<choice id="c" customLocation="/Library/Example"><pkg-ref id="com.example.b"/></choice><pkg-ref id="com.example.a" version="1.2">#a.pkg</pkg-ref><pkg-ref id="com.example.b">#b%20b.pkg</pkg-ref></installer-gui-script>`

func product() []byte {
	f := func(name string, data []byte) archivetest.File {
		return archivetest.File{Name: name, Data: string(data), Encoding: "application/x-gzip"}
	}
	plain := func(name string, data []byte) archivetest.File {
		return archivetest.File{Name: name, Data: string(data)}
	}
	return archivetest.XAR(f("Distribution", []byte(distribution)), plain("Resources/en.lproj/License.txt", []byte("licence")),
		f("a.pkg/PackageInfo", []byte(info)), plain("a.pkg/Payload", archivetest.Gzip(payload)), plain("a.pkg/Scripts", archivetest.Gzip(scripts)), f("a.pkg/Bom", []byte("BOMStore")),
		f("b b.pkg/PackageInfo", []byte(`<pkg-info identifier="com.example.b" install-location="/"/>`)), plain("b b.pkg/Payload", archivetest.PBZX(payload, 300, false)))
}

func TestProduct(t *testing.T) {
	p := open(t, product())
	if p.Kind != KindProduct || p.Title != "Example" || p.Product != "com.example" || p.Version != "3" || !p.Scripts || len(p.Troubles) > 0 || len(p.Components) != 2 || len(p.Others) != 2 {
		t.Fatalf("%+v", p)
	}
	if diff := cmp.Diff([]Ref{{"com.example.a", "1.2", "#a.pkg"}, {"com.example.b", "", "#b%20b.pkg"}}, p.Refs); diff != "" {
		t.Error(diff)
	}
	a, b := &p.Components[0], &p.Components[1]
	if a.Identifier != "com.example.a" || a.Version != "1.2" || a.Location() != "/Applications" || len(a.Others) != 1 || b.Location() != "/Library/Example" || b.Install != "/" || b.Scripts != nil {
		t.Errorf("%+v\n%+v", a, b)
	}
	if diff := cmp.Diff([]Bundle{{"./A.app", "com.example.A", "1.2"}}, a.Bundles); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"preinstall ./preinstall"}, a.RunScripts); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		open  func(*Component) (*cpio.Reader, error)
		of    *Component
		place func(string) (string, string)
		want  string
	}{
		{p.OpenPayload, a, a.Place, "a.pkg/Payload/Applications|a.pkg/Payload/Applications/A.app|a.pkg/Payload/Applications/A.app/exe=codecodeco"},
		{p.OpenScripts, a, a.PlaceScript, "a.pkg/Scripts|a.pkg/Scripts/preinstall=#!/bin/sh"},
		{p.OpenPayload, b, b.Place, "b b.pkg/Payload/Library/Example|b b.pkg/Payload/Library/Example/A.app|b b.pkg/Payload/Library/Example/A.app/exe=codecodeco"},
	} {
		r, err := c.open(c.of)
		if got, err := list(r, err, c.place); err != nil || got != c.want {
			t.Errorf("%v\ngot  %s\nwant %s", err, got, c.want)
		}
	}
	if _, err := p.OpenScripts(b); err == nil {
		t.Error("scripts where there are none")
	}
}

func TestComponentAndXIP(t *testing.T) {
	p := open(t, archivetest.XAR(archivetest.File{Name: "PackageInfo", Data: info}, archivetest.File{Name: "Payload", Data: string(payload)}))
	if p.Kind != KindComponent || len(p.Components) != 1 || p.Components[0].Folder != "" {
		t.Fatalf("%+v", p)
	}
	r, err := p.OpenPayload(&p.Components[0])
	if got, err := list(r, err, p.Components[0].Place); err != nil || got != "Payload/Applications|Payload/Applications/A.app|Payload/Applications/A.app/exe=codecodeco" {
		t.Errorf("%s %v", got, err)
	}
	p = open(t, archivetest.XAR(archivetest.File{Name: "Metadata", Data: "x"}, archivetest.File{Name: "Content", Data: string(archivetest.PBZX(payload, 100, true))}))
	if p.Kind != KindXIP || len(p.Others) != 2 {
		t.Fatalf("%+v", p)
	}
	r, err = p.OpenXIP()
	if got, err := list(r, err, (&Component{}).Place); err != nil || !strings.HasSuffix(got, "A.app/exe=codecodeco") {
		t.Errorf("%s %v", got, err)
	}
	p = open(t, archivetest.XAR(archivetest.File{Name: "x", Data: "x"}))
	if _, err := p.OpenXIP(); p.Kind != KindOther || err == nil {
		t.Errorf("%s %v", p.Kind, err)
	}
}

// TestGenuine reads a package that Apple's tools made.
func TestGenuine(t *testing.T) {
	b, err := os.ReadFile(archivetest.Relic(t, "dummy.pkg"))
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, b)
	if p.Kind != KindProduct || p.Title != "dummy" || len(p.Components) != 1 || len(p.Troubles) > 0 {
		t.Fatalf("%+v", p)
	}
	c := &p.Components[0]
	if c.Identifier != "com.sas.dummy" || c.Version != "1.0.0" || c.Location() != "/Applications" || len(c.Bundles) != 1 {
		t.Errorf("%+v", c)
	}
	r, err := p.OpenPayload(c)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if err != nil {
			t.Fatal(err)
		}
		place, why := c.Place(h.Name)
		if why != "" {
			t.Errorf("%s: %s", h.Name, why)
		}
		got[place] = int(n)
	}
	if len(got) != 10 || got["com.sas.dummy.pkg/Payload/Applications/dummy.app/Contents/MacOS/dummy"] != 172608 {
		t.Errorf("%v", got)
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct{ folder, location, name, want, why string }{
		{"a.pkg", "/Applications", "./x", "a.pkg/Payload/Applications/x", ""}, {"", "", ".", "Payload", ""}, {"", "Applications/", "x//y/.", "Payload/Applications/x/y", ""},
		{"a.pkg", "/", "../x", "", "name leads outside"}, {"a.pkg", "/Applications", "x/../../y", "", "name leads outside"}, {"a.pkg", "/../../etc", "x", "", "name leads outside"},
		{"../a.pkg", "/", "x", "", "name leads outside"}, {"/a.pkg", "/", "x", "a.pkg/Payload/x", ""}, {"a", "/", "/etc/passwd", "", "name is absolute"}, {"a", "/", "x\x00y", "", "name holds a zero byte"}, {"a", "/", "..x/y..", "a/Payload/..x/y..", ""},
	} {
		got, why := (&Component{Folder: c.folder, Install: c.location}).Place(c.name)
		if got != c.want || why != c.why {
			t.Errorf("%+v: %q, %q", c, got, why)
		}
	}
}

func TestHostile(t *testing.T) {
	entities := `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">]><pkg-info identifier="&a;"/>`
	p := open(t, archivetest.XAR(archivetest.File{Name: "Distribution", Data: strings.Repeat("<a>", 100_000)}, archivetest.File{Name: "a.pkg/PackageInfo", Data: entities}, archivetest.File{Name: "a.pkg/Payload", Data: string(payload)}))
	if len(p.Troubles) != 2 || !strings.Contains(p.Troubles[0].Error(), "declarations are refused") || !strings.Contains(p.Troubles[1].Error(), "limit on depth") {
		t.Errorf("%v", p.Troubles)
	}
	r, err := p.OpenPayload(&p.Components[0])
	if got, err := list(r, err, p.Components[0].Place); err != nil || !strings.Contains(got, "exe=code") {
		t.Errorf("the payload is lost: %s %v", got, err)
	}
	nested := payload
	for range 6 {
		nested = archivetest.Gzip(nested)
	}
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"empty": {nil, "empty"}, "text": {[]byte("hello, world"), "no cpio archive"}, "apple archive": {[]byte("AA01 and more"), "cannot be read"}, "lzfse": {[]byte("pbze and more"), "cannot be read"},
		"nested": {nested, "too many times"}, "gzip of text": {archivetest.Gzip([]byte("hello, world")), "no cpio archive"},
	} {
		_, err := Open(bytes.NewReader(c.b), limit.New(limit.Max{}))
		var bad *malformed.Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrUnsupported) != (c.want == "cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestChecksum finds a payload whose bytes were changed behind its own checks:
// the archive's checksum is verified when the payload was read to its end.
func TestChecksum(t *testing.T) {
	b := archivetest.XAR(archivetest.File{Name: "PackageInfo", Data: info}, archivetest.File{Name: "Payload", Data: string(payload)})
	b[bytes.Index(b, []byte("codecode"))] = 'C'
	p := open(t, b)
	r, err := p.OpenPayload(&p.Components[0])
	if got, err := list(r, err, p.Components[0].Place); err == nil || !strings.Contains(err.Error(), "checksum") || !strings.Contains(got, "exe") {
		t.Errorf("%s %v", got, err)
	}
}

// TestTruncated cuts a package everywhere: each cut loses something, and says so.
func TestTruncated(t *testing.T) {
	b := product()
	for n := 0; n < len(b); n += 7 {
		x, err := xar.New(bytes.NewReader(b[:n]), int64(n), limit.New(limit.Max{}))
		if err != nil {
			continue
		}
		p := New(x, limit.New(limit.Max{}))
		lost := len(p.Troubles) + len(x.Troubles)
		for i := range x.Entries {
			if e := &x.Entries[i]; e.Type == xar.TypeFile {
				if r, err := x.Open(e); err != nil {
					lost++
				} else if _, err := io.Copy(io.Discard, r); err != nil {
					lost++
				}
			}
		}
		if lost == 0 {
			t.Fatalf("cut at %d loses nothing", n)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(product())
	f.Fuzz(func(t *testing.T, b []byte) {
		budget := limit.New(limit.Max{Entries: 100, Ratio: 100, RatioFloor: 1 << 20})
		x, err := xar.New(bytes.NewReader(b), int64(len(b)), budget)
		if err != nil {
			return
		}
		p := New(x, budget)
		for i := range p.Components {
			c := &p.Components[i]
			r, err := p.OpenPayload(c)
			for err == nil {
				var h *cpio.Header
				if h, err = r.Next(); err == nil {
					if place, why := c.Place(h.Name); why == "" && (strings.HasPrefix(place, "/") || strings.Contains("/"+place+"/", "/../")) {
						t.Fatalf("%q is placed at %q", h.Name, place)
					}
				}
			}
		}
	})
}

// FuzzDescribe fuzzes the XML of both descriptions.
func FuzzDescribe(f *testing.F) {
	f.Add(distribution, info)
	f.Fuzz(func(t *testing.T, d, i string) {
		p := open(t, archivetest.XAR(archivetest.File{Name: "Distribution", Data: d}, archivetest.File{Name: "a.pkg/PackageInfo", Data: i}))
		if len(p.Components) != 1 {
			t.Fatalf("%+v", p)
		}
	})
}

// TestManyDescriptions lays many descriptions over the same data: the work for
// all together is bounded.
func TestManyDescriptions(t *testing.T) {
	big := archivetest.Zlib([]byte("<pkg-info>" + strings.Repeat(" ", 7<<20) + "</pkg-info>"))
	var toc strings.Builder
	toc.WriteString("<xar><toc>")
	for i := range 20 {
		fmt.Fprintf(&toc, `<file><name>%d</name><type>directory</type><file><name>PackageInfo</name><data><offset>20</offset><length>%d</length><size>%d</size><encoding style="application/x-gzip"/></data></file></file>`, i, len(big), 7<<20+21)
	}
	toc.WriteString("</toc></xar>")
	p := open(t, archivetest.XARRaw([]byte(toc.String()), append(make([]byte, 20), big...)))
	if len(p.Components) != 20 || len(p.Troubles) != 16 {
		t.Errorf("%d components, %d troubles", len(p.Components), len(p.Troubles))
	}
}

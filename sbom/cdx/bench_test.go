package cdx

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// large is a product of 2,000 images and 20,000 links.
func large() *sbom.Product {
	p := minimal()
	id := func(i int) sbom.Digest { return hash(fmt.Sprint("image ", i%2000)) }
	for i := range 2000 {
		bundle := fmt.Sprintf("Contents/Frameworks/F%d.framework", i%300)
		if i < 300 {
			p.Bundles = append(p.Bundles, sbom.Bundle{Path: bundle, Kind: sbom.BundleFramework, Name: fmt.Sprint("F", i), ID: fmt.Sprint("com.example.f", i)})
		}
		m := sbom.Image{Digest: id(i), Format: "macho", Arch: "arm64", Type: "dylib", Size: 4096, InstallName: fmt.Sprintf("@rpath/lib%d.dylib", i),
			Places: []sbom.Place{{Path: fmt.Sprintf("%s/lib%d.dylib", bundle, i), File: id(i), Bundle: bundle, Role: sbom.RoleLibrary}}}
		for c := range 20 {
			m.Classes = append(m.Classes, fmt.Sprintf("EXClass%dOf%d", c, i))
		}
		p.Images = append(p.Images, m)
	}
	for i := range 20000 {
		l := sbom.Link{Kind: sbom.LinkLoads, From: id(i), Target: sbom.TargetInside, To: id(i*7 + i/2000), Name: fmt.Sprintf("@rpath/lib%d.dylib", i),
			Load: sbom.LoadRegular, How: "@rpath", Symbols: []string{"_open", "_close", "_OBJC_CLASS_$_EXClass"}}
		if i%4 == 0 {
			l.Target, l.To, l.Name = sbom.TargetSystem, "", fmt.Sprintf("/usr/lib/lib%d.dylib", i%100)
		}
		p.Links = append(p.Links, l)
	}
	p.Normalize()
	return p
}

func TestLargeProduct(t *testing.T) {
	p := large()
	for _, o := range forms[:3] {
		b := written(t, p, o)
		if limit := 32 << 20; len(b) > limit {
			t.Errorf("%s: the BOM has %d bytes, more than %d", formName(o), len(b), limit)
		}
		if q := readBack(t, b); len(q.Links) != 20000 || len(q.Images) != 2000 || !bytes.Equal(written(t, q, o), b) {
			t.Errorf("%s: %d links and %d images came back, or in another form", formName(o), len(q.Links), len(q.Images))
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	p := large()
	for _, o := range forms[1:3] {
		b.Run(formName(o), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(written(b, p, o))))
			for b.Loop() {
				if err := Write(io.Discard, p, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, o := range forms[1:3] {
		in := written(b, large(), o)
		b.Run(formName(o), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, err := Read(bytes.NewReader(in)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package cdx

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// hostileTexts are valid UTF-8 that formats like to spoil.
var hostileTexts = []string{
	"", " ", "a", "plain text", "<tag attr='1'>&amp;]]>", `"quoted"`, `"`, `"broken \u00`, `\u0041 \\ \n`, "{", "[]", "null", "true",
	"\x00", "a\x01b\x1f\x7f", "tab\tand\nline\r\nend\r", " lead and trail ", "\u0085\u00a0nbsp\u00a0", "\u2028\u2029", "\ufffd", "\ufffe\uffff", "\ufeffbom",
	"emoji 👩‍👩‍👧 and Ünïcödé", "מימין לשמאל \u202e", "line1\nline2", "../../etc/passwd", "/abs/path", "a//b", "a/b/c", "pkg:npm/x@1%2", "image:", "product:x", strings.Repeat("long ", 3000),
}

// generator fills nouns by reflection: a field that a noun gets one day is
// filled too, and a writer that forgets it fails the round trip.
type generator struct{ r *rand.Rand }

func newGenerator(seed uint64) *generator { return &generator{rand.New(rand.NewPCG(seed, 7))} }

func (g *generator) pick(n int) int { return g.r.IntN(n) }

func (g *generator) digest() sbom.Digest { return hash(fmt.Sprint(g.r.Uint64())) }

var digestType = reflect.TypeFor[sbom.Digest]()

func (g *generator) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == digestType {
			v.SetString(string(g.digest()))
			return
		}
		v.SetString(hostileTexts[g.pick(len(hostileTexts))])
	case reflect.Int, reflect.Int64:
		v.SetInt(g.r.Int64N(1 << 40))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(g.r.Uint32()))
	case reflect.Uint8:
		v.SetUint(uint64(g.pick(256)))
	case reflect.Bool:
		v.SetBool(g.pick(2) == 0)
	case reflect.Pointer:
		if g.pick(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			g.fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			g.fill(v.Field(i))
		}
	case reflect.Slice:
		if n := g.pick(4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			g.fill(v.Index(i))
		}
	default:
		panic("no way to fill " + v.Type().String())
	}
}

// product is a product that validates, with anything in its texts.
func (g *generator) product() *sbom.Product {
	p := new(sbom.Product)
	g.fill(reflect.ValueOf(p).Elem())
	p.Name += "n"
	p.Paths = append(p.Paths, fmt.Sprint("path ", g.pick(1000)))
	g.bundles(p)
	for i := range p.Images {
		if len(p.Images[i].Places) == 0 {
			p.Images[i].Places = []sbom.Place{{Path: hostileTexts[g.pick(len(hostileTexts))], Role: sbom.RoleHelper}}
		}
	}
	g.links(p)
	g.tags(p)
	for i := range p.Packages {
		p.Packages[i].Evidence = g.evidence(p.Packages[i].Evidence)
	}
	g.coverage(p)
	for i := range p.Gaps {
		if len(p.Images) > 0 && g.pick(2) == 0 {
			p.Gaps[i].Image = p.Images[g.pick(len(p.Images))].Digest
		}
		if g.pick(3) == 0 {
			p.Gaps[i].Image, p.Gaps[i].Offset = "", -1
		}
	}
	p.Normalize()
	return p
}

func (g *generator) bundles(p *sbom.Product) {
	seen := map[string]bool{}
	var keep []sbom.Bundle
	for i, b := range p.Bundles {
		if i > 0 && g.pick(2) == 0 {
			b.Path = p.Bundles[i-1].Path + "/" + b.Path
		}
		p.Bundles[i].Path = b.Path
		if !seen[b.Path] {
			seen[b.Path] = true
			keep = append(keep, b)
		}
	}
	p.Bundles = keep
	for i := range p.Images {
		for j := range p.Images[i].Places {
			if pl := &p.Images[i].Places[j]; len(keep) > 0 && g.pick(2) == 0 {
				pl.Bundle = keep[g.pick(len(keep))].Path
				pl.Path = pl.Bundle + "/" + pl.Path
			}
		}
	}
}

func (g *generator) evidence(l []sbom.Evidence) []sbom.Evidence {
	for i := range l {
		l[i].Bytes = []byte(clip(hostileTexts[g.pick(len(hostileTexts))], sbom.MaxEvidenceBytes))
		if g.pick(3) == 0 {
			l[i].Bytes = append(l[i].Bytes[:min(len(l[i].Bytes), 200)], 0xff, 0xfe, 0)
		}
		l[i].Length = int64(len(l[i].Bytes)) + int64(g.pick(3))
		l[i].Meaning = []byte(clip(string(l[i].Meaning), sbom.MaxEvidenceBytes))
		l[i].Offset += l[i].Slice
	}
	return l
}

func (g *generator) links(p *sbom.Product) {
	if len(p.Images) == 0 {
		p.Links = nil
	}
	for i := range p.Links {
		l := &p.Links[i]
		l.From, l.To = p.Images[g.pick(len(p.Images))].Digest, ""
		l.Target = []sbom.Target{sbom.TargetInside, sbom.TargetSystem, sbom.TargetOutside, sbom.TargetMissing}[g.pick(4)]
		if l.Target == sbom.TargetInside {
			l.To = p.Images[g.pick(len(p.Images))].Digest
		}
		l.Evidence = g.evidence(l.Evidence)
	}
}

func (g *generator) tags(p *sbom.Product) {
	if len(p.Images) == 0 {
		p.Tags = nil
	}
	for i := range p.Tags {
		t := &p.Tags[i]
		t.Image = p.Images[g.pick(len(p.Images))].Digest
		t.Grade = []sbom.Grade{sbom.GradeMentions, sbom.GradeLikely, sbom.GradeShown}[g.pick(3)]
		if len(t.Evidence) == 0 {
			t.Evidence = make([]sbom.Evidence, 1)
		}
		if t.Address != nil {
			*t.Address = g.r.Uint64()
		}
		t.Evidence = g.evidence(t.Evidence)
	}
}

func (g *generator) coverage(p *sbom.Product) {
	p.Coverage = sbom.Coverage{}
	p.Coverage.AddAnalysed(g.pick(5))
	for range g.pick(3) {
		p.Coverage.AddSkipped(hostileTexts[g.pick(len(hostileTexts))], g.pick(4))
		p.Coverage.AddUnreadable(hostileTexts[g.pick(len(hostileTexts))], g.pick(4))
	}
}

// shuffle puts every list whose order carries no meaning into another order.
func (g *generator) shuffle(p *sbom.Product) {
	mix(g, p.Paths)
	mix(g, p.Bundles)
	mix(g, p.Images)
	mix(g, p.Links)
	mix(g, p.Packages)
	mix(g, p.Tags)
	mix(g, p.Notes)
	mix(g, p.Gaps)
	mix(g, p.Coverage.Reasons)
	for i := range p.Bundles {
		mix(g, p.Bundles[i].Usage)
		mix(g, p.Bundles[i].Classes)
	}
	for i := range p.Images {
		m := &p.Images[i]
		mix(g, m.Places)
		mix(g, m.Identities)
		mix(g, m.Classes)
		mix(g, m.SwiftTypes)
		mix(g, m.Hosts)
		if m.Signature != nil {
			mix(g, m.Signature.Entitlements)
		}
	}
	for i := range p.Links {
		mix(g, p.Links[i].Symbols)
		mix(g, p.Links[i].Evidence)
	}
	for i := range p.Tags {
		mix(g, p.Tags[i].Evidence)
		mix(g, p.Tags[i].Stores)
		mix(g, p.Tags[i].Flags)
	}
	for i := range p.Packages {
		mix(g, p.Packages[i].Licenses)
		mix(g, p.Packages[i].Evidence)
	}
}

func mix[T any](g *generator, l []T) {
	g.r.Shuffle(len(l), func(i, j int) { l[i], l[j] = l[j], l[i] })
}

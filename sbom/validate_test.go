package sbom

import (
	"strings"
	"testing"
)

func id(s string) Digest { return DigestOf([]byte(s)) }

// sound is a product that validates, with one of each thing that is checked.
func sound() *Product {
	return &Product{
		ID: id("product"), Name: "Tool", Paths: []string{"apps/Tool.app"},
		Images: []Image{
			{Digest: id("main"), Places: []Place{{Path: "Tool"}}},
			{Digest: id("lib"), Places: []Place{{Path: "lib"}}},
		},
		Links: []Link{
			{Kind: LinkLoads, From: id("main"), To: id("lib"), Target: TargetInside, Name: "lib"},
			{Kind: LinkLoads, From: id("main"), Target: TargetSystem, Name: "/usr/lib/libSystem.B.dylib"},
		},
		Tags: []Tag{{Capability: "exfil.upload", Grade: GradeLikely, Image: id("lib"), Rule: "upload",
			Evidence: []Evidence{{Slice: 100, Offset: 100, Length: 2, Bytes: []byte("ab"), Signal: "store"}}}},
		Coverage: Coverage{Files: 6, Analysed: 1, Skipped: 3, Unreadable: 2,
			Reasons: []Reason{{StatusSkipped, "not code", 3}, {StatusUnreadable, "truncated", 2}}},
	}
}

func TestValidateTakesASoundProduct(t *testing.T) {
	p := sound()
	if err := p.Validate(); err != nil {
		t.Errorf("a sound product: %v", err)
	}
	e := &p.Tags[0].Evidence[0]
	e.Bytes = []byte(strings.Repeat("x", MaxEvidenceBytes))
	e.Length = 100000
	if err := p.Validate(); err != nil {
		t.Errorf("evidence of the largest size: %v", err)
	}
}

// Each broken thing by itself is named, and nothing else is.
func TestValidateNamesWhatIsBroken(t *testing.T) {
	cases := []struct {
		name, want string
		spoil      func(*Product)
	}{
		{"id", `product id "x" is not a digest`, func(p *Product) { p.ID = "x" }},
		{"name", "has no name or no path", func(p *Product) { p.Name = "" }},
		{"path", "has no name or no path", func(p *Product) { p.Paths = nil }},
		{"image id", `image "": not a digest`, func(p *Product) { p.Images = append(p.Images, Image{Places: []Place{{}}}) }},
		{"image twice", "listed twice", func(p *Product) { p.Images = append(p.Images, p.Images[0]) }},
		{"place", "image " + id("lib").Short() + " has no place", func(p *Product) { p.Images[1].Places = nil }},
		{"link from", "link loads from unknown image", func(p *Product) { p.Links[0].From = id("nobody") }},
		{"link to nobody", `link loads "lib"`, func(p *Product) { p.Links[0].To = id("nobody") }},
		{"inside to nothing", "target inside with id", func(p *Product) { p.Links[0].To = "" }},
		{"system to an image", "target system with id", func(p *Product) { p.Links[1].To = id("lib") }},
		{"tag on nobody", "tag exfil.upload on unknown image", func(p *Product) { p.Tags[0].Image = id("nobody") }},
		{"grade", "has no grade or no evidence", func(p *Product) { p.Tags[0].Grade = "sure" }},
		{"evidence", "has no grade or no evidence", func(p *Product) { p.Tags[0].Evidence = nil }},
		{"much evidence", `evidence "store" at 100 is out of bounds`, func(p *Product) {
			p.Tags[0].Evidence[0].Bytes, p.Tags[0].Evidence[0].Length = make([]byte, MaxEvidenceBytes+1), 1000
		}},
		{"more bytes than length", "is out of bounds", func(p *Product) { p.Tags[0].Evidence[0].Length = 1 }},
		{"length below zero", "is out of bounds", func(p *Product) { p.Tags[0].Evidence[0].Length = -5 }},
		{"before the slice", "evidence \"store\" at 99 is out of bounds", func(p *Product) { p.Tags[0].Evidence[0].Offset = 99 }},
		{"files", "coverage: 7 files, but 1 analysed + 3 skipped + 2 unreadable", func(p *Product) { p.Coverage.Files++ }},
		{"reasons", "coverage: reasons sum to 6, but 5 files", func(p *Product) { p.Coverage.Reasons[0].Count++ }},
	}
	for _, c := range cases {
		p := sound()
		c.spoil(p)
		err := p.Validate()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v, want one with %q and nothing else", c.name, err, c.want)
		}
	}
}

func TestValidateNamesEverything(t *testing.T) {
	p := sound()
	p.ID, p.Tags[0].Image, p.Coverage.Analysed = "x", "", 9
	err := p.Validate()
	if err == nil || len(strings.Split(err.Error(), "\n")) != 3 {
		t.Errorf("error is %v, want three lines", err)
	}
}

func TestGradeRank(t *testing.T) {
	for i, g := range []Grade{"", GradeMentions, GradeLikely, GradeShown} {
		if g.Rank() != i {
			t.Errorf("rank of %q is %d, want %d", g, g.Rank(), i)
		}
	}
	if Grade("sure").Rank() != 0 {
		t.Error("a word that is no grade has a rank")
	}
}

func TestRoleEntry(t *testing.T) {
	entry := map[Role]bool{RoleMain: true, RoleHelperApp: true, RoleLoginItem: true, RoleHelper: true, RoleExtension: true, RoleXPC: true}
	for _, r := range []Role{RoleMain, RoleHelperApp, RoleLoginItem, RoleHelper, RoleExtension, RoleXPC, RoleFramework, RolePlugin, RoleLibrary, RoleObject, RoleSymbols, ""} {
		if r.Entry() != entry[r] {
			t.Errorf("%q: entry is %v, want %v", r, r.Entry(), entry[r])
		}
	}
}

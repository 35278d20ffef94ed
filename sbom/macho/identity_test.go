package macho

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
)

const entitlementsXML = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
	<key>com.apple.security.app-sandbox</key><true/>
	<key>com.apple.security.network.client</key><false/>
	<key>application-identifier</key><string>TEAM.com.example &amp; co</string>
	<key>level</key><integer>7</integer>
	<key>com.apple.security.application-groups</key><array><string>a.b</string><string>&lt;c&gt;</string></array>
	<key>nested</key><dict><key>z</key><integer>-1</integer><key>a</key><array/></dict>
</dict></plist>`

// TestSignature reads what a signature claims.
func TestSignature(t *testing.T) {
	b := machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "com.example.sample", Team: "ABCDE12345", CMS: true, Entitlements: entitlementsXML})
	s := one(t, b, Options{})
	want(t, "signature", s.Image.Signature, &sbom.Signature{Identifier: "com.example.sample", Team: "ABCDE12345", CMS: true, Entitlements: []sbom.KeyValue{
		{Key: "application-identifier", Value: "TEAM.com.example & co"},
		{Key: "com.apple.security.app-sandbox", Value: "true"},
		{Key: "com.apple.security.application-groups", Value: `["a.b","<c>"]`},
		{Key: "com.apple.security.network.client", Value: "false"},
		{Key: "level", Value: "7"},
		{Key: "nested", Value: `{"a":[],"z":-1}`},
	}})
	want(t, "keys", facts(t, s, b, sbom.FactEntitlement), []string{"com.apple.security.app-sandbox", "com.apple.security.network.client",
		"application-identifier", "level", "com.apple.security.application-groups", "nested"})
	// The code directory is the first blob behind the index of three.
	at := binary.LittleEndian.Uint32(b[signatureCommand(b)+8:]) + 12 + 3*8
	sum := sha256.Sum256(b[at : at+binary.BigEndian.Uint32(b[at+4:])])
	want(t, "cdhash", s.Image.Identity(sbom.IdentCDHash), hex.EncodeToString(sum[:20]))

	adhoc := one(t, machotest.Sign(machotest.Sample(true), machotest.Signature{Identifier: "x", AdHoc: true}), Options{}).Image.Signature
	want(t, "ad-hoc", adhoc, &sbom.Signature{Identifier: "x", Flags: 2, AdHoc: true})
}

func signatureCommand(b []byte) int64 {
	s := slice{b: b, bo: leOrder}
	for off, i := int64(32), uint32(0); i < s.u32(16); i++ {
		if s.u32(uint64(off)) == lcSignature {
			return off
		}
		off += int64(s.u32(uint64(off + 4)))
	}
	return -1
}

// TestUnsignedDigest wants one value for an image without a signature, signed,
// and signed again; and another for any change of the image itself.
func TestUnsignedDigest(t *testing.T) {
	for _, plain := range [][]byte{machotest.Sample(false), machotest.Sample(true), machotest.Image{Arch: "x86_64", Strings: []string{"odd length"}}.Build()} {
		id := func(b []byte) string { return one(t, b, Options{}).Image.Identity(sbom.IdentUnsigned) }
		first := id(plain)
		adhoc := machotest.Sign(plain, machotest.Signature{Identifier: "x", AdHoc: true})
		again := machotest.Sign(adhoc, machotest.Signature{Identifier: "another", Team: "ABCDE12345", CMS: true, Entitlements: entitlementsXML})
		if len(first) != 64 || id(adhoc) != first || id(again) != first {
			t.Errorf("unsigned %s, ad-hoc %s, signed again %s", first, id(adhoc), id(again))
		}
		if string(adhoc) == string(again) || one(t, adhoc, Options{}).Image.Digest == one(t, plain, Options{}).Image.Digest {
			t.Error("signing changed nothing")
		}
		// A change of code, of a literal, of a load command or of the last table counts.
		for _, at := range []int{40, len(plain) / 2, len(plain) - 2} {
			b := slices.Clone(plain)
			b[at] ^= 1
			if f, err := ReadBytes(b, Options{}); err != nil || f.Slices[0].Image.Identity(sbom.IdentUnsigned) == first {
				t.Errorf("changing byte %d does not change the digest (%v)", at, err)
			}
		}
	}
}

// TestTextDigest wants the digest of the code alone, and none without code.
func TestTextDigest(t *testing.T) {
	id := func(im machotest.Image) string { return one(t, im.Build(), Options{}).Image.Identity(sbom.IdentText) }
	a, b, c := id(machotest.Image{Strings: []string{"a"}}), id(machotest.Image{Strings: []string{"b"}, Type: "dylib"}), id(machotest.Image{Code: []byte("other code")})
	if len(a) != 64 || a != b || a == c {
		t.Errorf("same code %s %s, other code %s", a, b, c)
	}
	bare := machotest.Image{}.Build()
	clear(bare[32+72+40 : 32+72+48]) // size of the first section, __text
	if got := one(t, bare, Options{}).Image.Identity(sbom.IdentText); got != "" {
		t.Errorf("empty code has digest %s", got)
	}
}

// TestEntitlements wants a gap, and what was read before it, from damaged lists.
func TestEntitlements(t *testing.T) {
	deep := "<plist><dict><key>first</key><true/><key>deep</key>" + repeat("<array>", 100000) + "</plist>"
	for name, c := range map[string]struct {
		text string
		keys int
	}{
		"deep": {deep, 1}, "cut": {"<plist><dict><key>first</key><true/><key>sec", 1}, "no dictionary": {"<plist><string>x</string></plist>", 0},
		"no value": {"<plist><dict><key>first</key><true/><key>second</key></dict></plist>", 1}, "not xml": {"bplist00....", 0},
		"large":  {"<plist><dict><key>first</key><string>" + repeat("x", 2<<20) + "</string></dict></plist>", 0},
		"no key": {"<plist><dict><key>first</key><true/><string>second</string></dict></plist>", 1},
	} {
		b := machotest.Sign(machotest.Sample(false), machotest.Signature{Identifier: "x", Entitlements: c.text})
		f, err := ReadBytes(b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := f.Slices[0]
		if len(s.Gaps) != 1 || len(s.Image.Signature.Entitlements) != c.keys {
			t.Errorf("%s: gaps %+v, entitlements %.100v", name, s.Gaps, s.Image.Signature.Entitlements)
		}
	}
}

func repeat(s string, n int) string { return string(slices.Repeat([]byte(s), n)) }

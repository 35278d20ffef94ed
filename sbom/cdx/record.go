package cdx

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Records are the JSON forms of nouns inside property values. Each has the
// fields of its noun in the same order, so that Go converts one to the other
// and the compiler says when a noun has grown.

type placeRecord struct {
	Path   string      `json:"path"`
	File   sbom.Digest `json:"file"`
	Offset int64       `json:"offset"`
	Bundle string      `json:"bundle"`
	Role   sbom.Role   `json:"role"`
}

type identityRecord struct {
	Method string `json:"method"`
	Value  string `json:"value"`
}

type loadRecord struct {
	Name    string        `json:"name"`
	Kind    sbom.LoadKind `json:"kind"`
	Current string        `json:"current,omitempty"`
	Compat  string        `json:"compat,omitempty"`
	Imports int           `json:"imports"`
}

type toolRecord struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type buildRecord struct {
	Platform string       `json:"platform"`
	MinOS    string       `json:"minOS,omitempty"`
	SDK      string       `json:"sdk,omitempty"`
	Tools    []toolRecord `json:"tools,omitempty"`
}

type keyValueRecord struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type signatureRecord struct {
	Identifier   string           `json:"identifier"`
	Team         string           `json:"team"`
	Flags        uint32           `json:"flags"`
	AdHoc        bool             `json:"adHoc"`
	CMS          bool             `json:"cms"`
	Entitlements []keyValueRecord `json:"entitlements,omitempty"`
}

type countsRecord struct {
	Functions int `json:"functions"`
	Strings   int `json:"strings"`
	CFStrings int `json:"cfstrings"`
	Imports   int `json:"imports"`
	Exports   int `json:"exports"`
	Selectors int `json:"selectors"`
	Symbols   int `json:"symbols"`
}

type privacyRecord struct {
	Tracking        bool     `json:"tracking"`
	TrackingDomains []string `json:"trackingDomains,omitempty"`
	Collected       []string `json:"collected,omitempty"`
	Accessed        []string `json:"accessed,omitempty"`
	File            string   `json:"file,omitempty"`
}

type nibsRecord struct {
	Read    int              `json:"read"`
	Unread  int              `json:"unread,omitempty"`
	Classes []keyValueRecord `json:"classes,omitempty"`
	Sends   []string         `json:"sends,omitempty"`
}

type reasonRecord struct {
	Status string `json:"status"`
	Why    string `json:"why"`
	Count  int    `json:"count"`
}

type gapRecord struct {
	Kind   sbom.GapKind `json:"kind"`
	Path   string       `json:"path"`
	Image  sbom.Digest  `json:"image,omitempty"`
	Offset int64        `json:"offset"`
	Why    string       `json:"why"`
	Count  int          `json:"count"`
}

type noteRecord struct {
	Kind   sbom.NoteKind `json:"kind"`
	Path   string        `json:"path"`
	Digest sbom.Digest   `json:"digest,omitempty"`
	Text   string        `json:"text,omitempty"`
}

type inputRecord struct {
	Path   string      `json:"path"`
	Kind   string      `json:"kind"`
	Digest sbom.Digest `json:"sha256"`
	Files  int         `json:"files"`
	Bytes  int64       `json:"bytes"`
}

// linkRecord is one link of the component that carries it: From is that image.
type linkRecord struct {
	Kind     sbom.LinkKind    `json:"kind"`
	To       string           `json:"to"` // bom-ref, the same as in dependsOn
	Target   sbom.Target      `json:"target"`
	Name     string           `json:"name,omitempty"`
	Load     sbom.LoadKind    `json:"load,omitempty"`
	How      string           `json:"how,omitempty"`
	Soft     bool             `json:"soft,omitempty"`
	Seen     bool             `json:"seen,omitempty"`
	Symbols  []string         `json:"symbols,omitempty"`
	Evidence []evidenceRecord `json:"evidence,omitempty"`
}

// tagRecord keeps address and mark as null when the tag is of the whole image:
// that they are there from the first version on is a promise to readers.
type tagRecord struct {
	Capability  string           `json:"capability"`
	Grade       sbom.Grade       `json:"grade"`
	Image       sbom.Digest      `json:"image"`
	Address     *string          `json:"address"` // 0x... : numbers above 2^53 are not safe in JSON
	Mark        *string          `json:"mark"`
	Rule        string           `json:"rule"`
	RulesDigest sbom.Digest      `json:"rulesDigest"`
	Stores      []string         `json:"stores,omitempty"`
	Flags       []string         `json:"flags,omitempty"`
	Evidence    []evidenceRecord `json:"evidence"`
	Scope       sbom.Scope       `json:"scope,omitempty"`
	Symbol      string           `json:"symbol,omitempty"`
}

// evidenceRecord shows printable ASCII as text, and everything else as base64.
type evidenceRecord struct {
	File    sbom.Digest   `json:"file"`
	Slice   int64         `json:"slice"`
	Section string        `json:"section,omitempty"`
	Offset  int64         `json:"offset"`
	Length  int64         `json:"length"`
	Text    string        `json:"text,omitempty"`
	Bytes   []byte        `json:"bytes,omitempty"`
	Kind    sbom.FactKind `json:"kind,omitempty"`
	Signal  string        `json:"signal,omitempty"`

	How      string `json:"how,omitempty"`
	Meaning  []byte `json:"meaning,omitempty"`
	Function string `json:"function,omitempty"` // hexadecimal
	Symbol   string `json:"symbol,omitempty"`
	Path     string `json:"path,omitempty"`
	Use      string `json:"use,omitempty"`
}

// mapped converts a list; an empty list becomes nil.
func mapped[A, B any](list []A, f func(A) B) []B {
	if len(list) == 0 {
		return nil
	}
	out := make([]B, len(list))
	for i := range list {
		out[i] = f(list[i])
	}
	return out
}

func evidenceOut(e sbom.Evidence) evidenceRecord {
	r := evidenceRecord{e.File, e.Slice, e.Section, e.Offset, e.Length, "", nil, e.Kind, e.Signal, e.How, e.Meaning, "", e.Symbol, e.Path, e.Use}
	if e.Function != 0 {
		r.Function = hexadecimal(e.Function)
	}
	for _, b := range e.Bytes {
		if b < 0x20 || b > 0x7e {
			r.Bytes = e.Bytes
			return r
		}
	}
	r.Text = string(e.Bytes)
	return r
}

// evidenceIn reads a record. An address that is none is left out: it is a help
// to the reader, and the bytes are what counts.
func evidenceIn(r evidenceRecord) sbom.Evidence {
	e := sbom.Evidence{File: r.File, Slice: r.Slice, Section: r.Section, Offset: r.Offset, Length: r.Length,
		Bytes: r.Bytes, Kind: r.Kind, Signal: r.Signal, How: r.How, Meaning: r.Meaning, Symbol: r.Symbol, Path: r.Path, Use: r.Use}
	if r.Text != "" {
		e.Bytes = []byte(r.Text)
	}
	if r.Function != "" {
		e.Function, _ = address(r.Function)
	}
	return e
}

func hexadecimal(a uint64) string { return "0x" + strconv.FormatUint(a, 16) }

func address(s string) (uint64, error) {
	hex, ok := strings.CutPrefix(s, "0x")
	a, err := strconv.ParseUint(hex, 16, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("address %q is not hexadecimal", clip(s, 40))
	}
	return a, nil
}

func tagOut(t sbom.Tag) tagRecord {
	r := tagRecord{Capability: t.Capability, Grade: t.Grade, Image: t.Image, Rule: t.Rule, RulesDigest: t.RulesDigest,
		Stores: t.Stores, Flags: t.Flags, Evidence: mapped(t.Evidence, evidenceOut), Scope: t.Scope, Symbol: t.Symbol}
	if t.Address != nil {
		a := hexadecimal(*t.Address)
		r.Address = &a
	}
	if t.Mark != "" {
		r.Mark = &t.Mark
	}
	return r
}

func tagIn(r tagRecord) (sbom.Tag, error) {
	t := sbom.Tag{Capability: r.Capability, Grade: r.Grade, Image: r.Image, Rule: r.Rule, RulesDigest: r.RulesDigest,
		Stores: r.Stores, Flags: r.Flags, Evidence: mapped(r.Evidence, evidenceIn), Scope: r.Scope, Symbol: r.Symbol}
	if r.Address != nil {
		a, err := address(*r.Address)
		if err != nil {
			return t, err
		}
		t.Address = &a
	}
	if r.Mark != nil {
		t.Mark = *r.Mark
	}
	return t, nil
}

func linkOut(l sbom.Link, to string) linkRecord {
	return linkRecord{l.Kind, to, l.Target, l.Name, l.Load, l.How, l.Soft, l.Seen, l.Symbols, mapped(l.Evidence, evidenceOut)}
}

func linkIn(r linkRecord, from sbom.Digest) (sbom.Link, error) {
	l := sbom.Link{Kind: r.Kind, From: from, Target: r.Target, Name: r.Name, Load: r.Load, How: r.How, Soft: r.Soft,
		Seen: r.Seen, Symbols: r.Symbols, Evidence: mapped(r.Evidence, evidenceIn)}
	if r.Target == sbom.TargetInside {
		id, ok := strings.CutPrefix(r.To, "image:")
		if !ok {
			return l, fmt.Errorf("link to %q: not an image", clip(r.To, 80))
		}
		l.To = sbom.Digest(id)
	}
	return l, nil
}

func buildOut(b sbom.Build) buildRecord {
	return buildRecord{b.Platform, b.MinOS, b.SDK, mapped(b.Tools, func(t sbom.Tool) toolRecord { return toolRecord(t) })}
}

func buildIn(r buildRecord) sbom.Build {
	return sbom.Build{Platform: r.Platform, MinOS: r.MinOS, SDK: r.SDK,
		Tools: mapped(r.Tools, func(t toolRecord) sbom.Tool { return sbom.Tool(t) })}
}

func signatureOut(s *sbom.Signature) signatureRecord {
	return signatureRecord{s.Identifier, s.Team, s.Flags, s.AdHoc, s.CMS, keyValuesOut(s.Entitlements)}
}

func signatureIn(r *signatureRecord) *sbom.Signature {
	return &sbom.Signature{Identifier: r.Identifier, Team: r.Team, Flags: r.Flags, AdHoc: r.AdHoc, CMS: r.CMS,
		Entitlements: keyValuesIn(r.Entitlements)}
}

func keyValuesOut(l []sbom.KeyValue) []keyValueRecord {
	return mapped(l, func(k sbom.KeyValue) keyValueRecord { return keyValueRecord(k) })
}

func keyValuesIn(l []keyValueRecord) []sbom.KeyValue {
	return mapped(l, func(k keyValueRecord) sbom.KeyValue { return sbom.KeyValue(k) })
}

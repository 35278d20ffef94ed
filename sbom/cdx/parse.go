package cdx

import (
	"errors"
	"fmt"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// parser collects a product from the components of a BOM, wherever they stand:
// another tool may have moved them.
type parser struct {
	p       *sbom.Product
	product bool   // the product's own component was met
	changed int    // fields that say something else than their property
	first   string // the first of them
}

func parse(bom *cyclonedx.BOM) (*Document, error) {
	if bom.Metadata == nil || bom.Metadata.Component == nil {
		return nil, errors.New("the BOM has no metadata.component; kinbom reads the BOMs that kinbom writes")
	}
	o, err := parseOptions(bom)
	if err != nil {
		return nil, err
	}
	r := &parser{p: new(sbom.Product)}
	if err := r.component(bom.Metadata.Component); err != nil {
		return nil, err
	}
	if err := r.components(bom.Components); err != nil {
		return nil, err
	}
	if !r.product {
		return nil, errors.New("the BOM names no product in " + propProductID)
	}
	if why := r.touched(bom); why != "" {
		r.p.Gaps = append(r.p.Gaps, sbom.Gap{Kind: sbom.GapInconsistent, Offset: -1, Count: 1, Why: "the BOM was changed after it was written: " + why})
	}
	r.p.Normalize()
	if err := check(r.p); err != nil {
		return nil, err
	}
	return &Document{Product: r.p, Options: o}, nil
}

// touched says how one sees that the BOM was changed, or "".
func (r *parser) touched(bom *cyclonedx.BOM) string {
	switch {
	case r.changed > 0:
		return fmt.Sprintf("%d of its fields and properties disagree, the first is the %s; the properties were taken", r.changed, r.first)
	case !untouched(bom):
		return "its serial number is not that of its content"
	}
	return ""
}

func parseOptions(bom *cyclonedx.BOM) (Options, error) {
	o := Options{Version: bom.SpecVersion.String()}
	s := newPropSet(bom.Metadata.Properties)
	switch schema := s.raw(propSchema); {
	case schema == "":
		return o, errors.New("the BOM has no property " + propSchema + "; kinbom reads the BOMs that kinbom writes")
	case schema != schemaBOM:
		return o, fmt.Errorf("the BOM has schema %q; this version reads %s", clip(schema, 80), schemaBOM)
	}
	o.Rules = sbom.Digest(s.text(propRules))
	var inputs []inputRecord
	s.record(propInputs, &inputs)
	o.Inputs = mapped(inputs, func(i inputRecord) sbom.Input { return sbom.Input(i) })
	if s.err != nil {
		return o, s.err
	}
	if err := digest("rules", o.Rules); err != nil {
		return o, err
	}
	if err := checkInputs(o.Inputs); err != nil {
		return o, err
	}
	if t := bom.Metadata.Tools; t != nil && t.Components != nil && len(*t.Components) > 0 {
		o.Tool, o.ToolVersion = (*t.Components)[0].Name, (*t.Components)[0].Version
	}
	if a := bom.Metadata.Authors; a != nil && len(*a) > 0 {
		o.Author = (*a)[0].Name
	}
	if ts := bom.Metadata.Timestamp; ts != "" {
		t, err := time.Parse(time.RFC3339, ts)
		if err != nil {
			return o, fmt.Errorf("timestamp %q: %w", clip(ts, 80), err)
		}
		o.Timestamp = t.UTC()
	}
	return o, nil
}

func (r *parser) components(list *[]cyclonedx.Component) error {
	if list == nil {
		return nil
	}
	for i := range *list {
		if err := r.component(&(*list)[i]); err != nil {
			return err
		}
	}
	return nil
}

// component reads one component and those below it. Components without a
// kinbom:kind, or of a kind that we do not know, are not ours.
func (r *parser) component(c *cyclonedx.Component) error {
	s := newPropSet(c.Properties)
	var err error
	switch s.raw(propKind) {
	case kindProduct:
		err = r.readProduct(c, s)
	case kindBundle:
		r.p.Bundles = append(r.p.Bundles, r.readBundle(c, s))
	case kindImage:
		err = r.readImage(c, s)
	case kindPackage:
		r.readPackage(c, s)
	case kindSystem, kindOutside, kindMissing:
		r.agreeBare(c, s.raw(propKind), nil, nil)
	}
	if err == nil {
		err = s.err
	}
	if err != nil {
		return fmt.Errorf("component %q: %w", clip(c.BOMRef, 120), err)
	}
	return r.components(c.Components)
}

// agree notes a field that says something else than its property.
func (r *parser) agree(c *cyclonedx.Component, field, has, want string) {
	if has == want || squeeze(has) == squeeze(want) {
		return
	}
	if r.changed == 0 {
		r.first = field + " of " + clip(plain(c.BOMRef), 120)
	}
	r.changed++
}

func (r *parser) readProduct(c *cyclonedx.Component, s *propSet) error {
	if r.product {
		return errors.New("a second product in one BOM")
	}
	r.product = true
	p := r.p
	p.ID = sbom.Digest(s.text(propProductID))
	p.Kind = sbom.ProductKind(s.text(propProductKind))
	p.Name = s.text(propProductName)
	p.BundleID = s.text(propProductBundleID)
	p.Version = s.text(propProductVersion)
	p.Build = s.text(propProductBuild)
	p.Platform = s.text(propProductPlatform)
	p.Team = s.text(propProductTeam)
	s.record(propProductPaths, &p.Paths)
	v := &p.Coverage
	v.Files = int(s.number(propCoverageFiles))
	v.Analysed = int(s.number(propCoverageAnalysed))
	v.Skipped = int(s.number(propCoverageSkipped))
	v.Unreadable = int(s.number(propCoverageUnreadable))
	var reasons []reasonRecord
	s.record(propCoverageReasons, &reasons)
	v.Reasons = mapped(reasons, func(x reasonRecord) sbom.Reason { return sbom.Reason(x) })
	if s.has(propBundlePath) {
		p.Bundles = append(p.Bundles, readBundle(s))
	}
	for _, n := range readRecords[noteRecord](s, propNote) {
		p.Notes = append(p.Notes, sbom.Note(n))
	}
	r.readGaps(s)
	r.agree(c, "name", c.Name, plain(p.Name))
	r.agree(c, "version", c.Version, versionField(p.Version))
	return nil
}

func (r *parser) readBundle(c *cyclonedx.Component, s *propSet) sbom.Bundle {
	b := readBundle(s)
	r.agree(c, "version", c.Version, versionField(b.Version))
	return b
}

func readBundle(s *propSet) sbom.Bundle {
	b := sbom.Bundle{
		Path:           s.text(propBundlePath),
		Kind:           sbom.BundleKind(s.text(propBundleKind)),
		Role:           sbom.Role(s.text(propBundleRole)),
		Name:           s.text(propBundleName),
		ID:             s.text(propBundleID),
		Version:        s.text(propBundleVersion),
		Build:          s.text(propBundleBuild),
		Executable:     s.text(propBundleExecutable),
		MinOS:          s.text(propBundleMinOS),
		Category:       s.text(propBundleCategory),
		ExtensionPoint: s.text(propBundleExtensionPoint),
	}
	var classes, usage []keyValueRecord
	s.record(propBundleClasses, &classes)
	b.Classes = keyValuesIn(classes)
	s.record(propBundleUsage, &usage)
	b.Usage = keyValuesIn(usage)
	if s.has(propBundlePrivacy) {
		var p privacyRecord
		s.record(propBundlePrivacy, &p)
		b.Privacy = (*sbom.Privacy)(&p)
	}
	if s.has(propBundleNibs) {
		var n nibsRecord
		s.record(propBundleNibs, &n)
		b.Nibs = &sbom.Nibs{Read: n.Read, Unread: n.Unread, Classes: keyValuesIn(n.Classes), Sends: n.Sends}
	}
	return b
}

func (r *parser) readGaps(s *propSet) {
	for _, g := range readRecords[gapRecord](s, propGap) {
		r.p.Gaps = append(r.p.Gaps, sbom.Gap(g))
	}
}

func (r *parser) readPackage(c *cyclonedx.Component, s *propSet) {
	k := sbom.Package{
		PURL:    s.text(propPackagePURL),
		Name:    s.text(propPackageName),
		Version: s.text(propPackageVersion),
		Type:    s.text(propPackageType),
		FoundBy: s.text(propPackageFoundBy),
		Place:   s.text(propPackagePlace),
		Bundle:  s.text(propPackageBundle),
		Main:    s.flag(propPackageMain),
	}
	s.record(propPackageLicenses, &k.Licenses)
	var seen []evidenceRecord
	s.record(propPackageEvidence, &seen)
	k.Evidence = mapped(seen, evidenceIn)
	r.p.Packages = append(r.p.Packages, k)
	r.agree(c, "name", c.Name, plain(k.Name))
	r.agree(c, "version", c.Version, versionField(k.Version))
	r.agree(c, "purl", c.PackageURL, purlField(k.PURL))
}

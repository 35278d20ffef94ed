package cdx

import (
	"cmp"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

func method(t cyclonedx.EvidenceIdentityTechnique, sure float64, value string) cyclonedx.EvidenceIdentityMethod {
	s := float32(sure)
	return cyclonedx.EvidenceIdentityMethod{Technique: t, Confidence: &s, Value: plain(value)}
}

// identity is one field with the methods that say it; its confidence is that
// of its surest method.
func identity(f cyclonedx.EvidenceIdentityFieldType, value string, methods ...cyclonedx.EvidenceIdentityMethod) cyclonedx.EvidenceIdentity {
	best := float32(0)
	for _, m := range methods {
		best = max(best, *m.Confidence)
	}
	return cyclonedx.EvidenceIdentity{Field: f, Confidence: &best, ConcludedValue: plain(value), Methods: &methods}
}

func evidence(ids []cyclonedx.EvidenceIdentity, at []cyclonedx.EvidenceOccurrence) *cyclonedx.Evidence {
	e := &cyclonedx.Evidence{Occurrences: listPointer(at)}
	if len(ids) > 0 {
		e.Identity = &cyclonedx.EvidenceIdentityChoice{Identities: &ids}
	}
	return e
}

func manifestIdentity(name, version, file string) []cyclonedx.EvidenceIdentity {
	var out []cyclonedx.EvidenceIdentity
	m := method(cyclonedx.EvidenceIdentityTechniqueManifestAnalysis, sureManifest, file)
	if name != "" {
		out = append(out, identity(cyclonedx.EvidenceIdentityFieldTypeName, name, m))
	}
	if version != "" {
		out = append(out, identity(cyclonedx.EvidenceIdentityFieldTypeVersion, version, m))
	}
	return out
}

// occurrence is a place by its path; "." is the product itself. CycloneDX has
// no occurrence without a location.
func occurrence(path string) cyclonedx.EvidenceOccurrence {
	return cyclonedx.EvidenceOccurrence{Location: cmp.Or(plain(path), ".")}
}

// imageEvidence says how an image was recognised and where it lies.
func (w *writer) imageEvidence(m *sbom.Image) *cyclonedx.Evidence {
	hash := []cyclonedx.EvidenceIdentityMethod{method(cyclonedx.EvidenceIdentityTechniqueHashComparison, sureDigest, "sha256:"+string(m.Digest))}
	for _, i := range m.Identities {
		hash = append(hash, method(cyclonedx.EvidenceIdentityTechniqueBinaryAnalysis, sureBinary, i.Method+":"+i.Value))
	}
	name := []cyclonedx.EvidenceIdentityMethod{method(cyclonedx.EvidenceIdentityTechniqueFilename, sureFilename, m.Places[0].Path)}
	if m.InstallName != "" {
		name = append(name, method(cyclonedx.EvidenceIdentityTechniqueBinaryAnalysis, sureBinary, m.InstallName))
	}
	ids := []cyclonedx.EvidenceIdentity{
		identity(cyclonedx.EvidenceIdentityFieldTypeHash, string(m.Digest), hash...),
		identity(cyclonedx.EvidenceIdentityFieldTypeName, imageName(m), name...),
	}
	if m.CurrentVersion != "" {
		ids = append(ids, identity(cyclonedx.EvidenceIdentityFieldTypeVersion, m.CurrentVersion,
			method(cyclonedx.EvidenceIdentityTechniqueBinaryAnalysis, sureBinary, "current version of the library")))
	}
	tags := make([]*sbom.Tag, 0, len(w.tags[m.Digest]))
	for _, i := range w.tags[m.Digest] {
		tags = append(tags, &w.p.Tags[i])
	}
	e := evidence(ids, imageOccurrences(m, tags))
	e.Callstack = w.callstack(m, tags)
	return e
}

// licenses are for other tools: known ids as ids, one expression as such,
// anything else as a name. Our own reader takes kinbom:package:licenses.
func licenses(list []string) *cyclonedx.Licenses {
	if len(list) == 1 && isExpression(list[0]) {
		return &cyclonedx.Licenses{{Expression: plain(list[0])}}
	}
	var out cyclonedx.Licenses
	for _, s := range list {
		switch {
		case s == "":
		case isLicenseID(s):
			out = append(out, cyclonedx.LicenseChoice{License: &cyclonedx.License{ID: s}})
		default:
			out = append(out, cyclonedx.LicenseChoice{License: &cyclonedx.License{Name: plain(s)}})
		}
	}
	if len(out) == 0 {
		return nil
	}
	return &out
}

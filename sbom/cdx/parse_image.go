package cdx

import (
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// squeeze is a text with its white space as an XML reader may leave it.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// readImage reads one image with the links, tags and gaps that hang off it.
func (r *parser) readImage(c *cyclonedx.Component, s *propSet) error {
	m := sbom.Image{
		Digest:         sbom.Digest(s.text(propImageDigest)),
		Format:         s.text(propImageFormat),
		Arch:           s.text(propImageArch),
		Type:           s.text(propImageType),
		Size:           s.number(propImageSize),
		InstallName:    s.text(propImageInstallName),
		CurrentVersion: s.text(propImageCurrent),
		CompatVersion:  s.text(propImageCompat),
		Encrypted:      s.flag(propImageEncrypted),
		Stripped:       s.flag(propImageStripped),
		HostsMore:      int(s.number(propImageHostsMore)),
		Marks:          sbom.Digest(s.text(propImageMarks)),
	}
	readImageLists(&m, s)
	if s.has(propImageSignature) {
		var sig signatureRecord
		s.record(propImageSignature, &sig)
		m.Signature = signatureIn(&sig)
	}
	var counts countsRecord
	s.record(propImageCounts, &counts)
	m.Counts = sbom.Counts(counts)
	for _, x := range readRecords[linkRecord](s, propLink) {
		l, err := linkIn(x, m.Digest)
		if err != nil {
			return err
		}
		r.p.Links = append(r.p.Links, l)
	}
	var tags []*sbom.Tag
	for _, x := range readRecords[tagRecord](s, propTag) {
		t, err := tagIn(x)
		if err != nil {
			return err
		}
		r.p.Tags = append(r.p.Tags, t)
		tags = append(tags, &t)
	}
	r.readGaps(s)
	r.p.Images = append(r.p.Images, m)
	r.agree(c, "version", c.Version, versionField(m.CurrentVersion))
	r.agreeBare(c, kindImage, &m, tags)
	r.agree(c, "hash", hashField(c), string(m.Digest))
	return nil
}

func readImageLists(m *sbom.Image, s *propSet) {
	var places []placeRecord
	s.record(propImagePlaces, &places)
	m.Places = mapped(places, func(x placeRecord) sbom.Place { return sbom.Place(x) })
	var ids []identityRecord
	s.record(propImageIdentities, &ids)
	m.Identities = mapped(ids, func(x identityRecord) sbom.Identity { return sbom.Identity(x) })
	var loads []loadRecord
	s.record(propImageLoads, &loads)
	m.Loads = mapped(loads, func(x loadRecord) sbom.Load { return sbom.Load(x) })
	var builds []buildRecord
	s.record(propImageBuilds, &builds)
	m.Builds = mapped(builds, buildIn)
	s.record(propImageRpaths, &m.Rpaths)
	s.record(propImageClasses, &m.Classes)
	s.record(propImageCategories, &m.Categories)
	s.record(propImageProtocols, &m.Protocols)
	s.record(propImageSwiftTypes, &m.SwiftTypes)
	s.record(propImageHosts, &m.Hosts)
}

func hashField(c *cyclonedx.Component) string {
	if c.Hashes != nil {
		for _, h := range *c.Hashes {
			if h.Algorithm == cyclonedx.HashAlgoSHA256 {
				return h.Value
			}
		}
	}
	return ""
}

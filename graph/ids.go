package graph

import (
	"strconv"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// ProductNode is the node id of a product.
func ProductNode(d sbom.Digest) string { return string(NodeProduct) + ":" + string(d) }

// BundleNode is the node id of a bundle; the root bundle of a product has the
// path "".
func BundleNode(product sbom.Digest, path string) string {
	return string(NodeBundle) + ":" + string(product) + "/" + path
}

// ImageNode is the node id of an image.
func ImageNode(d sbom.Digest) string { return string(NodeImage) + ":" + string(d) }

// UnitNode is the node id of the code unit at an address of an image. The
// address is written in hexadecimal without a prefix.
func UnitNode(image sbom.Digest, address uint64) string {
	return string(NodeUnit) + ":" + string(image) + "@" + strconv.FormatUint(address, 16)
}

// PackageNode is the node id of a package: its package URL, or "type/name@version"
// when it has none.
func PackageNode(p sbom.Package) string {
	if p.PURL != "" {
		return string(NodePackage) + ":" + p.PURL
	}
	return string(NodePackage) + ":" + p.Type + "/" + p.Name + "@" + p.Version
}

// CapabilityNode is the node id of a capability.
func CapabilityNode(id string) string { return string(NodeCapability) + ":" + id }

// SystemNode is the node id of a library of the operating system.
func SystemNode(installName string) string { return string(NodeSystem) + ":" + installName }

// GapNode is the node id of a reference of a product that leads nowhere.
func GapNode(product sbom.Digest, reference string) string {
	return string(NodeGap) + ":" + string(product) + "/" + reference
}

// KindOf is the kind that a node id begins with; "" when it has no colon.
func KindOf(id string) NodeKind {
	kind, _, ok := strings.Cut(id, ":")
	if !ok {
		return ""
	}
	return NodeKind(kind)
}

// ImageOf is the image that an image or unit node id names.
func ImageOf(id string) (sbom.Digest, bool) {
	kind, rest, _ := strings.Cut(id, ":")
	switch NodeKind(kind) {
	case NodeImage:
		return sbom.Digest(rest), true
	case NodeUnit:
		image, _, ok := strings.Cut(rest, "@")
		return sbom.Digest(image), ok
	}
	return "", false
}

package macho

import "github.com/kinbom/kinbom/sbom/fingerprint"

func (s *slice) relocate() {}

func (c *coder) synthetic(addr uint64) fingerprint.Target { return nothing(fingerprint.TargetNone) }

package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/catalog"
)

// catalogAll asks syft about every product, one after the other in one child.
func (s *scanner) catalogAll(ctx context.Context, drafts []*draft, wants [][]catalog.File) error {
	for i, d := range drafts {
		if err := s.catalog(ctx, d, wants[i]); err != nil {
			return err
		}
		s.step("packages of " + d.name)
	}
	return nil
}

// catalog asks about some files of a product. If that kills the child, the list
// is halved until the deadly file is alone; it becomes a gap.
func (s *scanner) catalog(ctx context.Context, d *draft, files []catalog.File) error {
	if len(files) == 0 {
		return nil
	}
	var size int64
	for _, f := range files {
		size += f.Size
	}
	b, err := s.ask(s.packages, askPackages, files, 30*time.Second+deadline(size))
	if err == nil {
		var got catalog.Found
		if err := json.Unmarshal(b, &got); err != nil {
			return fmt.Errorf("decoding packages: %w", err)
		}
		d.packages = append(d.packages, got.Packages...)
		for _, t := range got.Troubles {
			d.gaps = append(d.gaps, sbom.Gap{Kind: sbom.GapUnreadable, Path: t.Path, Offset: -1, Count: 1, Why: "packages: not readable for " + t.Cataloger})
		}
		d.markUsed(files)
		return nil
	}
	if fatal(ctx, err) {
		return err
	}
	if g := s.gapOf(err); len(files) == 1 || g.Kind == sbom.GapLimit {
		g.Path, g.Why = files[0].Path, "packages: "+strings.TrimPrefix(g.Why, "packages: ")
		g.Count = len(files)
		d.gaps = append(d.gaps, g)
		return nil
	}
	half := len(files) / 2
	if err := s.catalog(ctx, d, files[:half]); err != nil {
		return err
	}
	return s.catalog(ctx, d, files[half:])
}

// markUsed counts manifests that syft read as analysed.
func (d *draft) markUsed(files []catalog.File) {
	set := map[string]bool{}
	for _, f := range files {
		set[f.Path] = true
	}
	for _, f := range d.files {
		if set[d.rel(f)] && f.used == "" && f.kind == "" {
			f.used = "package manifest"
		}
	}
}

// wantsPackages lists the files that syft is to look at.
func (d *draft) wantsPackages() []catalog.File {
	var out []catalog.File
	for _, f := range d.files {
		if f.trouble != nil || f.ignored || (!f.holds && !catalog.Wants(f.norm)) {
			continue
		}
		out = append(out, catalog.File{Path: d.rel(f), Disk: f.disk, Size: f.size, MachO: f.holds})
	}
	return out
}

package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/catalog"
)

// warm starts syft's child while files are hashed, when a file's name says that
// it will be needed: its licence texts take a second to load. The function that
// it returns waits for that to end.
func (s *scanner) warm(ctx context.Context, files []*file) (wait func()) {
	done := make(chan struct{})
	if !slices.ContainsFunc(files, func(f *file) bool { return f.trouble == nil && !f.ignored && catalog.Wants(f.norm) }) {
		close(done)
		return func() {}
	}
	go func() {
		defer close(done)
		_, _ = s.ask(ctx, s.packages, askPackages, []catalog.File{}, time.Minute) // a fault comes back with the first real request
	}()
	return func() { <-done }
}

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
	b, err := s.ask(ctx, s.packages, askPackages, files, 30*time.Second+deadline(size))
	if err == nil {
		var got []sbom.Package
		if err := json.Unmarshal(b, &got); err != nil {
			return fmt.Errorf("decoding packages: %w", err)
		}
		d.packages = append(d.packages, got...)
		d.markUsed(files)
		return nil
	}
	if fatal(ctx, err) {
		return err
	}
	if len(files) == 1 {
		g := gapOf(err)
		g.Path, g.Why = files[0].Path, "packages: "+strings.TrimPrefix(g.Why, "packages: ")
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

package catalog

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	stereofile "github.com/anchore/stereoscope/pkg/file"
	"github.com/anchore/syft/syft/artifact"
	"github.com/anchore/syft/syft/file"
	"github.com/anchore/syft/syft/source"
	"github.com/bmatcuk/doublestar/v4"
)

// fileSource is a syft source over a closed list of files. Their paths begin
// with a slash, as syft's patterns expect.
type fileSource struct {
	files     map[string]File // by path with a leading slash
	locations []file.Location // sorted by path
}

func newSource(files []File) *fileSource {
	s := &fileSource{files: map[string]File{}}
	for _, f := range files {
		p := "/" + f.Path
		s.files[p] = f
		s.locations = append(s.locations, file.NewLocation(p))
	}
	slices.SortFunc(s.locations, func(a, b file.Location) int { return strings.Compare(a.RealPath, b.RealPath) })
	return s
}

// ID is constant: nothing of it reaches our output.
func (s *fileSource) ID() artifact.ID { return "kinbom-product" }

// FileResolver gives the source itself, whatever the scope.
func (s *fileSource) FileResolver(source.Scope) (file.Resolver, error) { return s, nil }

// Describe says that the source is a directory, which selects syft's tasks.
func (s *fileSource) Describe() source.Description {
	return source.Description{ID: "kinbom-product", Name: "product", Metadata: source.DirectoryMetadata{Path: "/"}}
}

// Close has nothing to close.
func (s *fileSource) Close() error { return nil }

// FileContentsByLocation opens one of the listed files.
func (s *fileSource) FileContentsByLocation(l file.Location) (io.ReadCloser, error) {
	f, ok := s.files[l.RealPath]
	if !ok {
		return nil, fmt.Errorf("opening %s: not a file of the product", l.RealPath)
	}
	return os.Open(f.Disk)
}

// FileMetadataByLocation gives name, size and type; owners are not known.
func (s *fileSource) FileMetadataByLocation(l file.Location) (file.Metadata, error) {
	f, ok := s.files[l.RealPath]
	if !ok {
		return file.Metadata{}, fmt.Errorf("looking up %s: not a file of the product", l.RealPath)
	}
	return file.Metadata{
		FileInfo: stereofile.ManualInfo{NameValue: path.Base(l.RealPath), SizeValue: f.Size, ModeValue: 0o644},
		Path:     l.RealPath, Type: stereofile.TypeRegular, MIMEType: f.mime(),
	}, nil
}

// mime is the type that selects syft's executable catalogers; others go by path.
func (f File) mime() string {
	if f.MachO {
		return "application/x-mach-binary"
	}
	return "application/octet-stream"
}

// HasPath reports whether a file is listed.
func (s *fileSource) HasPath(p string) bool {
	_, ok := s.files[abs(p)]
	return ok
}

func abs(p string) string { return path.Join("/", p) }

// FilesByPath gives the listed files among the paths.
func (s *fileSource) FilesByPath(paths ...string) ([]file.Location, error) {
	var out []file.Location
	for _, p := range paths {
		if s.HasPath(p) {
			out = append(out, file.NewLocation(abs(p)))
		}
	}
	return out, nil
}

// FilesByGlob gives the listed files that match one of the patterns, once each.
func (s *fileSource) FilesByGlob(patterns ...string) ([]file.Location, error) {
	var out []file.Location
	for _, l := range s.locations {
		for _, g := range patterns {
			ok, err := doublestar.Match(g, strings.TrimPrefix(l.RealPath, "/"))
			if err != nil {
				return nil, fmt.Errorf("matching pattern %q: %w", g, err)
			}
			if !ok {
				ok, _ = doublestar.Match(g, l.RealPath)
			}
			if ok {
				out = append(out, l)
				break
			}
		}
	}
	return out, nil
}

// FilesByMIMEType gives the listed files of the types.
func (s *fileSource) FilesByMIMEType(types ...string) ([]file.Location, error) {
	var out []file.Location
	for _, l := range s.locations {
		if slices.Contains(types, s.files[l.RealPath].mime()) {
			out = append(out, l)
		}
	}
	return out, nil
}

// RelativeFileByPath gives a listed file; the layer does not matter here.
func (s *fileSource) RelativeFileByPath(_ file.Location, p string) *file.Location {
	if !s.HasPath(p) {
		return nil
	}
	l := file.NewLocation(abs(p))
	return &l
}

// AllLocations gives every listed file, sorted.
func (s *fileSource) AllLocations(ctx context.Context) <-chan file.Location {
	out := make(chan file.Location)
	go func() {
		defer close(out)
		for _, l := range s.locations {
			select {
			case out <- l:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// executables are the listed executables, sorted by path.
func (s *fileSource) executables() []File {
	var out []File
	for _, l := range s.locations {
		if f := s.files[l.RealPath]; f.MachO {
			out = append(out, f)
		}
	}
	return out
}

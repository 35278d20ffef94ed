package container

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/limit"
)

// Unpack is UnpackAs for a file whose format its first bytes and its name tell,
// as a scan finds it. ErrUnsupported: none fits.
func Unpack(ctx context.Context, path, dest string, b *limit.Budget) (*Tree, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, HeadSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	format, ok := Detect(head[:n], path)
	if !ok {
		return nil, fmt.Errorf("unpacking %s: %w", path, ErrUnsupported)
	}
	return format.Open(ctx, f, dest, b)
}

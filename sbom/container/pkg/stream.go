package pkg

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/container/cpio"
	"github.com/kinbom/kinbom/sbom/container/pbzx"
	"github.com/kinbom/kinbom/sbom/container/xar"
	"github.com/kinbom/kinbom/sbom/limit"
)

// ErrUnsupported says that a payload has a form that is known and cannot be
// read here: Apple Archive, or an encrypted or otherwise packed relative of pbzx.
var ErrUnsupported = errors.New("form of the payload cannot be read")

// maxLayers is how many compressions may lie in each other.
const maxLayers = 3

// OpenPayload opens the files of a component. Verification of the archive's
// checksums happens at the end of the source (see package xar), which the cpio
// reader reaches at its trailer.
func (p *Package) OpenPayload(c *Component) (*cpio.Reader, error) { return p.cpio(c.Payload) }

// OpenScripts opens the scripts of a component: preinstall, postinstall and what
// they use are files in it.
func (p *Package) OpenScripts(c *Component) (*cpio.Reader, error) { return p.cpio(c.Scripts) }

// OpenXIP opens the files of a .xip file.
func (p *Package) OpenXIP() (*cpio.Reader, error) {
	e, ok := XIP(p.x)
	if !ok {
		return nil, fault(-1, "archive is no xip", nil, nil)
	}
	return p.cpio(e)
}

func (p *Package) cpio(e *xar.Entry) (*cpio.Reader, error) {
	r, err := p.open(e)
	if err != nil {
		return nil, err
	}
	return Open(r, p.budget)
}

// Open opens a cpio archive that may be compressed with gzip, bzip2, xz, lzma,
// zstd or pbzx, as its first bytes tell: a Payload, a Scripts file, the Content
// of a .xip, or the Archive.pax.gz of an older package.
// Errors: ErrUnsupported within a *malformed.Error, other *malformed.Error, or what the
// layers below return.
func Open(r io.Reader, b *limit.Budget) (*cpio.Reader, error) {
	for layer := 0; layer <= maxLayers; layer++ {
		buf := bufio.NewReaderSize(r, 16<<10)
		head, err := buf.Peek(compress.HeadSize)
		if err != nil && err != io.EOF {
			return nil, err
		}
		if cpio.Detect(head) != "" {
			return cpio.NewReader(buf), nil
		}
		m := compress.Detect(head)
		switch {
		case pbzx.Detect(head):
			r = pbzx.New(buf, b)
		case m != compress.None:
			r = compress.New(buf, m, b)
		case len(head) >= 4 && (string(head[:3]) == "pbz" || string(head[:4]) == "YAA1" || string(head[:4]) == "AA01" || string(head[:4]) == "AEA1"):
			return nil, fault(0, "payload", string(head[:4]), ErrUnsupported)
		case len(head) == 0:
			return nil, fault(0, "payload is empty", nil, io.ErrUnexpectedEOF)
		default:
			return nil, fault(0, "payload is no cpio archive", fmt.Sprintf("%x", head[:min(6, len(head))]), nil)
		}
	}
	return nil, fault(0, "payload is compressed too many times", maxLayers, nil)
}

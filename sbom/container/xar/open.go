package xar

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"io"
	"strings"

	"github.com/kinbom/kinbom/sbom/container/compress"
	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

// Open returns a stream of an entry's content. A hard link gives the content of
// its original. Size and checksums are verified at the end: where they differ,
// the last Read gives a *malformed.Error in the place of io.EOF. A folder, a link,
// or an entry with trouble gives an error at once.
func (x *Reader) Open(e *Entry) (io.Reader, error) {
	o := x.Original(e)
	switch {
	case o == nil:
		return nil, fault(-1, "hard link leads to no file", e.Link, nil)
	case o.Trouble != nil:
		return nil, o.Trouble
	case o.Type != TypeFile && o.Type != TypeHardlink:
		return nil, fault(-1, "entry has no content", string(o.Type), nil)
	case !o.HasData:
		return strings.NewReader(""), nil
	case !limit.Inside(o.Offset, o.Length, x.size):
		return nil, fault(o.Offset, "data are not inside the file", o.Length, io.ErrUnexpectedEOF)
	}
	raw := io.NewSectionReader(x.r, o.Offset, o.Length)
	c := &content{entry: o, archived: newHash(o.Archived.Style), plain: newHash(o.Content.Style)}
	c.raw = raw
	if c.archived != nil {
		c.raw = io.TeeReader(raw, c.archived)
	}
	m, ok := method(o.Encoding, raw)
	if !ok {
		return nil, fault(o.Offset, "encoding is not known", o.Encoding, nil)
	}
	c.dec = c.raw
	if m != compress.None {
		c.dec = compress.New(c.raw, m, x.budget)
	}
	return c, nil
}

// method returns how data are compressed. The names are loose: x-gzip is zlib
// data, x-lzma may be either of two formats; so the first bytes have a word.
func method(encoding string, raw io.ReaderAt) (compress.Method, bool) {
	head := make([]byte, compress.HeadSize)
	n, _ := raw.ReadAt(head, 0)
	seen := compress.Detect(head[:n])
	switch encoding {
	case "", "application/octet-stream":
		return compress.None, true
	case "application/x-gzip", "application/zlib":
		if seen == compress.Gzip {
			return seen, true
		}
		return compress.Zlib, true
	case "application/x-bzip2":
		return compress.Bzip2, true
	case "application/x-lzma", "application/x-xz":
		if seen == compress.XZ {
			return seen, true
		}
		return compress.LZMA, true
	}
	return "", false
}

// newHash returns the hash of a style, or nil when it is none or not known.
func newHash(style string) hash.Hash {
	switch strings.ToLower(style) {
	case "md5":
		return md5.New()
	case "sha1":
		return sha1.New()
	case "sha256", "sha-256":
		return sha256.New()
	case "sha512", "sha-512":
		return sha512.New()
	}
	return nil
}

// content streams one content and verifies it at the end.
type content struct {
	entry           *Entry
	raw, dec        io.Reader
	archived, plain hash.Hash
	n               int64
	err             error // sticky
}

func (c *content) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.dec.Read(p)
	if over := c.n + int64(n) - c.entry.Size; over > 0 {
		n -= int(over)
		err = fault(c.entry.Offset, "content is longer than its size", c.entry.Size, nil)
	}
	c.n += int64(n)
	if c.plain != nil {
		c.plain.Write(p[:n])
	}
	if err == io.EOF {
		err = c.finish()
	} else if packed := malformed.In(err, compress.Format); packed != nil {
		err = fault(c.entry.Offset+max(packed.Offset, 0), "stored data", nil, err)
	}
	c.err = err
	return n, err
}

// finish compares size and checksums.
func (c *content) finish() error {
	if c.n != c.entry.Size {
		return fault(c.entry.Offset, "content is shorter than its size", c.entry.Size, io.ErrUnexpectedEOF)
	}
	if c.archived != nil {
		if _, err := io.Copy(io.Discard, c.raw); err != nil {
			return err
		}
		if got := hex.EncodeToString(c.archived.Sum(nil)); got != c.entry.Archived.Value {
			return fault(c.entry.Offset, "checksum of the stored data differs", c.entry.Archived.Style, nil)
		}
	}
	if c.plain != nil {
		if got := hex.EncodeToString(c.plain.Sum(nil)); got != c.entry.Content.Value {
			return fault(c.entry.Offset, "checksum of the content differs", c.entry.Content.Style, nil)
		}
	}
	return io.EOF
}

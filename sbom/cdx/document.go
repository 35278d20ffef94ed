package cdx

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/kinbom/kinbom/sbom"
)

// Format is the encoding of a BOM.
type Format int

// The formats. JSON is the default. XML carries the same facts; four fields
// that only other tools read are left out of it (see docs/sbom.md).
const (
	JSON Format = iota
	XML
)

// The versions of CycloneDX that Write knows.
const (
	Version16 = "1.6"
	Version17 = "1.7"
)

// schemaBOM names the meaning of the kinbom: properties. Within version 1 new
// properties may appear; readers ignore those that they do not know.
const schemaBOM = "kinbom.bom/1"

// Options says how a BOM is written and by what. It is part of the content:
// the serial number follows from it.
type Options struct {
	Format      Format
	Version     string       // of CycloneDX: Version16 (also when empty) or Version17
	Timestamp   time.Time    // of the BOM, whole seconds; zero: none, and the BOM says so
	Author      string       // who made the BOM (a person or company); "": not stated, and the BOM says so
	Tool        string       // "kinbom" when empty
	ToolVersion string       //
	Rules       sbom.Digest  // of the rules in force, or ""
	Inputs      []sbom.Input // manifest of what was scanned

	// Marks is the folder with the marks of the images, one file <image
	// digest>.kmk each, for Save; "": no marks are saved, whatever the images
	// say. It is no part of the content.
	Marks string
}

// Document is one BOM: the product, and how and by what it was written.
type Document struct {
	Product *sbom.Product
	Options Options
}

// Limits bounds the reading of one BOM.
type Limits struct {
	Bytes int64 // most bytes of the file
}

// DefaultLimits are the limits of Read and Load. Memory is about ten times the
// size of the file in the worst case.
func DefaultLimits() Limits { return Limits{Bytes: 256 << 20} }

// ErrTooLarge says that a BOM passes the size in Limits.
var ErrTooLarge = errors.New("larger than the limit")

// Write writes the BOM of a product. It normalizes p first (which does nothing
// to a finished product) and refuses a product that does not validate or that
// holds text that is not UTF-8 (see Repair): Read would refuse it too.
// Equal products and options give equal bytes.
func Write(w io.Writer, p *sbom.Product, o Options) error {
	o, err := o.withDefaults()
	if err != nil {
		return err
	}
	p.Normalize()
	if err := check(p); err != nil {
		return fmt.Errorf("writing the BOM of %s: %w", p.ID.Short(), err)
	}
	if err := checkText(p, o); err != nil {
		return fmt.Errorf("writing the BOM of %s: %w", p.ID.Short(), err)
	}
	bom := newWriter(p, o).document()
	if err := encode(w, bom, o.Format); err != nil {
		return fmt.Errorf("writing the BOM of %s: %w", p.ID.Short(), err)
	}
	return nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Version == "" {
		o.Version = Version16
	}
	if o.Version != Version16 && o.Version != Version17 {
		return o, fmt.Errorf("CycloneDX version %q is not written: choose %s or %s", o.Version, Version16, Version17)
	}
	if o.Format != JSON && o.Format != XML {
		return o, fmt.Errorf("BOM format %d is not known", o.Format)
	}
	if o.Tool == "" {
		o.Tool = "kinbom"
	}
	if !o.Timestamp.IsZero() {
		o.Timestamp = o.Timestamp.UTC().Truncate(time.Second)
	}
	return o, nil
}

func encode(w io.Writer, bom *cyclonedx.BOM, f Format) error {
	format := cyclonedx.BOMFileFormatJSON
	if f == XML {
		format = cyclonedx.BOMFileFormatXML
		bom = bare(bom)
	}
	buffered := bufio.NewWriterSize(w, 1<<16)
	e := cyclonedx.NewBOMEncoder(buffered, format).SetPretty(true).SetEscapeHTML(false)
	if err := e.Encode(bom); err != nil {
		return err
	}
	if f == XML {
		buffered.WriteByte('\n')
	}
	return buffered.Flush()
}

// Read reads the product of a BOM that Write wrote, JSON or XML, within
// DefaultLimits.
func Read(r io.Reader) (*sbom.Product, error) {
	d, err := ReadDocument(r, DefaultLimits())
	if err != nil {
		return nil, err
	}
	return d.Product, nil
}

// ReadDocument reads a BOM with the options that it was written with. A BOM of
// another tool, or of a later schema, is an error that says so.
func ReadDocument(r io.Reader, l Limits) (*Document, error) {
	in := bufio.NewReaderSize(&limitedReader{r: r, left: l.Bytes}, 1<<16)
	format, err := sniff(in)
	if err != nil {
		return nil, fmt.Errorf("reading a BOM: %w", err)
	}
	bom, err := decode(in, format)
	if err != nil {
		return nil, fmt.Errorf("reading a BOM: %w", err)
	}
	d, err := parse(bom)
	if err != nil {
		return nil, fmt.Errorf("reading a BOM: %w", err)
	}
	d.Options.Format = format
	return d, nil
}

// decode hands the bytes to the CycloneDX library. It is not our code and it
// reads hostile bytes: a panic in it becomes an error.
func decode(r io.Reader, format Format) (bom *cyclonedx.BOM, err error) {
	defer func() {
		if e := recover(); e != nil {
			bom, err = nil, fmt.Errorf("the CycloneDX decoder failed: %v", e)
		}
	}()
	bom = new(cyclonedx.BOM)
	kind := cyclonedx.BOMFileFormatJSON
	if format == XML {
		kind = cyclonedx.BOMFileFormatXML
	}
	if err := cyclonedx.NewBOMDecoder(r, kind).Decode(bom); err != nil {
		return nil, err
	}
	if format == JSON && bom.BOMFormat != cyclonedx.BOMFormat {
		return nil, errors.New("not a CycloneDX BOM: bomFormat is missing")
	}
	return bom, nil
}

// sniff tells JSON from XML by the first byte that is not white space.
func sniff(r *bufio.Reader) (Format, error) {
	if head, _ := r.Peek(3); bytes.Equal(head, []byte("\xef\xbb\xbf")) {
		r.Discard(3)
	}
	for {
		b, err := r.ReadByte()
		if err == io.EOF {
			return 0, errors.New("the file is empty")
		}
		if err != nil {
			return 0, err
		}
		switch b {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			return JSON, r.UnreadByte()
		case '<':
			return XML, r.UnreadByte()
		}
		return 0, errors.New("not a CycloneDX BOM: neither JSON nor XML")
	}
}

// limitedReader fails with ErrTooLarge, where io.LimitReader ends in silence.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(b)) > l.left+1 {
		b = b[:l.left+1]
	}
	n, err := l.r.Read(b)
	if l.left -= int64(n); l.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

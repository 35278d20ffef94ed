// Package archivetest writes small xar, cpio, pbzx, asar and ar files for tests.
// It writes what it is told, sound or not, and panics when it cannot.
package archivetest

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/ulikunitz/xz"
)

// File is one file, folder (name ends with a slash) or link of an archive.
type File struct {
	Name     string
	Data     string
	Mode     uint32 // 0: 0644, folders 0755
	Link     string // target: the entry is a symbolic link
	Inode    uint64 // cpio: 0 counts up
	Links    uint32 // cpio: 0 is 1
	Encoding string // xar: MIME type; "" is application/octet-stream
	Sum      string // xar: style of the checksums; "" is sha1
	Unpacked bool   // asar
	NoHash   bool   // asar: no integrity
}

func (f File) mode() uint32 {
	switch {
	case f.Link != "":
		return 0o120755
	case strings.HasSuffix(f.Name, "/"):
		return 0o040000 | or(f.Mode, 0o755)
	}
	return 0o100000 | or(f.Mode, 0o644)
}

func or[T comparable](a, b T) T {
	var zero T
	if a == zero {
		return b
	}
	return a
}

// CPIO writes an archive; format is "odc", "newc" or "crc". A mode with type
// bits is written as it is.
func CPIO(format string, files ...File) []byte {
	var b bytes.Buffer
	for i, f := range append(files, File{Name: "TRAILER!!!"}) {
		data, mode := f.Data, f.mode()
		if f.Link != "" {
			data = f.Link
		}
		if f.Mode > 0o7777 {
			mode = f.Mode
		}
		if f.Name == "TRAILER!!!" {
			mode = 0
		}
		name := strings.TrimSuffix(f.Name, "/") + "\x00"
		inode, links := or(f.Inode, uint64(i+1)), or(f.Links, 1)
		if format == "odc" {
			fmt.Fprintf(&b, "070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o%s%s", 1, inode, mode, 0, 0, links, 0, 0, len(name), len(data), name, data)
			continue
		}
		magic, sum := "070701", uint32(0)
		if format == "crc" {
			magic = "070702"
			for _, c := range []byte(data) {
				sum += uint32(c)
			}
		}
		fmt.Fprintf(&b, "%s%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", magic, inode, mode, 0, 0, links, 0, len(data), 0, 1, 0, 0, len(name), sum, name)
		pad(&b)
		b.WriteString(data)
		pad(&b)
	}
	return b.Bytes()
}

func pad(b *bytes.Buffer) {
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
}

// Gzip compresses.
func Gzip(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// Zlib compresses.
func Zlib(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// XZ compresses.
func XZ(data []byte) []byte {
	var b bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 20}.NewWriter(&b)
	must(err)
	w.Write(data)
	must(w.Close())
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// PBZX writes a stream in chunks of the given size, each xz or stored.
func PBZX(data []byte, chunk int, stored bool) []byte {
	b := binary.BigEndian.AppendUint64([]byte("pbzx"), uint64(chunk))
	for len(data) > 0 {
		n := min(chunk, len(data))
		packed := data[:n]
		if !stored {
			packed = XZ(packed)
		}
		b = binary.BigEndian.AppendUint64(b, uint64(n))
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(packed))), packed...)
		data = data[n:]
	}
	return b
}

// XAR writes an archive of files; folders are made as names need them. Encodings
// that cannot be compressed here are written as they are: Data is then stored,
// and size and content checksum are those of the stored data.
func XAR(files ...File) []byte {
	var heap bytes.Buffer
	heap.Write(make([]byte, 20)) // checksum of the table of contents
	root := &xarDir{}
	for _, f := range files {
		root.add(strings.Split(f.Name, "/"), f)
	}
	var toc bytes.Buffer
	toc.WriteString(`<?xml version="1.0" encoding="UTF-8"?><xar><toc><checksum style="sha1"><offset>0</offset><size>20</size></checksum>`)
	id := 0
	root.write(&toc, &heap, &id)
	toc.WriteString(`</toc></xar>`)
	return XARRaw(toc.Bytes(), heap.Bytes())
}

// XARRaw writes an archive with the given table of contents and heap. The heap
// begins with 20 bytes for the checksum of the table, which it fills in.
func XARRaw(toc, heap []byte) []byte {
	packed := Zlib(toc)
	b := append([]byte("xar!"), 0, 28, 0, 1)
	b = binary.BigEndian.AppendUint64(b, uint64(len(packed)))
	b = binary.BigEndian.AppendUint64(b, uint64(len(toc)))
	b = binary.BigEndian.AppendUint32(b, 1)
	b = append(b, packed...)
	if len(heap) >= 20 {
		sum, _ := hex.DecodeString(hashOf("sha1", packed))
		heap = append(sum, heap[20:]...)
	}
	return append(b, heap...)
}

type xarDir struct {
	name  string
	dirs  []*xarDir
	files []File
}

func (d *xarDir) add(parts []string, f File) {
	if len(parts) == 1 {
		f.Name = parts[0]
		if f.Name != "" {
			d.files = append(d.files, f)
		}
		return
	}
	for _, c := range d.dirs {
		if c.name == parts[0] {
			c.add(parts[1:], f)
			return
		}
	}
	c := &xarDir{name: parts[0]}
	d.dirs = append(d.dirs, c)
	c.add(parts[1:], f)
}

func (d *xarDir) write(toc, heap *bytes.Buffer, id *int) {
	for _, f := range d.files {
		*id++
		fmt.Fprintf(toc, `<file id="%d"><name>%s</name><mode>%04o</mode>`, *id, f.Name, or(f.Mode, 0o644))
		if f.Link != "" {
			fmt.Fprintf(toc, `<type>symlink</type><link type="file">%s</link></file>`, f.Link)
			continue
		}
		style, encoding := or(f.Sum, "sha1"), or(f.Encoding, "application/octet-stream")
		packed := []byte(f.Data)
		switch encoding {
		case "application/x-gzip":
			packed = Zlib(packed)
		case "application/x-xz":
			packed = XZ(packed)
		}
		fmt.Fprintf(toc, `<type>file</type><data><length>%d</length><encoding style="%s"/><offset>%d</offset><size>%d</size><extracted-checksum style="%s">%s</extracted-checksum><archived-checksum style="%s">%s</archived-checksum></data></file>`,
			len(packed), encoding, heap.Len(), len(f.Data), style, hashOf(style, []byte(f.Data)), style, hashOf(style, packed))
		heap.Write(packed)
	}
	for _, c := range d.dirs {
		*id++
		fmt.Fprintf(toc, `<file id="%d"><type>directory</type><mode>0755</mode><name>%s</name>`, *id, c.name)
		c.write(toc, heap, id)
		toc.WriteString(`</file>`)
	}
}

// Asar writes an archive; names have slashes for folders.
func Asar(files ...File) []byte {
	root := map[string]any{"files": map[string]any{}}
	var data bytes.Buffer
	for _, f := range files {
		dir := root["files"].(map[string]any)
		parent, base := path.Split(strings.TrimSuffix(f.Name, "/"))
		for _, part := range strings.Split(strings.Trim(parent, "/"), "/") {
			if part == "" {
				continue
			}
			if dir[part] == nil {
				dir[part] = map[string]any{"files": map[string]any{}}
			}
			dir = dir[part].(map[string]any)["files"].(map[string]any)
		}
		dir[base] = f.asar(&data)
	}
	header, err := json.Marshal(root)
	must(err)
	return AsarRaw(header, data.Bytes())
}

func (f File) asar(data *bytes.Buffer) map[string]any {
	switch {
	case strings.HasSuffix(f.Name, "/"):
		return map[string]any{"files": map[string]any{}}
	case f.Link != "":
		return map[string]any{"link": f.Link}
	}
	n := map[string]any{"size": len(f.Data)}
	if f.Mode&0o100 != 0 {
		n["executable"] = true
	}
	if !f.NoHash {
		sum := sha256.Sum256([]byte(f.Data))
		h := hex.EncodeToString(sum[:])
		n["integrity"] = map[string]any{"algorithm": "SHA256", "hash": h, "blockSize": 4 << 20, "blocks": []string{h}}
	}
	if f.Unpacked {
		n["unpacked"] = true
		return n
	}
	n["offset"] = strconv.Itoa(data.Len())
	data.WriteString(f.Data)
	return n
}

// AsarRaw writes an archive with the given header and data.
func AsarRaw(header, data []byte) []byte {
	padded := (len(header) + 3) &^ 3
	var b []byte
	for _, n := range []int{4, padded + 8, padded + 4, len(header)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, header...)
	b = append(b, make([]byte, padded-len(header))...)
	return append(b, data...)
}

// Ar writes a static archive; gnu chooses the form of long names.
func Ar(gnu bool, files ...File) []byte {
	b := bytes.NewBufferString("!<arch>\n")
	var long bytes.Buffer
	if gnu {
		for _, f := range files {
			if len(f.Name) > 15 {
				long.WriteString(f.Name + "/\n")
			}
		}
		if long.Len() > 0 {
			arMember(b, "//", long.Bytes())
		}
	}
	at := 0
	for _, f := range files {
		switch {
		case gnu && len(f.Name) > 15:
			arMember(b, "/"+strconv.Itoa(at), []byte(f.Data))
			at += len(f.Name) + 2
		case gnu && f.Name != "/":
			arMember(b, f.Name+"/", []byte(f.Data))
		case !gnu && (len(f.Name) > 16 || strings.Contains(f.Name, " ")):
			arMember(b, "#1/"+strconv.Itoa(len(f.Name)), []byte(f.Name+f.Data))
		default:
			arMember(b, f.Name, []byte(f.Data))
		}
	}
	return b.Bytes()
}

func arMember(b *bytes.Buffer, name string, data []byte) {
	fmt.Fprintf(b, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, 0, 0, 0, 0o100644, len(data))
	b.Write(data)
	if b.Len()%2 != 0 {
		b.WriteByte('\n')
	}
}

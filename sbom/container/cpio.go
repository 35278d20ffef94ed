package container

import (
	"bytes"
	"io"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/container/cpio"
)

// cpioFile names a file of a cpio archive, whatever its names are.
type cpioFile struct{ device, inode uint64 }

// waiting are names of files whose content comes with a later name: in the newc
// forms only the last name of a file has it.
type waiting map[cpioFile][]string

// cpio takes in the files of a cpio stream, each at its place.
func (n *intake) cpio(r *cpio.Reader, place func(string) (string, string)) error {
	later := waiting{}
	var order []cpioFile
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := n.entry(); err != nil {
			return err
		}
		path, why := place(h.Name)
		if path == "" && why == "" { // "." is the root
			if h.Type == cpio.TypeDir {
				continue
			}
			why = whyEmpty
		}
		if why != "" {
			n.tree.gap(sbom.GapUnreadable, shown(h.Name), -1, why)
			n.tree.lose(h.Name, why)
			continue
		}
		id := cpioFile{h.Device, h.Inode}
		if h.Type == cpio.TypeFile && h.Links > 1 && h.Size == 0 && h.Format != cpio.ODC {
			if later[id] == nil {
				order = append(order, id)
			}
			later[id] = append(later[id], path)
			continue
		}
		if err := n.cpioEntry(r, h, path); err != nil {
			return err
		}
		for _, name := range later[id] {
			n.again(name, path)
		}
		delete(later, id)
	}
	for _, id := range order { // empty files with several names
		for _, name := range later[id] {
			if err := n.file(name, 0, func() (io.Reader, error) { return bytes.NewReader(nil), nil }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *intake) cpioEntry(r *cpio.Reader, h *cpio.Header, path string) error {
	switch h.Type {
	case cpio.TypeDir:
		n.folder(path)
	case cpio.TypeSymlink:
		n.link(path, h.Link)
	case cpio.TypeFile:
		return n.file(path, h.Size, func() (io.Reader, error) { return r, nil })
	default:
		n.other(path)
	}
	return nil
}

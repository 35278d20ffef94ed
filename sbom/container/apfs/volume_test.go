package apfs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/apfs"
	"github.com/kinbom/kinbom/sbom/container/apfs/apfstest"
	"github.com/kinbom/kinbom/sbom/container/decmpfs"
	"github.com/kinbom/kinbom/sbom/limit"
)

func find(t *testing.T, v *apfs.Volume, path string) (apfs.Entry, bool) {
	t.Helper()
	var found apfs.Entry
	ok := false
	if err := v.Walk(context.Background(), func(e apfs.Entry) error {
		if e.Path == path {
			found, ok = e, true
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found, ok
}

func TestVolumeSaysWhatItIs(t *testing.T) {
	for _, kind := range kinds {
		s := loadImage(t, kind)
		v := openVolume(t, s, s.Size)
		if v.Name != "Kind "+kind || v.Role != "none" || v.Encrypted || v.Sealed || v.CaseSensitive != (kind == "plain") {
			t.Errorf("%s: %+v", kind, v)
		}
		if got := fmt.Sprintf("%x", v.UUID); got != "6666666677774888899"+"9aaaaaaaaaaaa" {
			t.Errorf("%s: uuid %s", kind, got)
		}
		if want := map[string]uint64{"plain": 1}[kind]; v.Snapshots != want {
			t.Errorf("%s: %d snapshots", kind, v.Snapshots)
		}
	}
}

func TestEncryptedVolumeIsReported(t *testing.T) {
	s := loadImage(t, "small")
	s.Edit(apfstest.Find(s).Volume, true, func(b []byte) { le.PutUint64(b[264:], 0) })
	c, err := apfs.New(s, s.Size, limit.New(limit.Max{}))
	if err != nil {
		t.Fatal(err)
	}
	v := c.Volumes()[0]
	if !errors.Is(v.Err, apfs.ErrEncrypted) || !v.Encrypted || v.Name != "Kind small" {
		t.Errorf("%+v", v)
	}
	if err := v.Walk(context.Background(), nil); !errors.Is(err, apfs.ErrEncrypted) {
		t.Errorf("walk: %v", err)
	}
}

// mountSnapshot makes the volume say that its snapshot is to be mounted, and
// returns the snapshot's transaction.
func mountSnapshot(t *testing.T, s *apfstest.Sparse) uint64 {
	t.Helper()
	b := s.Blocks[apfstest.Newest(s, func(b []byte) bool { return apfstest.Kind(b) == 2 && le.Uint32(b[28:]) == 16 })]
	keys := 56 + int(le.Uint16(b[40:])) + int(le.Uint16(b[42:]))
	xid := le.Uint64(b[keys+int(le.Uint16(b[56+int(le.Uint16(b[40:])):])):]) & (1<<60 - 1)
	s.Edit(apfstest.Find(s).Volume, true, func(b []byte) { le.PutUint64(b[968:], xid) })
	return xid
}

// A volume that says so is opened at a snapshot. The writer took it before the
// last file was written and another one removed.
func TestSnapshotToMount(t *testing.T) {
	s := loadImage(t, "plain")
	live := openVolume(t, s, s.Size)
	if _, ok := find(t, live, "renamed/later"); !ok {
		t.Error("newest state lacks its last file")
	}
	if _, ok := find(t, live, "names/empty"); ok {
		t.Error("newest state has a file that is gone")
	}
	xid := mountSnapshot(t, s)
	then := openVolume(t, s, s.Size)
	if then.Xid != xid {
		t.Errorf("transaction %d, want %d", then.Xid, xid)
	}
	if _, ok := find(t, then, "renamed/later"); ok {
		t.Error("snapshot has a file from after it")
	}
	if e, ok := find(t, then, "names/empty"); !ok || e.Mode&0o777 != 0o600 {
		t.Errorf("snapshot lacks a file that was there: %+v", e)
	}
}

// Forks are read from their attribute. A file counts as compressed by its flag
// alone; with the flag set, its content comes out of the attribute.
func TestForkAndCompressed(t *testing.T) {
	s := loadImage(t, "fork")
	v := openVolume(t, s, s.Size)
	e, _ := find(t, v, "attributes/file")
	r, err := v.OpenResource(e)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	attr, err2 := v.Attr(e, "com.apple.ResourceFork")
	if err != nil || err2 != nil || e.Resource != 40000 || string(data) != string(attr) || len(data) != 40000 {
		t.Errorf("resource fork: %d bytes of %d, %v %v", len(data), e.Resource, err, err2)
	}
	if _, err := v.Attr(e, "com.example.none"); !errors.Is(err, apfs.ErrNoAttr) {
		t.Errorf("attribute that is not there: %v", err)
	}
	if e, _ = find(t, v, "attributes/packed"); e.Compressed || e.Size != 0 {
		t.Errorf("compressed without the flag: %+v", e)
	}
	id := e.ID
	if apfstest.EditRecords(s, func(key, val []byte) bool {
		if le.Uint64(key) != id|3<<60 {
			return false
		}
		le.PutUint32(val[68:], 0x20)
		return true
	}) == 0 {
		t.Fatal("inode not found")
	}
	v = openVolume(t, s, s.Size)
	e, _ = find(t, v, "attributes/packed")
	rd, err := v.Open(e)
	if err != nil {
		t.Fatal(err)
	}
	data, err = io.ReadAll(rd)
	if err != nil || string(data) != "hello world" || !e.Compressed || e.Size != 11 {
		t.Errorf("%q, %v, %+v", data, err, e)
	}
	if _, err := v.Attr(e, decmpfs.Attribute); err != nil {
		t.Error(err)
	}
}

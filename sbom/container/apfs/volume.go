package apfs

import (
	"bytes"
	"fmt"
	"strings"
)

// Flags of a volume.
const (
	flagUnencrypted = 0x1

	incompatFolded     = 0x1  // names are compared without case
	incompatDataless   = 0x2  // snapshots without data
	incompatRolled     = 0x4  // encryption has changed
	incompatNormalised = 0x8  // names are compared in a normal form
	incompatRestoring  = 0x10 // a restore has not ended
	incompatSealed     = 0x20
)

// Volume is one volume of a container, at its newest state, or at the snapshot
// that it says is to be mounted. It is safe for concurrent use when the
// container's reader is.
type Volume struct {
	Name          string
	UUID          [16]byte
	Role          string // none, system, data, preboot, ...; a number where it has no name
	Flags         uint64 // apfs_fs_flags, raw
	Incompatible  uint64 // apfs_incompatible_features, raw
	Encrypted     bool
	Sealed        bool
	CaseSensitive bool
	Snapshots     uint64 // how many there are, as claimed
	Files         uint64 // as claimed; folders and links are not in it
	Folders       uint64 // as claimed; without the root
	Symlinks      uint64 // as claimed
	Xid           uint64 // transaction of the state that is read

	// Err says why the volume cannot be read: ErrEncrypted, *malformed.Error,
	// *UnsupportedError. The fields above are empty when its superblock is damaged.
	Err error

	c       *Container
	objs    *omap
	files   *tree
	extents *tree // of a sealed volume; else nil
	hashed  bool  // names have a hash in their key
}

// Volumes opens all volumes, in the container's order. A volume that cannot be
// read is there too and says why in Err.
func (c *Container) Volumes() []*Volume {
	list := make([]*Volume, 0, len(c.fsOIDs))
	for _, oid := range c.fsOIDs {
		v, err := c.volume(oid)
		if err != nil {
			v.Err = fmt.Errorf("opening apfs volume %d: %w", oid, err)
		}
		list = append(list, v)
	}
	return list
}

func (c *Container) volume(oid uint64) (*Volume, error) {
	v := &Volume{c: c}
	paddr, err := c.objs.lookup(oid)
	if err != nil {
		return v, err
	}
	o, err := c.typed(paddr, oid, typeVolume)
	if err != nil {
		return v, err
	}
	if !bytes.Equal(o.data[32:36], []byte("APSB")) {
		return v, fault(o.at+32, "no apfs volume", uint64(le.Uint32(o.data[32:])))
	}
	v.describe(o.data)
	if v.Encrypted || v.Incompatible&incompatRolled != 0 {
		return v, ErrEncrypted
	}
	if odd := v.Incompatible & (incompatDataless | incompatRestoring); odd != 0 {
		return v, &UnsupportedError{"a volume without all its data", odd}
	}
	if v.objs, err = c.openMap(le.Uint64(o.data[128:]), c.Xid); err != nil {
		return v, fmt.Errorf("reading its object map: %w", err)
	}
	v.Xid = c.Xid
	if snap := le.Uint64(o.data[968:]); snap != 0 {
		if o, err = v.snapshot(o, snap); err != nil {
			return v, fmt.Errorf("opening the snapshot to mount, of transaction %d: %w", snap, err)
		}
	}
	return v, v.openTrees(o)
}

// describe takes what the superblock says of the volume.
func (v *Volume) describe(d []byte) {
	v.Incompatible, v.Flags = le.Uint64(d[56:]), le.Uint64(d[264:])
	v.Files, v.Folders, v.Symlinks, v.Snapshots = le.Uint64(d[184:]), le.Uint64(d[192:]), le.Uint64(d[200:]), le.Uint64(d[216:])
	copy(v.UUID[:], d[240:256])
	name, _, _ := bytes.Cut(d[704:960], []byte{0})
	v.Name = strings.ToValidUTF8(string(name), "\uFFFD")
	v.Role = roleName(le.Uint16(d[964:]))
	v.Encrypted = v.Flags&flagUnencrypted == 0
	v.Sealed = v.Incompatible&incompatSealed != 0
	v.CaseSensitive = v.Incompatible&incompatFolded == 0
	v.hashed = v.Incompatible&(incompatFolded|incompatNormalised) != 0
}

// openTrees opens the tree of records, and that of extents where there is one.
func (v *Volume) openTrees(o *object) (err error) {
	d := o.data
	if v.files, err = v.tree(le.Uint64(d[136:]), le.Uint32(d[116:]), typeFiles); err != nil {
		return fmt.Errorf("opening its tree of files: %w", err)
	}
	if v.Sealed {
		if v.extents, err = v.tree(le.Uint64(d[1032:]), le.Uint32(d[1040:]), typeExtents); err != nil {
			return fmt.Errorf("opening its tree of extents: %w", err)
		}
	}
	return nil
}

// tree opens a tree of the volume by the number and the type that its
// superblock gives. The type says how the root is stored.
func (v *Volume) tree(oid uint64, kind, subtype uint32) (*tree, error) {
	paddr := oid
	switch kind & storedMask {
	case storedPhysical:
	case storedVirtual:
		var err error
		if paddr, err = v.objs.lookup(oid); err != nil {
			return nil, err
		}
	default:
		return nil, fault(-1, "tree is not stored on disk, its type is", uint64(kind))
	}
	return v.c.openTree(paddr, oid, subtype, v.objs)
}

// snapshot sets the volume to a snapshot and returns the superblock of that
// time. It has no object map of its own: the volume's keeps the old versions.
func (v *Volume) snapshot(live *object, xid uint64) (*object, error) {
	t, err := v.tree(le.Uint64(live.data[152:]), le.Uint32(live.data[124:]), typeSnapshots)
	if err != nil {
		return nil, err
	}
	where := func(key []byte) int { return compareRecord(key, xid, recSnapshot, 0) }
	n, i, err := t.find(where)
	if err != nil {
		return nil, err
	}
	if n == nil || where(n.key(i)) != 0 || len(n.val(i)) < 16 {
		return nil, fault(t.root.at, "volume has no snapshot of transaction", xid)
	}
	o, err := v.c.object(le.Uint64(n.val(i)[8:]), false)
	if err != nil {
		return nil, err
	}
	if o.kind != typeVolume {
		return nil, fault(o.at+24, "superblock of a snapshot is of type", uint64(o.kind))
	}
	v.objs, v.Xid = v.objs.at(xid), xid
	return o, nil
}

// roleName names a volume's role.
func roleName(role uint16) string {
	switch role {
	case 0:
		return "none"
	case 1:
		return "system"
	case 2:
		return "user"
	case 4:
		return "recovery"
	case 8:
		return "vm"
	case 0x10:
		return "preboot"
	case 0x20:
		return "installer"
	case 1 << 6:
		return "data"
	case 2 << 6:
		return "baseband"
	case 3 << 6:
		return "update"
	case 4 << 6:
		return "xart"
	case 5 << 6:
		return "hardware"
	case 6 << 6:
		return "backup"
	case 9 << 6:
		return "enterprise"
	case 11 << 6:
		return "prelogin"
	}
	return fmt.Sprintf("role %#x", role)
}

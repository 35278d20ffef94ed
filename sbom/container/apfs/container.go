package apfs

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/kinbom/kinbom/sbom/limit"
)

// Bounds of a container. Block sizes are Apple's; the others are far above what
// is met: a checkpoint ring has some hundred blocks, a container some volumes.
const (
	minBlock    = 4 << 10
	maxBlock    = 64 << 10
	maxRing     = 1 << 16
	maxVolumes  = 100
	maxAttempts = 8 // superblocks tried, from the newest on
)

// Flags of a container's superblock.
const incompatFusion = 0x100

var superblockMagic = []byte("NXSB")

// Container is an open APFS container. It is safe for concurrent use when its
// reader is.
type Container struct {
	UUID      [16]byte
	BlockSize int64
	Blocks    uint64 // as the superblock claims; Truncated says whether they are there
	Xid       uint64 // transaction of the state that is read
	// Truncated says that the reader ends before the last block. What lies
	// before is still read.
	Truncated bool
	// Damage holds what is wrong with the superblocks: the first one of the
	// container, and newer states than the one that is read.
	Damage []error

	r      io.ReaderAt
	size   int64
	budget *limit.Budget
	objs   *omap
	fsOIDs []uint64

	mu    sync.Mutex
	nodes map[nodeKey]*node
}

// Detect reports whether the first bytes (36 of them) are those of a container.
func Detect(head []byte) bool {
	return len(head) >= 36 && bytes.Equal(head[32:36], superblockMagic)
}

// New opens a container of size bytes that starts at the reader's first byte.
// It fails with a *malformed.Error when no state of it can be read, and with an
// *UnsupportedError for Fusion containers.
func New(r io.ReaderAt, size int64, b *limit.Budget) (*Container, error) {
	c := &Container{r: r, size: size, budget: b, BlockSize: minBlock, nodes: map[nodeKey]*node{}}
	head, err := limit.ReadNAt(r, 0, minBlock, size)
	if err != nil {
		return nil, fmt.Errorf("reading the apfs superblock: %w", err)
	}
	if !Detect(head) {
		return nil, fault(32, "no apfs container", uint64(le.Uint32(head[32:])))
	}
	c.BlockSize = int64(le.Uint32(head[36:]))
	if n := c.BlockSize; n < minBlock || n > maxBlock || n&(n-1) != 0 {
		return nil, fault(36, "block size is not allowed", uint64(n))
	}
	_, first, err := c.block(0)
	if err != nil {
		return nil, fmt.Errorf("reading the apfs superblock: %w", err)
	}
	states, err := c.states(first)
	if err != nil {
		return nil, fmt.Errorf("reading apfs checkpoints: %w", err)
	}
	for _, o := range states[:min(len(states), maxAttempts)] {
		if err = c.use(o); err == nil {
			return c, nil
		}
		if u := (*UnsupportedError)(nil); errors.As(err, &u) {
			return nil, err
		}
		c.Damage = append(c.Damage, fmt.Errorf("state of transaction %d: %w", o.xid, err))
	}
	if err == nil {
		err = fault(0, "no superblock has a right checksum, of blocks searched", uint64(le.Uint32(first[104:])&^(1<<31)))
	}
	return nil, fmt.Errorf("opening an apfs container: %w", err)
}

// states returns the superblocks with right checksums, the newest first. The
// first block of the container says where they are, and may be one of them.
func (c *Container) states(first []byte) ([]*object, error) {
	var found []*object
	add := func(o *object, err error) {
		if err == nil && o.kind == typeSuperblock && Detect(o.data) && int64(le.Uint32(o.data[36:])) == c.BlockSize {
			found = append(found, o)
		}
	}
	o, err := c.object(0, false)
	if add(o, err); err != nil {
		c.Damage = append(c.Damage, fmt.Errorf("first superblock: %w", err))
	}
	ring, err := c.ring(first)
	if err != nil {
		return nil, err
	}
	for _, paddr := range ring {
		add(c.object(paddr, false))
	}
	slices.SortStableFunc(found, func(a, b *object) int { return cmp.Compare(b.xid, a.xid) })
	return slices.CompactFunc(found, func(a, b *object) bool { return a.xid == b.xid && bytes.Equal(a.data, b.data) }), nil
}

// ring returns the blocks of the checkpoint descriptor area. It is one range,
// or, where a container has grown, several in a tree.
func (c *Container) ring(first []byte) ([]uint64, error) {
	blocks, base := le.Uint32(first[104:]), le.Uint64(first[112:])
	n := blocks &^ (1 << 31)
	if n > maxRing || int64(n) > c.size/c.BlockSize {
		return nil, fault(104, "checkpoint area is larger than the container", uint64(n))
	}
	if blocks == n {
		return appendRange(nil, base, uint64(n)), nil
	}
	t, err := c.openTree(base, base, 0, nil)
	if err != nil {
		return nil, err
	}
	var ring []uint64
	err = t.scan(func([]byte) int { return 0 }, func(_ *node, _, val []byte) error {
		if len(val) < 16 || le.Uint64(val[8:]) > maxRing-uint64(len(ring)) {
			return fault(104, "checkpoint area has a range that is too long", uint64(len(val)))
		}
		ring = appendRange(ring, le.Uint64(val), le.Uint64(val[8:]))
		return nil
	}, nil)
	return ring, err
}

func appendRange(list []uint64, base, n uint64) []uint64 {
	for i := range n {
		list = append(list, base+i)
	}
	return list
}

// use takes the state of one superblock, when its object map can be read.
func (c *Container) use(o *object) error {
	d := o.data
	if flags := le.Uint64(d[64:]); flags&incompatFusion != 0 {
		return &UnsupportedError{"a Fusion container", flags}
	}
	paddr := le.Uint64(d[160:])
	objs, err := c.openMap(paddr, o.xid)
	if err != nil {
		return fmt.Errorf("reading its object map: %w", err)
	}
	c.objs, c.Xid, c.Blocks = objs, o.xid, le.Uint64(d[40:])
	copy(c.UUID[:], d[72:88])
	c.Truncated = c.Blocks > uint64(c.size)/uint64(c.BlockSize)
	slots := le.Uint32(d[180:])
	if slots > maxVolumes {
		c.Damage = append(c.Damage, fault(o.at+180, "container has room for too many volumes", uint64(slots)))
		slots = maxVolumes
	}
	c.fsOIDs = nil
	for i := range slots {
		if oid := le.Uint64(d[184+8*i:]); oid != 0 {
			c.fsOIDs = append(c.fsOIDs, oid)
		}
	}
	return nil
}

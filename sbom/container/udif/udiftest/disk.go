package udiftest

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"unicode/utf16"
)

// Volume is a partition of a disk.
type Volume struct {
	Name string
	Type string // of an Apple partition map; GPT says Apple_APFS or Apple_HFS
	Data []byte // whole blocks
	Size int64  // bytes of a volume whose data the caller writes; then Data is empty
}

func (v Volume) size() int { return max(len(v.Data), int(v.Size)) }

// GUIDs of partition types, as they are stored.
var (
	hfsGUID  = [16]byte{0x00, 0x53, 0x46, 0x48, 0x00, 0x00, 0xAA, 0x11, 0xAA, 0x11, 0x00, 0x30, 0x65, 0x43, 0xEC, 0xAC}
	apfsGUID = [16]byte{0xEF, 0x57, 0x34, 0x7C, 0x00, 0x00, 0xAA, 0x11, 0xAA, 0x11, 0x00, 0x30, 0x65, 0x43, 0xEC, 0xAC}
)

// GPT returns a disk with a GUID partition table, its copy at the end, and a
// protective boot record. Blocks are of 512 or 4,096 bytes.
func GPT(block int, volumes ...Volume) []byte {
	head, tail := GPTAround(block, volumes...)
	for _, v := range volumes {
		head = append(head, v.Data...)
	}
	return append(head, tail...)
}

// GPTAround returns what stands before the first volume of such a disk, and what
// stands behind the last.
func GPTAround(block int, volumes ...Volume) (head, tail []byte) {
	le := binary.LittleEndian
	entryBlocks := 128 * 128 / block
	first := 2 + entryBlocks
	entries := make([]byte, 128*128)
	body := 0
	for i, v := range volumes {
		e := entries[128*i:]
		t := hfsGUID
		if v.Type == "Apple_APFS" {
			t = apfsGUID
		}
		copy(e, t[:])
		e[16] = byte(i + 1)
		at := first + body/block
		le.PutUint64(e[32:], uint64(at))
		le.PutUint64(e[40:], uint64(at+v.size()/block-1))
		for j, u := range utf16.Encode([]rune(v.Name)) {
			le.PutUint16(e[56+2*j:], u)
		}
		body += v.size()
	}
	blocks := first + body/block + entryBlocks + 1
	header := func(at, other, entriesAt int) []byte {
		h := make([]byte, block)
		copy(h, "EFI PART\x00\x00\x01\x00\x5C\x00\x00\x00")
		le.PutUint64(h[24:], uint64(at))
		le.PutUint64(h[32:], uint64(other))
		le.PutUint64(h[40:], uint64(first))
		le.PutUint64(h[48:], uint64(blocks-entryBlocks-2))
		h[56] = 0xD1
		le.PutUint64(h[72:], uint64(entriesAt))
		le.PutUint32(h[80:], 128)
		le.PutUint32(h[84:], 128)
		le.PutUint32(h[88:], crc32.ChecksumIEEE(entries))
		le.PutUint32(h[16:], crc32.ChecksumIEEE(h[:92]))
		return h
	}
	disk := make([]byte, block)
	disk[450], disk[454], disk[510], disk[511] = 0xEE, 1, 0x55, 0xAA
	le.PutUint32(disk[458:], uint32(blocks-1))
	disk = append(append(disk, header(1, blocks-1, 2)...), entries...)
	return disk, append(slices.Clone(entries), header(blocks-1, 1, blocks-1-entryBlocks)...)
}

// APM returns a disk with an Apple partition map.
func APM(block int, volumes ...Volume) []byte {
	be := binary.BigEndian
	n := len(volumes) + 1
	disk := make([]byte, block*(n+1))
	copy(disk, "ER")
	be.PutUint16(disk[2:], uint16(block))
	at := n + 1
	volumes = append([]Volume{{Name: "Apple", Type: "Apple_partition_map", Data: make([]byte, block*n)}}, volumes...)
	for i, v := range volumes {
		e := disk[block*(i+1):]
		copy(e, "PM")
		be.PutUint32(e[4:], uint32(n))
		start, count := at, len(v.Data)/block
		if i == 0 {
			start = 1
		} else {
			at += count
		}
		be.PutUint32(e[8:], uint32(start))
		be.PutUint32(e[12:], uint32(count))
		copy(e[16:48], v.Name)
		copy(e[48:80], v.Type)
		be.PutUint32(e[84:], uint32(count))
		be.PutUint32(e[88:], 0x33)
	}
	be.PutUint32(disk[4:], uint32(at))
	for _, v := range volumes[1:] {
		disk = append(disk, v.Data...)
	}
	return disk
}

package udif

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/kinbom/kinbom/sbom/limit"
)

// readGPT reads a GUID partition table (UEFI specification, chapter 5) of
// blocks of 512 or 4,096 bytes. The table at the end of the disk is used when
// the first one is not as its checksums say.
func readGPT(r io.ReaderAt, size int64, complain func(error)) []Partition {
	for _, block := range []int64{Sector, 4096} {
		head, err := limit.ReadNAt(r, block, 92, size)
		first := err == nil && string(head[:8]) == "EFI PART"
		parts, firstErr := gptAt(r, size, block, block)
		if firstErr == nil {
			return parts
		}
		parts, err = gptAt(r, size, block, size/block*block-block)
		if err == nil {
			complain(fmt.Errorf("first partition table is damaged, the one at the end of the disk was used: %w", firstErr))
			return parts
		}
		if first {
			complain(fmt.Errorf("partition table: %w", firstErr))
		}
	}
	return nil
}

// gptAt reads the table whose header is at a byte of the disk.
func gptAt(r io.ReaderAt, size, block, at int64) ([]Partition, error) {
	le := binary.LittleEndian
	h, err := limit.ReadNAt(r, at, block, size)
	if err != nil {
		return nil, err
	}
	n := int64(le.Uint32(h[12:]))
	if string(h[:8]) != "EFI PART" {
		return nil, fault(at, "is not a GUID partition table", nil)
	}
	if n < 92 || n > block {
		return nil, fault(at+12, "impossible size of a GUID partition table's header", n)
	}
	want := le.Uint32(h[16:])
	clear(h[16:20])
	if got := crc32.ChecksumIEEE(h[:n]); got != want {
		return nil, fault(at+16, "checksum of a GUID partition table's header differs", fmt.Sprintf("%08x", got))
	}
	lba, count, each := le.Uint64(h[72:]), int64(le.Uint32(h[80:])), int64(le.Uint32(h[84:]))
	if each < 128 || each > 4096 || count > maxPartitions {
		return nil, fault(at+80, "impossible number or size of a GUID partition table's entries", count)
	}
	if lba > uint64(size/block) {
		return nil, fault(at+72, "entries of a GUID partition table lie outside the disk", lba)
	}
	b, err := limit.ReadNAt(r, int64(lba)*block, count*each, size)
	if err != nil {
		return nil, err
	}
	if got := crc32.ChecksumIEEE(b); got != le.Uint32(h[88:]) {
		return nil, fault(at+88, "checksum of a GUID partition table's entries differs", fmt.Sprintf("%08x", got))
	}
	var out []Partition
	for ; len(b) > 0; b = b[each:] {
		first, last := le.Uint64(b[32:]), le.Uint64(b[40:])
		if [16]byte(b[:16]) == [16]byte{} {
			continue
		}
		p := Partition{Name: utf16Name(b[56:128]), Declared: guid(b[:16]), Offset: -1}
		if top := uint64(maxSectors * Sector / block); first <= last && last < top {
			p.Offset, p.Size = int64(first)*block, int64(last-first+1)*block
		}
		out = append(out, p)
	}
	return out, nil
}

// guid writes a GUID as Apple and Microsoft do: the first three numbers are
// little-endian.
func guid(b []byte) string {
	le := binary.LittleEndian
	return fmt.Sprintf("%08X-%04X-%04X-%04X-%012X", le.Uint32(b), le.Uint16(b[4:]), le.Uint16(b[6:]), b[8:10], b[10:16])
}

func utf16Name(b []byte) string {
	var units []uint16
	for ; len(b) >= 2; b = b[2:] {
		u := binary.LittleEndian.Uint16(b)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return strings.ToValidUTF8(string(utf16.Decode(units)), "\uFFFD")
}

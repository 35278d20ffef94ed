package udif

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/kinbom/kinbom/sbom/limit"
)

// readAPM reads an Apple partition map (Inside Macintosh: Devices, "Partition
// Map"; Apple's Partition.h). Its blocks are those of the driver descriptor
// before it, 512 bytes when there is none.
func readAPM(r io.ReaderAt, size int64, complain func(error)) []Partition {
	be := binary.BigEndian
	block := int64(Sector)
	if b, err := limit.ReadNAt(r, 0, 4, size); err == nil && string(b[:2]) == "ER" {
		block = int64(be.Uint16(b[2:]))
	}
	// Discs carry maps with entries of 512 bytes whatever their blocks are.
	for _, step := range []int64{block, Sector} {
		b, err := limit.ReadNAt(r, step, Sector, size)
		if err != nil || step < Sector || step%Sector != 0 || string(b[:2]) != "PM" {
			continue
		}
		return apmEntries(r, size, step, int64(be.Uint32(b[4:])), complain)
	}
	return nil
}

func apmEntries(r io.ReaderAt, size, step, count int64, complain func(error)) []Partition {
	if count > maxPartitions {
		complain(fault(step+4, "impossible number of entries in an Apple partition map", count))
		count = maxPartitions
	}
	var out []Partition
	for i := range count {
		at := step * (i + 1)
		b, err := limit.ReadNAt(r, at, Sector, size)
		if err != nil {
			complain(err)
			break
		}
		if string(b[:2]) != "PM" {
			complain(fault(at, "is not an entry of the Apple partition map", i))
			break
		}
		start, n := int64(binary.BigEndian.Uint32(b[8:])), int64(binary.BigEndian.Uint32(b[12:]))
		p := Partition{Name: cString(b[16:48]), Declared: cString(b[48:80]), Offset: start * step, Size: n * step}
		if p.Declared == "Apple_Free" || p.Declared == "Apple_partition_map" || n == 0 {
			continue
		}
		out = append(out, p)
	}
	return out
}

func cString(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

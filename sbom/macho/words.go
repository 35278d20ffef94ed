package macho

import (
	"fmt"
	"strconv"
)

// Processor types (mach/machine.h).
const (
	cpuI386    = 7
	cpuARM     = 12
	cpuPPC     = 18
	cpuAMD64   = 0x01000007
	cpuARM64   = 0x0100000c
	cpuPPC64   = 0x01000012
	cpuARM6432 = 0x0200000c
	subMask    = 0x00ffffff // the top byte of a subtype holds capability bits
)

func knownCPU(cpu uint32) bool {
	switch cpu {
	case cpuI386, cpuARM, cpuPPC, cpuAMD64, cpuARM64, cpuPPC64, cpuARM6432:
		return true
	}
	return false
}

// archName is the usual name of an architecture; an unknown one keeps its numbers.
func archName(cpu, sub uint32) string {
	sub &= subMask
	switch cpu {
	case cpuI386:
		return "i386"
	case cpuAMD64:
		if sub == 8 {
			return "x86_64h"
		}
		return "x86_64"
	case cpuARM:
		if n := map[uint32]string{6: "armv6", 9: "armv7", 11: "armv7s", 12: "armv7k"}[sub]; n != "" {
			return n
		}
		return "arm"
	case cpuARM64:
		if sub == 2 {
			return "arm64e"
		}
		return "arm64"
	case cpuARM6432:
		return "arm64_32"
	case cpuPPC:
		return "ppc"
	case cpuPPC64:
		return "ppc64"
	}
	return fmt.Sprintf("cpu-%d-%d", cpu, sub)
}

// File types (mach-o/loader.h) that the reading depends on.
const (
	typeObject = 1
	typeDSYM   = 10
)

func typeName(t uint32) string {
	names := [...]string{1: "object", "execute", "fvmlib", "core", "preload", "dylib", "dylinker", "bundle",
		"dylib-stub", "dsym", "kext", "fileset", "gpu-execute", "gpu-dylib"}
	if t > 0 && t < uint32(len(names)) {
		return names[t]
	}
	return "type-" + strconv.FormatUint(uint64(t), 10)
}

func platformName(p uint32) string {
	names := [...]string{1: "macos", "ios", "tvos", "watchos", "bridgeos", "maccatalyst", "ios-simulator",
		"tvos-simulator", "watchos-simulator", "driverkit", "visionos", "visionos-simulator", "firmware", "sepos"}
	if p > 0 && p < uint32(len(names)) {
		return names[p]
	}
	return "platform-" + strconv.FormatUint(uint64(p), 10)
}

func toolName(t uint32) string {
	switch t {
	case 1:
		return "clang"
	case 2:
		return "swift"
	case 3:
		return "ld"
	case 4:
		return "lld"
	case 1024:
		return "metal"
	case 1025:
		return "airlld"
	case 1026:
		return "airnt"
	case 1027:
		return "airnt-plugin"
	case 1028:
		return "airpack"
	}
	return "tool-" + strconv.FormatUint(uint64(t), 10)
}

// version spells a packed version (16.8.8 bits) with three parts, as library
// versions are written.
func version(v uint32) string { return fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff) }

// shortVersion leaves out a last part of zero, as system versions are written.
func shortVersion(v uint32) string {
	if v&0xff == 0 {
		return fmt.Sprintf("%d.%d", v>>16, v>>8&0xff)
	}
	return version(v)
}

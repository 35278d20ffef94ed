package worker

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// applySystem limits this process: no core dump, no more address space than
// given, and death with the parent.
func applySystem(l Limits) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	if l.AddressSpace > 0 {
		n := uint64(l.AddressSpace)
		var have syscall.Rlimit // whoever started us may have set a lower one
		if err := syscall.Getrlimit(syscall.RLIMIT_AS, &have); err == nil {
			n = min(n, have.Max)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return fmt.Errorf("limiting address space: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("asking to die with the parent: %w", err)
	}
	return nil
}

// resident returns the bytes of resident memory of a process, or -1.
func resident(pid int) int64 {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return -1
	}
	defer f.Close()
	var buf [128]byte
	n, err := f.Read(buf[:])
	if err != nil && err != io.EOF {
		return -1
	}
	fields := strings.Fields(string(buf[:n]))
	if len(fields) < 2 {
		return -1
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return -1
	}
	return pages * int64(os.Getpagesize())
}

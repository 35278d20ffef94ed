package worker

import (
	"fmt"
	"syscall"
	"unsafe"
)

// applySystem switches core dumps off. macOS takes a limit on address space but
// does not enforce it.
func applySystem(Limits) error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("switching core dumps off: %w", err)
	}
	return nil
}

// taskInfo is the head of struct proc_taskinfo (<sys/proc_info.h>), padded to
// its whole size of 96 bytes.
type taskInfo struct {
	virtual  uint64
	resident uint64
	rest     [80]byte
}

// resident returns the bytes of resident memory of a process, or -1. It asks
// as libproc's proc_pidinfo(PROC_PIDTASKINFO) does.
func resident(pid int) int64 {
	const callPidInfo, pidTaskInfo = 2, 4
	var t taskInfo
	n, _, errno := syscall.Syscall6(syscall.SYS_PROC_INFO, callPidInfo, uintptr(pid), pidTaskInfo, 0,
		uintptr(unsafe.Pointer(&t)), unsafe.Sizeof(t))
	if errno != 0 || n != unsafe.Sizeof(t) {
		return -1
	}
	return int64(t.resident)
}

//go:build unix

package worker

import (
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup makes the child the leader of its own process group, so that it is
// killed with everything it started, and a terminal's interrupt passes it by.
func ownGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// killGroup kills the child's process group. It runs before the child is reaped
// or straight after it: a number is not given away while a group bears it, and
// a free one not so soon.
func killGroup(p *os.Process) {
	if syscall.Kill(-p.Pid, syscall.SIGKILL) != nil {
		p.Kill()
	}
}

// endReason says how a child ended that the pool did not kill.
func endReason(s *os.ProcessState) Reason {
	ws, ok := s.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return Crashed
	}
	switch ws.Signal() {
	case syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGBUS, syscall.SIGILL, syscall.SIGFPE, syscall.SIGTRAP, syscall.SIGSYS:
		return Crashed
	}
	return Killed
}

// keepOutput keeps standard output for frames: what else is printed there goes
// to standard error, so that a chatty library cannot break a frame.
func keepOutput(out io.Writer) (io.Writer, error) {
	f, ok := out.(*os.File)
	if !ok || f.Fd() != 1 {
		return out, nil
	}
	kept, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup2(2, 1); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(kept), "frames"), nil
}

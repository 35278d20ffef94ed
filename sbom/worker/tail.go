package worker

import (
	"bytes"
	"strings"
	"sync"
)

// tailSize is how much of a child's standard error is kept.
const tailSize = 8 << 10

// tail keeps the end of what is written to it, and the line by which the Go
// runtime says why it gives up: stacks follow that line and may push it out.
type tail struct {
	mu      sync.Mutex
	end     []byte // up to twice tailSize; the last tailSize bytes count
	line    []byte // the current line's first bytes
	verdict string // last line that says why
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for rest := p; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte{'\n'})
		t.line = append(t.line, part[:min(len(part), max(0, maxDetail-len(t.line)))]...)
		if whole {
			t.judge()
		}
		rest = after
	}
	if len(p) > tailSize {
		t.end = append(t.end[:0], p[len(p)-tailSize:]...)
		return len(p), nil
	}
	if len(t.end)+len(p) > 2*tailSize {
		t.end = append(t.end[:0], t.end[len(t.end)-tailSize:]...)
	}
	t.end = append(t.end, p...)
	return len(p), nil
}

// judge looks at a whole line and starts the next.
func (t *tail) judge() {
	for _, prefix := range []string{"fatal error: ", "panic: ", "SIG", "unexpected fault address"} {
		if bytes.HasPrefix(t.line, []byte(prefix)) {
			t.verdict = string(t.line)
		}
	}
	t.line = t.line[:0]
}

// useful returns the line that says best why the process ended: the runtime's
// own, else the last that is not empty. memory says that it is about memory.
func (t *tail) useful() (line string, memory bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.judge()
	if line = t.verdict; line == "" {
		lines := strings.Split(string(t.end[max(0, len(t.end)-tailSize):]), "\n")
		for i := len(lines) - 1; i >= 0 && line == ""; i-- {
			line = strings.TrimSpace(lines[i])
		}
	}
	if strings.HasPrefix(line, "fatal error: ") {
		for _, s := range []string{"out of memory", "cannot allocate memory", "cannot map pages", "failed to reserve", "newosproc"} {
			memory = memory || strings.Contains(line, s)
		}
	}
	return bounded(line, maxDetail), memory
}

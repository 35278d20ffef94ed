package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// progress draws one line on a terminal's standard error, at most ten times a
// second, and clears it at the end. Elsewhere it is silent.
type progress struct {
	env  *env
	mu   sync.Mutex
	last time.Time
}

func (p *progress) draw(done, total int, what string) {
	if !p.env.terminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.last) < 100*time.Millisecond {
		return
	} else {
		p.last = now
	}
	line := fmt.Sprintf("kinbom: %d of %d  %s", done, total, printable(what))
	if utf8.RuneCountInString(line) > 78 {
		line = string([]rune(line)[:78])
	}
	fmt.Fprintf(p.env.stderr, "\r\x1b[K%s", line)
}

func (p *progress) clear() {
	if p.env.terminal {
		fmt.Fprint(p.env.stderr, "\r\x1b[K")
	}
}

// printable keeps a file's name from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, s)
}

package ar

import "io"

// Open returns a stream of a member's content.
func (a *Reader) Open(m *Member) *io.SectionReader { return io.NewSectionReader(a.r, m.Offset, m.Size) }

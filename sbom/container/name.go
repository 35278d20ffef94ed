package container

import (
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Norm is the normal form of a path or a part of one: valid UTF-8 (other bytes
// are written \xNN) in Unicode NFC. Names from macOS are often NFD.
func Norm(s string) string {
	if !utf8.ValidString(s) {
		var b strings.Builder
		for len(s) > 0 {
			r, n := utf8.DecodeRuneInString(s)
			if r == utf8.RuneError && n == 1 {
				fmt.Fprintf(&b, `\x%02X`, s[0])
			} else {
				b.WriteString(s[:n])
			}
			s = s[n:]
		}
		s = b.String()
	}
	return norm.NFC.String(s)
}

// Reasons for which a name in an archive is refused.
const (
	whyNul      = "name in the archive holds a zero byte"
	whyAbsolute = "name in the archive is absolute"
	whyOutside  = "name in the archive leads outside it"
	whyEmpty    = "name in the archive is empty"
)

// cleanName makes the path of an entry out of its name in an archive. It
// returns why the name is refused, or "". An empty path without a reason is
// the root of the archive. Backslashes separate folders when the archive comes
// from a system where they do and the name has no slash; they are refused where
// another reader could be led outside by them.
func cleanName(name string, windows bool) (clean, why string) {
	if strings.Contains(name, "\x00") {
		return "", whyNul
	}
	if name == "" {
		return "", whyEmpty
	}
	if windows && !strings.Contains(name, "/") {
		name = strings.ReplaceAll(name, `\`, "/")
	}
	if name[0] == '/' || name[0] == '\\' || len(name) > 2 && name[1] == ':' && (name[2] == '/' || name[2] == '\\') {
		return "", whyAbsolute
	}
	for _, part := range strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			return "", whyOutside
		}
	}
	if clean = path.Clean(name); clean == "." {
		clean = ""
	}
	return clean, ""
}

// shown is a refused name as a gap shows it: bounded, without control characters.
func shown(name string) string {
	var b strings.Builder
	for _, r := range Norm(name[:min(len(name), 200)]) {
		if r < 0x20 || r == 0x7F {
			fmt.Fprintf(&b, `\x%02X`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// headSize is how much of a content finderFile needs.
const headSize = 8

// finderFile reports whether a file is one that the Finder or ditto adds: by
// its name, and by the first bytes of its content, so that code cannot hide
// behind such a name. An empty file of such a name counts as one.
func finderFile(norm string, head []byte) bool {
	base := path.Base(norm)
	switch {
	case base == ".DS_Store":
		return len(head) == 0 || strings.HasPrefix(string(head), "\x00\x00\x00\x01Bud1"[:min(8, len(head))])
	case strings.HasPrefix(base, "._"):
		return len(head) == 0 || strings.HasPrefix(string(head), "\x00\x05\x16\x07") || strings.HasPrefix(string(head), "\x00\x05\x16\x00")
	}
	return false
}

// finderDir reports whether a folder is ditto's folder of AppleDouble files.
func finderDir(norm string) bool {
	return norm == "__MACOSX" || strings.HasPrefix(norm, "__MACOSX/")
}

// finderName reports whether the name alone makes a look at the content worth it.
func finderName(norm string) bool {
	base := path.Base(norm)
	return base == ".DS_Store" || strings.HasPrefix(base, "._")
}

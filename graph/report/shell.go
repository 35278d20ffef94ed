package report

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kinbom/kinbom/graph/finding"
)

// quoteShell writes a word for a POSIX shell so that the shell gives back
// exactly its bytes. Words with characters that a terminal would act on are
// written through printf, so that the line itself is printable; line feeds at
// the end of such a word are lost (no file of a bundle ends in one).
func quoteShell(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-,:@%=") == "" && s[0] != '=' {
		return s
	}
	if plain(s) == s {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		if c != utf8.RuneError && unicode.IsPrint(c) && c != '\\' && c != '\'' {
			b.WriteString(s[i : i+n])
		} else {
			for _, x := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, `\0%03o`, x)
			}
		}
		i += n
	}
	return `"$(printf '%b' '` + b.String() + `')"`
}

// memberPattern escapes the characters that unzip takes for wildcards in the
// name of a member.
func memberPattern(s string) string {
	s = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `*`, `\*`, `?`, `\?`).Replace(s)
	if strings.HasPrefix(s, "-") {
		return "[-]" + s[1:] // not an option
	}
	return s
}

// archivePattern does the same for the name of the archive. unzip takes it for
// a pattern only when it holds a wildcard, and there a backslash has no
// escape: any character stands for it.
func archivePattern(s string) string {
	if !strings.ContainsAny(s, "*?[") {
		return s
	}
	return strings.NewReplacer(`[`, `[[]`, `*`, `[*]`, `?`, `[?]`, `\`, `?`).Replace(s)
}

// filePath is the path of a place as found under the input. The path of a bare
// executable is already that of its only file; loose libraries are named from
// the input.
func filePath(q *finding.Product, place string) string {
	switch q.Kind {
	case "executable":
		return q.Path
	case "libraries":
		return place
	}
	return path.Join(q.Path, place)
}

// opener says by the ending of a name how a file in an archive can be shown.
type opener int

const (
	notArchive opener = iota
	byUnzip           // a pipe from unzip
	byTar             // a pipe from tar
	byHand            // to be unpacked first
	inPlace           // a static archive: offsets count in the archive itself
)

// archiveEndings are the archives that a path can lead into.
var archiveEndings = map[string]opener{
	".zip": byUnzip, ".ipa": byUnzip,
	".tar": byTar, ".tgz": byTar, ".tbz": byTar, ".tbz2": byTar, ".txz": byTar, ".tzst": byTar,
	".dmg": byHand, ".img": byHand, ".iso": byHand, ".cdr": byHand, ".pkg": byHand, ".mpkg": byHand, ".xip": byHand, ".xar": byHand, ".asar": byHand,
	".a": inPlace,
}

func openerOf(name string) opener {
	name = strings.ToLower(name)
	if inner := strings.TrimSuffix(name, path.Ext(name)); strings.HasSuffix(inner, ".tar") {
		return byTar // .tar.gz and the like
	}
	return archiveEndings[path.Ext(name)]
}

// splitArchives cuts a path after each component that is an archive by its
// name: "a/b.zip/c/d.ipa/e" gives "a/b.zip", "c/d.ipa", "e". The last component
// is never cut: it is the file.
func splitArchives(p string) []string {
	var out []string
	parts := strings.Split(p, "/")
	from := 0
	for i, s := range parts[:len(parts)-1] {
		if openerOf(s) != notArchive {
			out = append(out, strings.Join(parts[from:i+1], "/"))
			from = i + 1
		}
	}
	return append(out, strings.Join(parts[from:], "/"))
}

// showBytes is a command line that shows bytes of a file: the reader can see
// for himself. For a file in an archive in an archive, or in one that no common
// command gives a stream of, it is a remark.
func showBytes(p string, offset, length int64) string {
	if strings.HasPrefix(p, "-") {
		p = "./" + p
	}
	parts := splitArchives(p)
	if n := len(parts); n > 1 && openerOf(parts[n-2]) == inPlace {
		parts = append(parts[:n-2], parts[n-2]) // the member's bytes lie in the archive as they are
	}
	tail := fmt.Sprintf("bs=1 skip=%d count=%d 2>/dev/null | xxd", offset, length)
	if len(parts) == 1 {
		return fmt.Sprintf("dd if=%s %s", quoteShell(parts[0]), tail)
	}
	if len(parts) == 2 {
		switch openerOf(parts[0]) {
		case byUnzip:
			dir, base := path.Split(parts[0])
			return fmt.Sprintf("unzip -p %s %s | dd %s", quoteShell(dir+archivePattern(base)), quoteShell(memberPattern(parts[1])), tail)
		case byTar: // a member is stored with or without ./ before it
			return fmt.Sprintf("tar -xOf %s %s %s 2>/dev/null | dd %s", quoteShell(parts[0]), quoteShell(parts[1]), quoteShell("./"+parts[1]), tail)
		}
	}
	archives := strings.Join(parts[:len(parts)-1], "/")
	return fmt.Sprintf("# unpack %s first, then in it: dd if=%s %s", quoteShell(archives), quoteShell(parts[len(parts)-1]), tail)
}

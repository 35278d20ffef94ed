package library

import (
	"path"
	"slices"
	"strings"
)

// rustSource reads the path of a Rust source file, as the places of panics hold
// it: the crate, and whether everybody has it. The standard library is compiled
// below /rustc/<commit>/library/, what it is built with below /rust/deps/ or
// /cargo/registry of that build; crates of the public registry below
// registry/src/<index>/<crate>-<version>/. Any other source may be the vendor's
// own, those of other registries and of git checkouts too. ok is false for what
// is no such path.
func rustSource(t string) (crate, version string, public, ok bool) {
	if path.Ext(t) != ".rs" || strings.ContainsAny(t, "\n\t%") || len(t) > 1024 {
		return "", "", false, false
	}
	l := strings.Split(strings.ReplaceAll(t, "\\", "/"), "/")
	for i, d := range l {
		switch {
		case d == "rustc" && i+3 < len(l) && l[i+2] == "library" && hexadecimal(l[i+1]),
			d == "rust" && i+2 < len(l) && l[i+1] == "deps":
			return standardRust, "", true, true
		case d == "registry" && i+4 < len(l) && l[i+1] == "src":
			crate, version = crateFolder(l[i+3])
			return crate, version, crate != "" && publicIndex(l[i+2]), true
		}
	}
	return "", "", false, true
}

const standardRust = "Rust standard library"

// publicIndex reports whether a folder of cargo's registry belongs to the public
// index. The folder is the index's host with a hash behind it.
func publicIndex(d string) bool {
	host, hash, ok := cutLast(d, "-")
	return ok && hexadecimal(hash) && (host == "index.crates.io" || host == "github.com")
}

func hexadecimal(s string) bool {
	return len(s) >= 8 && strings.Trim(s, "0123456789abcdef") == ""
}

// crateFolder cuts "crate-name-1.2.3" into name and version; "" when it has none.
func crateFolder(d string) (name, version string) {
	for i := range len(d) - 1 {
		if d[i] == '-' && d[i+1] >= '0' && d[i+1] <= '9' && strings.Contains(d[i:], ".") {
			return d[:i], d[i+1:]
		}
	}
	return "", ""
}

func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// rustStandard are the crates that every Rust program has.
var rustStandard = []string{"std", "core", "alloc", "compiler_builtins", "std_detect", "panic_unwind", "panic_abort", "unwind", "rustc_demangle", "proc_macro"}

// rustCrate is the crate of a mangled Rust name (legacy: "_ZN", length, crate,
// and a hash at the end; v0: "_R", and the crate behind "C", with "s<number>_"
// before it), or "". Source: Rust RFC 2603 and the book of the compiler.
func rustCrate(name string) string {
	name = strings.TrimLeft(name, "_")
	if rest, ok := strings.CutPrefix(name, "ZN"); ok && len(name) > 20 && strings.HasSuffix(name, "E") && strings.Contains(name, "17h") {
		if c := counted(rest); !strings.HasPrefix(c, "_$") {
			return c
		}
		return ""
	}
	if rest, ok := strings.CutPrefix(name, "R"); ok {
		i := strings.Index(rest, "C")
		if i < 0 || strings.Trim(rest[:i], "NvtcsIXYMS") != "" {
			return ""
		}
		rest = rest[i+1:]
		if s, ok := strings.CutPrefix(rest, "s"); ok {
			_, rest, _ = strings.Cut(s, "_")
		}
		return counted(strings.TrimPrefix(rest, "_"))
	}
	return ""
}

// counted is the text behind its own length in decimal, or "".
func counted(s string) string {
	n, i := 0, 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1000; i++ {
		n = 10*n + int(s[i]-'0')
	}
	if n == 0 || i+n > len(s) {
		return ""
	}
	return s[i : i+n]
}

func isRustStandard(crate string) bool { return slices.Contains(rustStandard, crate) }

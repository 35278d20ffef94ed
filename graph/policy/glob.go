package policy

import "strings"

// glob reports whether s matches a pattern in which * stands for any run of
// characters (dots and slashes too) and ? for one. Case does not count in
// bundle ids: the system does not tell them apart by case either. It takes
// time in the product of the lengths at most.
func glob(pattern, s string) bool {
	p, t := []rune(strings.ToLower(pattern)), []rune(strings.ToLower(s))
	pi, ti, star, mark := 0, 0, -1, 0
	for ti < len(t) {
		switch {
		case pi < len(p) && p[pi] == '*':
			star, mark = pi, ti
			pi++
		case pi < len(p) && (p[pi] == '?' || p[pi] == t[ti]):
			pi++
			ti++
		case star >= 0:
			mark++
			pi, ti = star+1, mark
		default:
			return false
		}
	}
	for pi < len(p) && p[pi] == '*' {
		pi++
	}
	return pi == len(p)
}

// isGlob reports whether the text holds a wildcard.
func isGlob(s string) bool { return strings.ContainsAny(s, "*?") }

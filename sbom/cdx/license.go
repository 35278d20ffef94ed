package cdx

import "strings"

// isLicenseID knows the SPDX ids that shipped software mostly has. CycloneDX
// takes an id only from the SPDX list; any other licence is written by name,
// which loses nothing. A test looks these up in the official list.
func isLicenseID(s string) bool {
	switch s {
	case "0BSD", "AFL-2.1", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-1.1", "Apache-2.0", "Artistic-2.0",
		"BSD-1-Clause", "BSD-2-Clause", "BSD-3-Clause", "BSD-4-Clause", "BSL-1.0", "BlueOak-1.0.0", "bzip2-1.0.6",
		"CC-BY-3.0", "CC-BY-4.0", "CC0-1.0", "CDDL-1.0", "CDDL-1.1", "curl", "EPL-1.0", "EPL-2.0",
		"GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later", "ICU", "IJG", "ISC",
		"LGPL-2.0-only", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "libpng-2.0",
		"Libpng", "MIT", "MIT-0", "MPL-1.1", "MPL-2.0", "MS-PL", "NCSA", "OFL-1.1", "OpenSSL", "PSF-2.0",
		"Python-2.0", "Ruby", "blessing", "TCL", "Unicode-DFS-2016", "Unicode-3.0", "Unlicense", "W3C", "WTFPL",
		"X11", "Zlib", "ZPL-2.1":
		return true
	}
	return false
}

// isExpression recognises an SPDX expression of ids and operators.
func isExpression(s string) bool {
	operators := 0
	for _, word := range strings.Fields(strings.NewReplacer("(", " ", ")", " ").Replace(s)) {
		switch word {
		case "AND", "OR", "WITH":
			operators++
			continue
		}
		for _, c := range []byte(word) {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '+' && c != ':' {
				return false
			}
		}
	}
	return operators > 0
}

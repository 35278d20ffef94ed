package scan

import (
	"bytes"
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// Limits of the search for hosts.
const (
	maxHost     = 253     // bytes of one host: the longest name of the domain name system
	maxDistinct = 1 << 16 // hosts of one image that are told apart
)

// schemes are those of addresses that something can be sent to or fetched from.
var schemes = []string{"http", "https", "ws", "wss", "ftp", "ftps"}

// formatNames are beginnings of addresses that nobody opens: XML namespaces and
// document types, which name formats.
var formatNames = []string{"www.w3.org/", "schemas.", "xmlns.", "ns.adobe.com/", "purl.org/", "www.apple.com/DTDs/", "www.openxmlformats.org/",
	"iptc.org/std/", "cipa.jp/exif/", "xml.org/sax/", "javax.xml.", "xml.apache.org/", "www.xml.org/", "relaxng.org/ns/", "docs.oasis-open.org/"}

// hosts lists the hosts and URL templates in the literals of a unit: scheme and
// host, without user, path and query; sorted, each once, sbom.MaxHosts at most.
// more counts those beyond. A part that is filled in when the program runs stays
// as it is written: https://%@.example.com. In a run of constants nobody knows
// where a literal ends: there a host counts only when something ends it. The
// work is linear in the bytes of the facts.
func hosts(facts []sbom.Fact) (list []string, more int) {
	seen := map[string]bool{}
	for i := range facts {
		f := &facts[i]
		switch f.Kind {
		case sbom.FactString, sbom.FactCFString, sbom.FactConst:
		default:
			continue
		}
		for b := f.Value; ; {
			at := bytes.Index(b, []byte("://"))
			if at < 0 {
				break
			}
			scheme := schemeBefore(b[:at], f.Kind == sbom.FactConst)
			b = b[at+len("://"):]
			if scheme == "" {
				continue
			}
			if h := hostOf(b, f.Kind == sbom.FactConst); h != "" && len(seen) < maxDistinct {
				seen[scheme+"://"+h] = true
			}
		}
	}
	for h := range seen {
		list = append(list, h)
	}
	slices.Sort(list)
	if len(list) > sbom.MaxHosts {
		list, more = list[:sbom.MaxHosts:sbom.MaxHosts], len(list)-sbom.MaxHosts
	}
	return list, more
}

// schemeBefore is the scheme that a text ends in, in lower case, or "". In a run
// the letters before it may be those of another literal.
func schemeBefore(b []byte, run bool) string {
	n := len(b)
	for n > 0 && len(b)-n < 8 && letter(b[n-1]) {
		n--
	}
	word := strings.ToLower(string(b[n:]))
	if slices.Contains(schemes, word) {
		return word
	}
	if run {
		for _, s := range []string{"https", "http"} {
			if strings.HasSuffix(word, s) {
				return s
			}
		}
	}
	return ""
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// hostOf is the host, with its port, at the beginning of what stands behind
// "://", or "" when it is none.
func hostOf(b []byte, run bool) string {
	n := 0
	for n < len(b) && n <= 2*maxHost && hostByte(b[n]) {
		n++
	}
	if run && n < len(b) && !bytes.ContainsRune([]byte("/?#"), rune(b[n])) {
		return ""
	}
	host := string(b[:n])
	if i := userEnd(host); i >= 0 {
		host = host[i+1:]
	}
	host = strings.TrimRight(host, ".,:;)'*!")
	template := strings.ContainsAny(host, "%{$(")
	switch {
	case host == "" || len(host) > maxHost || strings.HasPrefix(host, "."):
		return ""
	case !template && !strings.Contains(host, ".") && !strings.HasPrefix(host, "[") && !strings.HasPrefix(strings.ToLower(host), "localhost"):
		return ""
	}
	if !template {
		host = strings.ToLower(host)
	}
	whole := host + string(b[n:min(len(b), n+maxHost)])
	for _, name := range formatNames {
		if strings.HasPrefix(whole, name) || whole == strings.TrimSuffix(name, "/") {
			return ""
		}
	}
	return host
}

// hostByte reports whether a byte can stand in a host, a user, a port or a place
// that is filled in later.
func hostByte(c byte) bool {
	return letter(c) || c >= '0' && c <= '9' || strings.IndexByte(".-_:@%${}()[]*~!,;'+=", c) >= 0
}

// userEnd is where the user and password before a host end, or -1. The @ of %@
// and %1$@ is a place to be filled in.
func userEnd(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '@' && (i == 0 || s[i-1] != '%' && s[i-1] != '$') {
			return i
		}
	}
	return -1
}

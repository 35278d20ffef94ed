package fingerprint

import "strings"

// hostsOf lists the literals of a Set that hold an address of the net: those
// whose text it still has, or those that were read with it.
func hostsOf(s *Set) []Host {
	var out []Host
	given := s.Hosts
	for i := range s.Features {
		f := &s.Features[i]
		for len(given) > 0 && given[0].Feature < uint32(i) {
			given = given[1:]
		}
		switch {
		case f.Kind != FeatureString && f.Kind != FeaturePointer:
		case f.Text != "" && HasHost(f.Text):
			out = append(out, Host{uint32(i), f.Text})
		case len(given) > 0 && given[0].Feature == uint32(i):
			out = append(out, given[0])
		}
	}
	return out
}

// schemes begin what is an address of the net.
var schemes = [...]string{"http://", "https://", "ws://", "wss://", "ftp://", "ftps://"}

// HasHost reports whether a literal holds an address of the net or a template
// of one ("https://%@/v1", "api.example.com/v1"). Addresses of document types and name spaces, which
// nobody connects to, are none.
func HasHost(text string) bool {
	for _, s := range schemes {
		_, rest, ok := strings.Cut(text, s)
		if !ok || rest == "" {
			continue
		}
		if host, _, _ := strings.Cut(rest, "/"); host == "www.w3.org" || strings.HasPrefix(rest, "www.apple.com/DTDs/") {
			continue
		}
		return true
	}
	return bareHost(text)
}

// bareHost reports whether a literal is the name of a host, with a path or
// without: it ends in a domain that is widely used, does not begin with one (as
// identifiers in reverse order do), and has three parts or ends in one of the
// oldest.
func bareHost(text string) bool {
	host, _, _ := strings.Cut(text, "/")
	if len(host) < 6 || len(host) > 253 || strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return false
	}
	labels := strings.Split(host, ".")
	first, last := labels[0], labels[len(labels)-1]
	for _, l := range labels {
		if l == "" || len(l) > 63 {
			return false
		}
	}
	oldest := last == "com" || last == "net" || last == "org"
	return len(labels) > 1 && topLevel(last) && !topLevel(first) && (oldest || len(labels) > 2)
}

func topLevel(label string) bool {
	switch label {
	case "com", "net", "org", "io", "co", "dev", "ai", "cloud", "xyz", "info", "biz", "invalid", "ru", "cn", "de", "uk", "eu", "us", "jp", "fr":
		return true
	}
	return false
}

func putHosts(hosts []Host) []byte {
	b := uv(nil, uint64(len(hosts)))
	last := uint32(0)
	for _, h := range hosts {
		b = putText(uv(b, uint64(h.Feature-last)), h.Text)
		last = h.Feature
	}
	return b
}

func (f *File) hosts(s *Set) error {
	if _, ok := f.parts[sectionHosts]; !ok {
		return nil
	}
	c := f.section(sectionHosts)
	last := uint64(0)
	for i := range c.number(uint64(len(c.b))) {
		d := c.number(uint64(len(s.Features)))
		last += d
		t := c.text()
		if c.what != "" || last >= uint64(len(s.Features)) || i > 0 && d == 0 {
			c.bad("an address of no feature")
			break
		}
		s.Hosts = append(s.Hosts, Host{uint32(last), t})
	}
	return c.end()
}

package policy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kinbom/kinbom/sbom"
)

// Starter writes a family file to start from: every product found, each with
// its purpose left to confirm. A purpose is never guessed into force: the line
// is a comment, with the store category as a hint where there is one. Products
// with the same bundle id give one entry. The result parses.
func Starter(products []*sbom.Product) []byte {
	var b bytes.Buffer
	b.WriteString(starterHead)
	if teams := teamsOf(products); len(teams) > 0 {
		b.WriteString("# Team ids that the signatures claim (not verified):\n")
		for _, t := range teams {
			fmt.Fprintf(&b, "#   %s\n", comment(t))
		}
	}
	b.WriteString("# match: {team: [ABCDE12345], bundle: [\"com.example.*\"]}\n\n")
	entries := starterEntries(products)
	if len(entries) == 0 {
		b.WriteString("products: []\n")
	} else {
		b.WriteString("products:\n")
	}
	for _, e := range entries {
		e.write(&b)
	}
	b.WriteString(starterTail)
	return b.Bytes()
}

const starterHead = `# Family file of kinbom. Take the "#" off each purpose line that is right, or
# write another token. A product without a purpose is judged "ask".
# Purposes: browser, antivirus, endpoint-security, web-protection,
#   parental-control, employee-monitoring, forensics, password-manager, vpn,
#   content-blocker, mdm-agent, cleaner, uninstaller, archiver, file-opener,
#   duplicate-finder, battery, system-monitor, disk-tool, backup, migration,
#   launcher, time-tracker, download-manager, media, office, developer-tool,
#   communication, game, education, other
vendor: unnamed vendor   # write the vendor's name

# Which products to judge; others in the input are listed, not judged. Products
# listed below are always judged. Without "match" every product is.
`

const starterTail = `
# What the vendor disclosed, and where it can be read:
# disclosures:
#   - products: ["com.example.*"]
#     capability: browser.history.read
#     text: "..."
#     url: "https://www.example.com/privacy"
#     date: 2026-01-31
`

// starterEntry is one product entry of a starter file.
type starterEntry struct {
	key, value     string // bundle, path or name
	names          []string
	category, hint string
}

func starterEntries(products []*sbom.Product) []starterEntry {
	byKey := map[[2]string]*starterEntry{}
	var order [][2]string
	sorted := slices.Clone(products)
	slices.SortFunc(sorted, func(a, b *sbom.Product) int {
		return strings.Compare(firstPath(a)+"\x00"+string(a.ID), firstPath(b)+"\x00"+string(b.ID))
	})
	for _, p := range sorted {
		k := starterKey(p)
		if k[1] == "" {
			continue
		}
		id := [2]string{k[0], strings.ToLower(k[1])}
		e := byKey[id]
		if e == nil {
			e = &starterEntry{key: k[0], value: k[1]}
			byKey[id] = e
			order = append(order, id)
		}
		if name := strings.TrimSpace(p.Name + " " + p.Version); !contains(e.names, name) {
			e.names = append(e.names, name)
		}
		for _, b := range p.Bundles {
			if b.Path == "" && b.Category != "" && e.category == "" {
				e.category, e.hint = b.Category, hintOf(b.Category)
			}
		}
	}
	out := make([]starterEntry, 0, len(order))
	for _, k := range order {
		out = append(out, *byKey[k])
	}
	return out
}

// starterKey picks what names the product best: its bundle id, else its path.
// A bundle id with a wildcard character would match more than itself, so it is
// passed over; in a path each character that cannot be written is a "?".
func starterKey(p *sbom.Product) [2]string {
	if !isGlob(p.BundleID) && printable(p.BundleID) {
		return [2]string{"bundle", p.BundleID}
	}
	path := strings.TrimSuffix(firstPath(p), "/")
	if printable(path) {
		return [2]string{"path", path}
	}
	return [2]string{"path", strings.Map(func(c rune) rune {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, path)}
}

func (e starterEntry) write(b *bytes.Buffer) {
	for _, n := range e.names {
		fmt.Fprintf(b, "  # %s\n", comment(n))
	}
	fmt.Fprintf(b, "  - %s: %s\n", e.key, quote(e.value))
	token, why := e.hint, "confirm; store category "+comment(strings.TrimPrefix(e.category, "public.app-category."))
	switch {
	case e.category == "":
		token, why = "other", "confirm"
	case token == "":
		token = "other"
	}
	fmt.Fprintf(b, "    # purpose: %s   # %s\n", token, why)
}

// hintOf is a guess at a purpose token from a store category, or "". The
// category "utilities" says nothing, and no category says "security".
func hintOf(category string) string {
	c := strings.TrimPrefix(category, "public.app-category.")
	switch c {
	case "developer-tools":
		return "developer-tool"
	case "education":
		return "education"
	case "music", "video", "photography", "entertainment", "graphics-design":
		return "media"
	case "social-networking":
		return "communication"
	case "productivity", "business", "finance":
		return "office"
	}
	if c == "games" || strings.HasSuffix(c, "-games") {
		return "game"
	}
	return ""
}

func teamsOf(products []*sbom.Product) []string {
	var out []string
	for _, p := range products {
		if p.Team != "" {
			out = append(out, p.Team)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func firstPath(p *sbom.Product) string {
	if len(p.Paths) == 0 {
		return ""
	}
	return slices.Min(p.Paths)
}

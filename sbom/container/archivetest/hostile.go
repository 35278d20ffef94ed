package archivetest

import (
	"bytes"
	"fmt"
	"strings"
)

// Hostile is an archive that no honest writer made.
type Hostile struct {
	Name  string
	Bytes []byte
	Want  string // part of what a reader must say of it
}

// text is a hostile archive, or a part of one, as it is written in a table.
type text struct{ name, in, want string }

// each makes the archives of a table.
func each(table []text, archive func(string) []byte) (out []Hostile) {
	for _, c := range table {
		out = append(out, Hostile{c.name, archive(c.in), c.want})
	}
	return out
}

// HostileAsars have hostile headers. Some are so only for at most 1,000 entries
// and paths of 255 bytes.
func HostileAsars() []Hostile {
	node := func(inner string) string { return `{"files":{"f":{` + inner + `}}}` }
	return each([]text{
		{"no object", `[]`, "expected {"},
		{"text", `hello`, "damaged"},
		{"cut", `{"files":{"a":{`, "ends too early"},
		{"more", `{"files":{}}{}`, "more after"},
		{"files no object", `{"files":[]}`, "expected {"},
		{"child no object", `{"files":{"a":3}}`, "expected {"},
		{"deep folders", strings.Repeat(`{"files":{"a":`, 100_000), "limit on depth"},
		{"deep unknown", node(`"x":` + strings.Repeat("[", 100_000)), "limit on depth"},
		{"deep beside", `{"x":` + strings.Repeat(`{"x":`, 100_000), "limit on depth"},
		{"deep integrity", node(`"integrity":{"hash":` + strings.Repeat("[", 100_000)), "limit on depth"},
		{"entries", `{"files":{` + strings.Repeat(`"a":{},`, 1001) + `"b":{}}}`, "limit on entries"},
		{"long path", `{"files":{"` + strings.Repeat("n", 300) + `":{"size":1,"offset":"0"}}}`, "path length"},
		{"no size", node(`"offset":"0"`), "no folder, link or file"},
		{"empty node", node(``), "no folder, link or file"},
		{"negative size", node(`"size":-1,"offset":"0"`), "size is not valid"},
		{"fraction", node(`"size":1.5,"offset":"0"`), "size is not valid"},
		{"huge size", node(`"size":9223372036854775807,"offset":"0"`), "not inside"},
		{"overflow", node(`"size":9223372036854775807,"offset":"9223372036854775807"`), "not inside"},
		{"too big a number", node(`"size":99999999999999999999,"offset":"0"`), "size is not valid"},
		{"offset text", node(`"size":1,"offset":"x"`), "offset is not valid"},
		{"offset negative", node(`"size":1,"offset":"-5"`), "offset is not valid"},
		{"offset missing", node(`"size":1`), "offset is not valid"},
		{"offset far", node(`"size":1,"offset":"4000000000"`), "not inside"},
		{"link number", node(`"link":7`), "link is not valid"},
	}, func(header string) []byte { return AsarRaw([]byte(header), []byte("data")) })
}

// SampleCPIO is a sound archive with an entry of each type.
func SampleCPIO(format string) []byte {
	return CPIO(format,
		File{Name: "./App/"}, File{Name: "./App/main", Data: "code of the app", Mode: 0o755}, File{Name: "./App/link", Link: "main"},
		File{Name: "./empty"}, File{Name: "./odd", Data: "123"}, File{Name: "./dev", Mode: 0o020644}, File{Name: "./pipe", Mode: 0o010644})
}

// HostileCPIOs are hostile archives of all forms.
func HostileCPIOs() []Hostile {
	odc := func(ino, mode, links, namesize, size string) string {
		return "070707" + "000001" + ino + mode + "000000" + "000000" + links + "000000" + "00000000000" + namesize + size
	}
	plain := odc("000001", "100644", "000001", "000002", "00000000003")
	bad := SampleCPIO("crc")
	bad[bytes.Index(bad, []byte("code of"))] ^= 1
	return each([]text{
		{"empty", "", "trailer is missing"},
		{"text", "hello, this is text", "magic is not known"},
		{"old binary", "\xC7\x71 and so on", "old binary form"},
		{"swapped binary", "\x71\xC7 and so on", "old binary form"},
		{"digits", strings.Replace(plain, "100644", "1006x4", 1), "no number"},
		{"sign", strings.Replace(plain, "100644", "-00644", 1), "no number"},
		{"newc digits", "070701" + strings.Repeat("0000000g", 13), "no number"},
		{"no name", strings.Replace(plain, "000002"+"00000000003", "000000"+"00000000003", 1), "length of a name"},
		{"long name", strings.Replace(plain, "000002"+"00000000003", "777777"+"00000000003", 1), "length of a name"},
		{"newc long name", "070701" + strings.Repeat("00000000", 11) + "ffffffff" + "00000000", "length of a name"},
		{"name end", plain + "ab" + "abc", "zero byte"},
		{"size 8 GiB", odc("000001", "100644", "000001", "000002", "77777777777") + "a\x00" + "abc", "ends too early"},
		{"huge link", odc("000001", "120644", "000001", "000002", "77777777777") + "a\x00" + "abc", "ends too early"},
		{"trailer missing", plain + "a\x00abc", "trailer is missing"},
		{"hidden", string(SampleCPIO("odc")) + "\x00\x00" + string(SampleCPIO("odc")), "data after the trailer"},
		{"checksum", string(bad), "checksum of a content differs"},
	}, func(in string) []byte { return []byte(in) })
}

// HostileXARs have hostile tables of contents, mostly with one file. Some are so
// only for at most 1,000 entries and paths of 255 bytes.
func HostileXARs() []Hostile {
	file := func(inner string) string { return "<xar><toc><file>" + inner + "</file></toc></xar>" }
	data := func(inner string) string { return file("<name>f</name><data>" + inner + "</data>") }
	return each([]text{
		{"no xml", "hello", "no element"},
		{"empty", "", "no element"},
		{"cut", "<xar><toc><file>", "ends too early"},
		{"entities", `<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]><xar><toc>&b;</toc></xar>`, "declarations are refused"},
		{"entity", `<xar><toc>&lol;</toc></xar>`, "damaged"},
		{"deep", strings.Repeat("<file>", 100_000), "limit on depth"},
		{"deep files", "<xar><toc>" + strings.Repeat("<file><name>a</name>", 600), "limit on depth"},
		{"many files", "<xar><toc>" + strings.Repeat("<file/>", 1001) + "</toc></xar>", "limit on entries"},
		{"two roots", "<xar/><xar/>", "second root"},
		{"wrong order", "<a><b></a></b>", "damaged"},
		{"offset text", data("<offset>x</offset>"), "not valid"},
		{"offset negative", data("<offset>-1</offset>"), "not valid"},
		{"offset far", data("<offset>9223372036854775807</offset>"), "outside the file"},
		{"length far", data("<offset>0</offset><length>9223372036854775807</length>"), "not inside the file"},
		{"size exabytes", data("<offset>0</offset><length>5</length><size>9223372036854775807</size>"), "shorter than its size"},
		{"size too small", data("<offset>0</offset><length>5</length><size>3</size>"), "longer than its size"},
		{"encoding", data(`<encoding style="application/x-zip"/><length>5</length>`), "encoding is not known"},
		{"not zlib", data(`<encoding style="application/x-gzip"/><length>20</length><size>9</size>`), "damaged"},
		{"checksum", data(`<length>0</length><extracted-checksum style="sha1">00</extracted-checksum>`), "checksum of the content differs"},
		{"archived checksum", data(`<length>0</length><archived-checksum style="sha1">00</archived-checksum>`), "checksum of the stored data differs"},
		{"folder", file("<name>f</name><type>directory</type>"), "no content"},
		{"fifo", file("<name>f</name><type>fifo</type>"), "no content"},
		{"hard link", file(`<name>f</name><type link="77">hardlink</type>`), "leads to no file"},
		{"base64 name", file(`<name enctype="base64">!!</name>`), "base64"},
		{"long path", file("<name>" + strings.Repeat("n", 300) + "</name>"), "path length"},
	}, func(toc string) []byte { return XARRaw([]byte(toc), make([]byte, 40)) })
}

// HostilePBZXs are hostile streams with one chunk.
func HostilePBZXs() []Hostile {
	plain := []byte(strings.Repeat("some data of a payload, ", 200))
	edit := func(stored bool, off int, c ...byte) []byte {
		b := PBZX(plain[:900], 900, stored)
		copy(b[off:], c)
		return b
	}
	return []Hostile{
		{"magic", edit(false, 3, 'z'), "magic"},
		{"exabytes", edit(false, 12, 0x7F), "not possible"},
		{"huge data", edit(false, 20, 0x7F), "not possible"},
		{"small claim", edit(false, 18, 0, 9), "larger than its size"},
		{"large claim", edit(false, 18, 9), "smaller than its size"},
		{"no xz", edit(false, 28, 'x'), "cannot be decoded"},
		{"damaged", edit(false, 60, 'x', 'x', 'x'), "cannot be decoded"},
		{"not the size", edit(true, 18, 9), "cannot be decoded"},
	}
}

// HostileArs are static archives whose first member, a.o, is sound. Some are
// hostile only for at most 10 entries.
func HostileArs() []Hostile {
	head := func(name, size, end string) string {
		return fmt.Sprintf("%-16s%-12s%-6s%-6s%-8s%-10s%s", name, "0", "0", "0", "644", size, end)
	}
	good := head("a.o", "2", "`\n") + "hi"
	return each([]text{
		{"header cut", good + "x", "header is cut"},
		{"header end", good + head("b.o", "2", "xx") + "hi", "end of the member header"},
		{"size text", good + head("b.o", "x", "`\n") + "hi", "not a number"},
		{"size negative", good + head("b.o", "-2", "`\n") + "hi", "not a number"},
		{"size large", good + head("b.o", "9999999999", "`\n") + "hi", "not inside"},
		{"bsd name", good + head("#1/99", "2", "`\n") + "hi", "length of a long name"},
		{"bsd name text", good + head("#1/x", "2", "`\n") + "hi", "length of a long name"},
		{"gnu no table", good + head("/0", "2", "`\n") + "hi", "not in the table"},
		{"gnu far", good + head("//", "4", "`\n") + "a.o/" + head("/9", "2", "`\n") + "hi", "not in the table"},
		{"gnu no end", good + head("//", "4", "`\n") + "a.o/" + head("/0", "2", "`\n") + "hi", "does not end"},
		{"gnu two tables", good + head("//", "2", "`\n") + "a\n" + head("//", "2", "`\n") + "a\n", "second table"},
		{"gnu huge offset", good + head("//", "2", "`\n") + "a\n" + head("/99999999999999", "2", "`\n") + "hi", "not in the table"},
		{"entries", strings.Repeat(good, 20), "limit on entries"},
	}, func(in string) []byte { return []byte("!<arch>\n" + in) })
}

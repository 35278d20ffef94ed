package fingerprint

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Write saves a Set. The same Set gives the same bytes. Texts of features are
// saved where something can be named by them (see keeps). The error is that of
// w, or says what the Set lacks to be one.
func Write(w io.Writer, s *Set) (Sizes, error) {
	image, err := hex.DecodeString(string(s.Image))
	if err != nil || len(image) != 32 {
		return Sizes{}, fmt.Errorf("saving code marks: image digest %q", s.Image)
	}
	if len(s.Arch) > archSize {
		return Sizes{}, fmt.Errorf("saving code marks: architecture %q", s.Arch)
	}
	type saved struct {
		id   uint32
		text bool
		b    []byte
	}
	parts := []saved{
		{sectionFunctions, false, putFunctions(s)}, {sectionFeatures, false, putFeatures(s)}, {sectionUses, false, putUses(s)},
		{sectionCalls, false, putCalls(s)}, {sectionRoots, false, putRoots(s)},
		{sectionNames, true, putNames(s)}, {sectionTexts, true, putTexts(s)}, {sectionClasses, true, putClasses(s)},
	}
	if len(s.Objects) > 0 {
		parts = append(parts, saved{sectionObjects, true, putObjects(s)})
	}
	if hosts := hostsOf(s); len(hosts) > 0 {
		parts = append(parts, saved{sectionHosts, true, putHosts(hosts)})
	}
	if len(s.Tables) > 0 {
		parts = append(parts, saved{sectionTables, true, putTables(s)})
	}
	le := binary.LittleEndian
	head := append(make([]byte, 0, headerSize+len(parts)*entrySize), magic...)
	head = le.AppendUint16(head, Format)
	head = le.AppendUint16(head, Algorithm)
	head = append(head, image...)
	head = append(head, s.Arch...)
	head = append(head, make([]byte, archSize-len(s.Arch))...)
	head = le.AppendUint32(head, uint32(len(s.Functions)))
	head = le.AppendUint32(head, uint32(len(s.Features)))
	head = le.AppendUint32(head, uint32(len(parts)))
	var sizes Sizes
	for _, p := range parts {
		head = le.AppendUint32(head, p.id)
		head = le.AppendUint32(head, crc32.Checksum(p.b, castagnoli))
		head = le.AppendUint64(head, uint64(len(p.b)))
		if p.text {
			sizes.Texts += int64(len(p.b))
		} else {
			sizes.Code += int64(len(p.b))
		}
	}
	sizes.Code += int64(len(head))
	if _, err := w.Write(head); err != nil {
		return sizes, fmt.Errorf("saving code marks: %w", err)
	}
	for _, p := range parts {
		if _, err := w.Write(p.b); err != nil {
			return sizes, fmt.Errorf("saving code marks: %w", err)
		}
	}
	return sizes, nil
}

func uv(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

func putText(b []byte, t string) []byte { return append(uv(b, uint64(len(t))), t...) }

func zigzag(n int64) uint64 { return uint64(n)<<1 ^ uint64(n>>63) }

func putFunctions(s *Set) []byte {
	b := make([]byte, 0, 24*len(s.Functions))
	last := uint64(0)
	for i := range s.Functions {
		f := &s.Functions[i]
		same := uint64(0)
		if f.Shape == f.Full {
			same = 1
		}
		b = uv(uv(uv(b, f.Address-last), uint64(f.Size)), uint64(f.Instructions)<<1|same)
		b = binary.LittleEndian.AppendUint64(b, uint64(f.Shape))
		if same == 0 {
			b = binary.LittleEndian.AppendUint64(b, uint64(f.Full))
		}
		last = f.Address
	}
	return b
}

func putFeatures(s *Set) []byte {
	b := make([]byte, 0, 8*len(s.Features)+16)
	at := 0
	for k := FeatureKind(1); k < FeatureKindCount; k++ {
		end := at
		for end < len(s.Features) && s.Features[end].Kind == k {
			end++
		}
		b = uv(b, uint64(end-at))
		for ; at < end; at++ {
			b = binary.LittleEndian.AppendUint64(b, s.Features[at].Hash)
		}
	}
	return b
}

func putUses(s *Set) []byte {
	b := make([]byte, 0, 2*len(s.Uses)+len(s.Functions))
	for i := range s.Functions {
		l := s.FeaturesOf(i)
		b = uv(b, uint64(len(l)))
		last := uint32(0)
		for _, n := range l {
			b = uv(b, uint64(n-last))
			last = n
		}
	}
	return b
}

func putCalls(s *Set) []byte {
	b := make([]byte, 0, 3*len(s.Calls)+len(s.Functions))
	for i := range s.Functions {
		l := s.CallsOf(i)
		b = uv(b, uint64(len(l)))
		for _, c := range l {
			b = uv(b, zigzag(int64(c.Callee)-int64(i))<<2|uint64(c.Kind))
		}
	}
	return b
}

func putRoots(s *Set) []byte {
	b := uv(nil, uint64(len(s.Roots)))
	last := uint32(0)
	for _, r := range s.Roots {
		b = uv(uv(b, uint64(r.Function-last)), uint64(r.Kind))
		last = r.Function
	}
	return b
}

func putNames(s *Set) []byte {
	n := 0
	for i := range s.Functions {
		if s.Functions[i].Name != "" {
			n++
		}
	}
	b := uv(nil, uint64(n))
	last := 0
	for i := range s.Functions {
		if f := &s.Functions[i]; f.Name != "" {
			b = putText(uv(uv(b, uint64(i-last)), uint64(f.From)), f.Name)
			last = i
		}
	}
	return b
}

func putTexts(s *Set) []byte {
	n := 0
	for i := range s.Features {
		if keeps(&s.Features[i]) {
			n++
		}
	}
	b := uv(nil, uint64(n))
	last := 0
	for i := range s.Features {
		if f := &s.Features[i]; keeps(f) {
			b = putText(uv(b, uint64(i-last)), f.Text)
			last = i
		}
	}
	return b
}

func putClasses(s *Set) []byte {
	b := uv(nil, uint64(len(s.Classes)))
	for i := range s.Classes {
		c := &s.Classes[i]
		b = putText(putText(putText(b, c.Name), c.Category), c.Super)
		b = uv(b, uint64(len(c.Methods)))
		for _, m := range c.Methods {
			meta := uint64(0)
			if m.Meta {
				meta = 1
			}
			b = putText(putText(uv(b, uint64(m.Function)<<1|meta), m.Selector), m.Types)
		}
	}
	return b
}

func putObjects(s *Set) []byte {
	b := uv(nil, uint64(len(s.Objects)))
	for _, name := range s.Objects {
		b = putText(b, name)
	}
	for i := 0; i < len(s.Functions); {
		start, object := i, s.Functions[i].Object
		for i < len(s.Functions) && s.Functions[i].Object == object {
			i++
		}
		b = uv(uv(b, uint64(i-start)), uint64(object))
	}
	return b
}

func putTables(s *Set) []byte {
	rising := func(b []byte, l []uint32) []byte {
		b = uv(b, uint64(len(l)))
		last := uint32(0)
		for _, n := range l {
			b = uv(b, uint64(n-last))
			last = n
		}
		return b
	}
	b := uv(nil, uint64(len(s.Tables)))
	for i := range s.Tables {
		t := &s.Tables[i]
		b = uv(b, uint64(len(t.Names)))
		for _, h := range t.Names {
			b = binary.LittleEndian.AppendUint64(b, h)
		}
		b = rising(rising(b, t.Functions), t.Leads)
	}
	n, last := 0, 0
	for i := range s.Functions {
		if len(s.TablesOf(i)) > 0 {
			n++
		}
	}
	b = uv(b, uint64(n))
	for i := range s.Functions {
		if l := s.TablesOf(i); len(l) > 0 {
			b = rising(uv(b, uint64(i-last)), l)
			last = i
		}
	}
	return b
}

// keeps reports whether the text of a feature is saved. Names always are. Of
// literals those are that can name the library: paths of source files, banners
// with a version, and identifiers in reverse domain order.
func keeps(f *Feature) bool {
	switch f.Kind {
	case FeatureImport, FeatureSelector, FeatureClass, FeatureMethod:
		return f.Text != ""
	case FeatureString, FeaturePointer:
		return telling(f.Text)
	}
	return false
}

// telling reports whether a literal can name the code that it stands in.
func telling(t string) bool {
	if len(t) < 5 {
		return false
	}
	if i := strings.LastIndexByte(t, '.'); i > 0 && !strings.ContainsAny(t, "\n%") {
		switch t[i+1:] {
		case "c", "cc", "cpp", "cxx", "h", "hpp", "m", "mm", "swift", "go", "rs", "s", "S":
			return true
		}
	}
	return versioned(t) || !digit(t[0]) && strings.Count(t, ".") >= 2 && !strings.ContainsAny(t, " /%\n")
}

// versioned reports whether a literal holds a number of the form 1.2, with text
// around it, as banners do.
func versioned(t string) bool {
	for i := 1; i+1 < len(t); i++ {
		if t[i] == '.' && digit(t[i-1]) && digit(t[i+1]) {
			return len(t) > 8
		}
	}
	return false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

package library

import (
	"errors"
	"slices"
	"testing"

	"github.com/kinbom/kinbom/sbom/fingerprint"
)

// maxBuiltin is what the model may add to the program, in bytes.
const maxBuiltin = 2 << 20

func TestBuiltinBackground(t *testing.T) {
	b, err := BuiltinBackground()
	var old *fingerprint.VersionError
	if errors.As(err, &old) {
		t.Fatalf("%v: the marks have changed, so the model must be made anew: make background", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(builtinModel) > maxBuiltin {
		t.Errorf("the model has %d bytes, more than %d", len(builtinModel), maxBuiltin)
	}
	for _, want := range []string{"zlib", "SQLite", "OpenSSL", "ICU", "LZ4", "Zstandard", "libxml2", standardRust} {
		i := slices.IndexFunc(b.Entries, func(e BackgroundEntry) bool { return e.Name == want })
		if i < 0 || len(b.Entries[i].Marks) < 20 {
			t.Errorf("the model does not know %s", want)
		}
	}
	for i := range b.Entries {
		e := &b.Entries[i]
		if e.Name == "" || e.From == "" || len(e.Marks)+len(e.Features) == 0 {
			t.Errorf("entry %d (%q) has no name, no source, or nothing to know it by", i, e.Name)
		}
	}
}

package capability

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// found is one match: key number and end.
type found struct{ key, end int }

func allFound(a *automaton, data []byte) []found {
	var out []found
	row, pos := a.find(data, 0, 0)
	for pos >= 0 {
		for _, k := range a.ended(row) {
			out = append(out, found{int(k), pos})
		}
		row, pos = a.find(data, pos, row)
	}
	return out
}

func naive(keys [][]byte, data []byte) []found {
	norm := func(b []byte) []byte {
		out := make([]byte, len(b))
		for i := range b {
			out[i] = keyByte(b[i])
		}
		return out
	}
	d := norm(data)
	var out []found
	for end := 1; end <= len(d); end++ {
		for k, key := range keys {
			if bytes.HasSuffix(d[:end], norm(key)) {
				out = append(out, found{k, end})
			}
		}
	}
	return out
}

func TestAutomatonAgreesWithNaiveSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []byte(`abAB/\x`)
	word := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return b
	}
	matches := 0
	for range 300 {
		var keys [][]byte
		for range 1 + r.IntN(12) {
			keys = append(keys, word(1+r.IntN(5)))
		}
		data := word(r.IntN(80))
		want := naive(keys, data)
		for _, rows := range []uint32{1, 2, 5, denseStates} {
			if got := allFound(makeAutomaton(keys, rows), data); !slices.Equal(got, want) {
				t.Fatalf("keys %q in %q with %d rows: got %v, want %v", keys, data, rows, got, want)
			}
		}
		matches += len(want)
	}
	if matches < 1000 {
		t.Errorf("only %d matches: the test sees too little", matches)
	}
}

func TestAutomatonRefuses(t *testing.T) {
	if _, err := newAutomaton([][]byte{[]byte("a"), nil}); err == nil {
		t.Error("an empty key was taken")
	}
	if _, err := newAutomaton([][]byte{bytes.Repeat([]byte("x"), maxKeyBytes+1)}); err == nil {
		t.Error("too many key bytes were taken")
	}
}

package xmlwalk

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom/limit"
	"github.com/kinbom/kinbom/sbom/malformed"
)

func walk(s string) (string, error) {
	var b strings.Builder
	err := Walk(strings.NewReader(s), Handler{
		Start: func(open []*Element) error {
			e := open[len(open)-1]
			b.WriteString("<" + e.Name + e.Attr("id"))
			return nil
		},
		End: func(open []*Element) error {
			e := open[len(open)-1]
			if e.Name == "stop" {
				return io.ErrClosedPipe
			}
			b.WriteString("[" + e.Text + "]>")
			return nil
		},
	})
	return b.String(), err
}

func TestWalk(t *testing.T) {
	got, err := walk(`<?xml version="1.0"?><!-- c --><a id="1"> x <b>y &amp; z</b> w<c/><n:d xmlns:n="u"><![CDATA[<raw>]]></n:d></a>`)
	if want := "<a1<b[y & z]><c[]><d[<raw>]>[x  w]>"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := walk("<a><stop/></a>"); err != io.ErrClosedPipe {
		t.Errorf("the handler's error: %v", err)
	}
	if got, err := walk("<a>" + strings.Repeat("x", 2*MaxText) + "</a>"); err != nil || len(got) != MaxText+len("<a[]>") {
		t.Errorf("long text: %d, %v", len(got), err)
	}
}

func TestHostile(t *testing.T) {
	for in, want := range map[string]string{
		"": "no element", "  ": "no element", "<a>": "ends too early", "<a": "ends too early", "<a></b>": "damaged", "<a/><b/>": "second root", "<a>&x;</a>": "damaged", "<a x=1/>": "damaged",
		`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`: "declarations", `<?xml version="1.0" encoding="utf-7"?><a/>`: "damaged", "<a>\x01</a>": "damaged", strings.Repeat("<a>", MaxDepth+1): "limit on depth",
	} {
		_, err := walk(in)
		var bad *malformed.Error
		var over *limit.Error
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &bad) && !errors.As(err, &over) {
			t.Errorf("%.40q: %v", in, err)
		}
	}
	endless := Walk(io.MultiReader(strings.NewReader("<a>"), zeros{}), Handler{})
	var over *limit.Error
	if !errors.As(endless, &over) || over.Limit != limit.FileSize {
		t.Errorf("endless: %v", endless)
	}
}

// zeros is text without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

func TestTruncated(t *testing.T) {
	const s = `<?xml version="1.0"?><a id="1">text<b>y &amp; z</b><!-- c --><c/></a>`
	for n := range s {
		if _, err := walk(s[:n]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add(`<?xml version="1.0"?><a id="1"> x <b>y &amp; z</b></a>`)
	f.Fuzz(func(t *testing.T, s string) {
		depth := 0
		err := Walk(strings.NewReader(s), Handler{
			Start: func(open []*Element) error { depth++; return nil },
			End:   func(open []*Element) error { depth--; return nil },
		})
		if err == nil && depth != 0 {
			t.Errorf("%d elements are left open", depth)
		}
	})
}

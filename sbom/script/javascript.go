package script

import (
	"bytes"
	"errors"
	"reflect"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"
)

// JavaScript reads one JavaScript file. The first module is the file itself, or
// what is left of it beside the inner modules of a bundle, which follow in the
// order of the file.
func JavaScript(src []byte) []Module {
	return read(src, 0, len(src))
}

// JavaScriptTokens reads one JavaScript file token by token, without the parser.
func JavaScriptTokens(src []byte) []Module {
	m := tokens(src, 0, len(src))
	m.Partial = "read token by token"
	m.finish()
	return []Module{*m}
}

// read reads the bytes [from, to) of a file as one script.
func read(src []byte, from, to int) []Module {
	if to-from > MaxParsed {
		m := tokens(src, from, to)
		m.Partial = "too large for the parser: read token by token"
		m.finish()
		return []Module{*m}
	}
	body := append(make([]byte, 0, to-from+1), src[from:to]...) // the parser writes behind it
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		copy(body, "   ")
	}
	ast, err := parseScript(body)
	if err != nil && blankAttributes(body) {
		ast, err = parseScript(body)
	}
	if err != nil {
		m := tokens(src, from, to)
		m.Partial = "not understood by the parser: read token by token"
		m.finish()
		return []Module{*m}
	}
	r := newReader(src[from:to], body, int64(from))
	r.collect(ast)
	return r.modules(ast)
}

// blankAttributes takes the attributes of imports away, which the parser does not
// know: `from "x" with {...}`. It reports whether there were any.
func blankAttributes(body []byte) bool {
	any := false
	for at := 0; ; {
		i := bytes.Index(body[at:], []byte("with"))
		if i < 0 {
			return any
		}
		at += i + 4
		before := bytes.TrimRight(body[:at-4], " \t\r\n")
		after := bytes.TrimLeft(body[at:], " \t\r\n")
		if len(before) == 0 || before[len(before)-1] != '"' && before[len(before)-1] != '\'' || len(after) == 0 || after[0] != '{' {
			continue
		}
		end := bytes.IndexByte(body[at:], '}')
		if end < 0 || end > 200 {
			continue
		}
		any = true
		for j := at - 4; j <= at+end; j++ {
			if body[j] != '\n' {
				body[j] = ' '
			}
		}
	}
}

// parseScript parses a script as a module, and as the body of a function when it
// is none: CommonJS modules may return.
func parseScript(body []byte) (ast *js.AST, err error) {
	defer func() {
		if recover() != nil { // a fault of the parser costs the module its structure, no more
			ast, err = nil, errors.New("the parser failed")
		}
	}()
	if ast, err = js.Parse(parse.NewInputBytes(body), js.Options{}); err == nil {
		return ast, nil
	}
	if bytes.HasPrefix(body, []byte("#!")) {
		copy(body, "//")
	}
	return js.Parse(parse.NewInputBytes(body), js.Options{Inline: true})
}

// offset is where a part of the parser's input lies in the file, or -1. The
// parser gives out parts of the input itself, so their place tells it.
func (r *reader) offset(b []byte) int64 {
	if len(b) == 0 {
		return -1
	}
	at := int64(reflect.ValueOf(b).Pointer()) - int64(r.start)
	if at < 0 || at+int64(len(b)) > int64(len(r.src)) {
		return -1
	}
	return r.base + at
}

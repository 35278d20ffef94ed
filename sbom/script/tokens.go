package script

import (
	"bytes"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/js"

	"github.com/kinbom/kinbom/sbom"
)

// tokens reads a script token by token: literals, parts of templates, the modules
// of require, import and from, and the names before a bracket. Where a slash
// begins a regular expression is told by the token before it.
func tokens(src []byte, from, to int) *Module {
	body := append(make([]byte, 0, to-from+1), src[from:to]...)
	r := newReader(src[from:to], body, int64(from))
	r.m = &Module{Span: sbom.Span{Offset: int64(from), Length: int64(to - from)}}
	r.modulesOut = []*Module{r.m}
	in := parse.NewInputBytes(body)
	l := js.NewLexer(in)
	failed := -1            // where the lexer failed last
	var last, before []byte // names and marks before the token
	prev := js.ErrorToken
	for r.facts < MaxFacts {
		tt, data := l.Next()
		if tt == js.DivToken || tt == js.DivEqToken {
			if beginsRegExp(prev) {
				tt, data = l.RegExp()
			}
		}
		switch tt {
		case js.ErrorToken:
			if in.Offset() >= len(body) {
				return r.m
			}
			if in.Offset() <= failed { // it makes no way by itself
				in.Move(1)
				in.Skip()
			}
			failed = in.Offset()
			continue
		case js.WhitespaceToken, js.LineTerminatorToken, js.CommentToken, js.CommentLineTerminatorToken:
			continue
		case js.StringToken:
			r.literalFact(&js.LiteralExpr{TokenType: tt, Data: data})
			if w := string(last); w == "from" || w == "import" || w == "(" && (string(before) == "require" || string(before) == "import") {
				r.moduleToken(data)
			}
		case js.TemplateToken, js.TemplateEndToken:
			r.partFact(data, 1)
		case js.TemplateStartToken, js.TemplateMiddleToken:
			r.partFact(data, 2)
		case js.OpenParenToken:
			if js.IsIdentifier(prev) && !bytes.Equal(last, []byte("require")) {
				r.callFact(string(last), r.offset(last), int64(len(last)), nil)
			}
		}
		before, last, prev = last, data, tt
	}
	return r.m
}

func (r *reader) partFact(data []byte, cut int) {
	if v := r.part(data, cut); len(v.parts) > 0 {
		r.valueFact(sbom.FactString, v.text, v)
	}
}

// beginsRegExp reports whether a slash behind a token begins a regular
// expression: behind a value it divides.
func beginsRegExp(prev js.TokenType) bool {
	switch prev {
	case js.CloseParenToken, js.CloseBracketToken, js.CloseBraceToken, js.StringToken, js.TemplateToken, js.TemplateEndToken, js.RegExpToken,
		js.ThisToken, js.SuperToken, js.NullToken, js.TrueToken, js.FalseToken:
		return false
	}
	return !js.IsNumeric(prev) && !js.IsIdentifier(prev)
}

package policy

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// tableVersion is the version of the purpose table's format.
const tableVersion = "1"

// parseTable reads a purpose table. Every row must fill every column.
func parseTable(data []byte, name string) (*Table, error) {
	r := &reader{file: name}
	root := r.document(data)
	if root == nil {
		return nil, r.err()
	}
	t := &Table{columns: map[string]string{}, declares: map[string][]string{}}
	columns := []string{columnSends}
	var rows *yaml.Node
	r.fields(root, "purpose table", []string{"version", "columns", "declares", "purposes"}, func(k string, v *yaml.Node) {
		switch k {
		case "version":
			if v.Value != tableVersion {
				r.bad(v, "", "version %q is not %s", v.Value, tableVersion)
			}
		case "columns":
			r.fields(v, k, nil, func(c string, v *yaml.Node) {
				columns = append(columns, c)
				r.column(t, c, v)
			})
		case "declares":
			r.fields(v, k, nil, func(c string, v *yaml.Node) { t.declares[c] = r.texts(v, c) })
		case "purposes":
			rows = v
		}
	})
	if rows == nil {
		r.bad(nil, "", "has no purposes")
		return nil, r.err()
	}
	r.fields(rows, "purposes", nil, func(token string, v *yaml.Node) {
		t.purposes = append(t.purposes, r.row(token, v, columns))
	})
	for c := range t.declares {
		if t.columns[c] == "" {
			r.bad(nil, "", "declares: capability %q is in no column", c)
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return t, nil
}

func (r *reader) column(t *Table, column string, n *yaml.Node) {
	r.fields(n, "column "+column, []string{"capabilities"}, func(_ string, v *yaml.Node) {
		for _, c := range r.texts(v, column) {
			if t.columns[c] != "" {
				r.bad(v, "", "capability %q is in two columns", c)
			}
			t.columns[c] = column
		}
	})
}

func (r *reader) row(token string, n *yaml.Node, columns []string) Purpose {
	p := Purpose{Token: token, Cells: map[string]Cell{}}
	cells := []string{string(Expected), string(Ask), string(Unexpected), string(ExpectedIfDeclared), string(AskIfDeclared)}
	security := ""
	r.fields(n, "purpose "+token, append([]string{"security"}, columns...), func(k string, v *yaml.Node) {
		if k == "security" {
			security = v.Value
			p.Security = v.Value == "true"
			return
		}
		if !slices.Contains(cells, v.Value) {
			r.bad(v, Suggest(v.Value, cells), "purpose %s: unknown cell %q", token, v.Value)
		}
		p.Cells[k] = Cell(v.Value)
	})
	if security != "true" && security != "false" {
		r.bad(n, "", "purpose %s: security is neither true nor false", token)
	}
	for _, c := range columns {
		if p.Cells[c] == "" {
			r.bad(n, "", "purpose %s: no cell for column %s", token, c)
		}
	}
	return p
}

package plist

import (
	"sort"
	"strconv"
	"strings"

	"howett.net/plist"
)

// Dict is a dictionary of a property list. Values are string, bool, int64,
// uint64, float32, float64, []byte, time.Time, []any and map[string]any.
type Dict map[string]any

// String returns the text of a key, in valid UTF-8: a string as it is, a number
// in decimal. Anything else, and nothing, give "".
func (d Dict) String(key string) string { return text(d[key]) }

func text(v any) string {
	switch v := v.(type) {
	case string:
		return strings.ToValidUTF8(v, "\uFFFD")
	case uint64:
		return strconv.FormatUint(v, 10)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(v), 'f', -1, 32)
	}
	return ""
}

// Bool returns the truth of a key: a boolean as it is, a number when it is not
// zero, the texts YES, true and 1 in any case. Anything else is false.
func (d Dict) Bool(key string) bool {
	switch v := d[key].(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "yes") || strings.EqualFold(v, "true") || v == "1"
	case uint64:
		return v != 0
	case int64:
		return v != 0
	}
	return false
}

// Strings returns the texts of an array, in order; elements that have no text
// are left out. A single text is a list of one.
func (d Dict) Strings(key string) []string {
	list, ok := d[key].([]any)
	if !ok {
		list = []any{d[key]}
	}
	var out []string
	for _, v := range list {
		if s := text(v); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Dict returns the dictionary of a key, or nil; a nil Dict may be asked on.
func (d Dict) Dict(key string) Dict {
	m, _ := d[key].(map[string]any)
	return m
}

// Dicts returns the dictionaries of an array, in order; other elements are left
// out. A single dictionary is a list of one.
func (d Dict) Dicts(key string) []Dict {
	if m := d.Dict(key); m != nil {
		return []Dict{m}
	}
	list, _ := d[key].([]any)
	var out []Dict
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Keys returns the keys, sorted.
func (d Dict) Keys() []string {
	keys := make([]string, 0, len(d))
	for k := range d {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// UID is the number of the object that a value of a keyed archive refers to, as
// the binary form or the XML form has it.
func UID(v any) (uint64, bool) {
	switch v := v.(type) {
	case plist.UID:
		return uint64(v), true
	case map[string]any:
		n, ok := v["CF$UID"].(uint64)
		return n, ok && len(v) == 1
	}
	return 0, false
}

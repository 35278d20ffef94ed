package nib

import (
	"slices"
	"strings"

	"github.com/kinbom/kinbom/sbom/plist"
)

// maxValues is how many values the property list of a keyed archive may have.
const maxValues = 4 << 20

// keyedArchive is the objects of a keyed archive, which refer to each other by number.
type keyedArchive struct{ objects []any }

// keyed takes in a keyed archive: a property list with a flat list of objects.
func (c *collector) keyed(b []byte, depth int) error {
	root, err := plist.Parse(b, plist.Options{Size: MaxSize, Values: maxValues})
	if err != nil {
		return err
	}
	list, ok := root["$objects"].([]any)
	if !ok {
		return fault(-1, "property list without objects", nil)
	}
	a := keyedArchive{list}
	for _, o := range list {
		switch o := o.(type) {
		case []byte:
			if err := c.nested(o, depth); err != nil {
				return err
			}
		case map[string]any:
			if err := c.keyedObject(a, o, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *collector) keyedObject(a keyedArchive, o map[string]any, depth int) error {
	if name, ok := o["$classname"].(string); ok {
		return c.take("", "NSClassName", name)
	}
	class := a.classOf(o)
	for _, key := range plist.Dict(o).Keys() {
		if b, ok := o[key].([]byte); ok {
			if err := c.nested(b, depth); err != nil {
				return err
			}
			continue
		}
		if !telling(key) {
			continue
		}
		for _, text := range a.texts(o[key]) {
			if err := c.take(class, key, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// telling reports whether what stands under a key may be looked at.
func telling(key string) bool {
	return strings.HasPrefix(key, "NS") || strings.HasPrefix(key, "UI") || key == "action" || key == "segueClass" || key == "keyPath"
}

// at is the object that a value refers to, or the value itself.
func (a keyedArchive) at(v any) any {
	n, ok := plist.UID(v)
	if !ok {
		return v
	}
	if n >= uint64(len(a.objects)) {
		return nil
	}
	return a.objects[n]
}

// classOf is the name of an object's class.
func (a keyedArchive) classOf(o map[string]any) string {
	class, _ := a.at(o["$class"]).(map[string]any)
	name, _ := class["$classname"].(string)
	return name
}

// texts is the text that a value is, or the texts of a list.
func (a keyedArchive) texts(v any) []string {
	v = a.at(v)
	if s := a.text(v); s != "" {
		return []string{s}
	}
	o, _ := v.(map[string]any)
	list, _ := o["NS.objects"].([]any)
	var out []string
	for _, e := range list[:min(len(list), maxListed)] {
		if s := a.text(a.at(e)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// text is an object as a text, or "".
func (a keyedArchive) text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if s, ok := a.at(v["NS.string"]).(string); ok {
			return s
		}
		if b, ok := a.at(v["NS.bytes"]).([]byte); ok {
			return string(slices.Clone(b))
		}
	}
	return ""
}

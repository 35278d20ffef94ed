package reach

import "strings"

// readBlocks ties the code of blocks to the functions that they stand in, by the
// names that compilers give them: a block without captured values lies in data,
// where no call leads to it.
func (c *code) readBlocks() {
	for i := range c.set.Functions {
		outer, ok := enclosing(c.set.Functions[i].Name)
		if !ok {
			continue
		}
		if f := c.byName(outer); f >= 0 && int(f) != i {
			if c.blocks == nil {
				c.blocks, c.block = map[uint32][]uint32{}, map[uint32]bool{}
			}
			c.blocks[uint32(f)] = append(c.blocks[uint32(f)], uint32(i))
			c.block[uint32(i)] = true
		}
	}
}

// enclosing is the function that a block stands in, by the name of its code:
// "__main_block_invoke_2", "__14-[Reader read]_block_invoke".
func enclosing(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, "__")
	if !ok {
		return "", false
	}
	i := strings.LastIndex(rest, "_block_invoke")
	if i < 1 || strings.Trim(rest[i+len("_block_invoke"):], "_0123456789") != "" {
		return "", false
	}
	rest = rest[:i]
	if method := strings.TrimLeft(rest, "0123456789"); method != rest && (strings.HasPrefix(method, "-[") || strings.HasPrefix(method, "+[")) {
		return method, true
	}
	return rest, true
}

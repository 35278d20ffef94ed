package decmpfs

// Untested reports whether a type is read after public descriptions alone: no
// file that macOS packed so was at hand.
func Untested(kind uint32) bool {
	switch kind {
	case typePlain, typeRawInline, typeRawResource:
		return true
	}
	return false
}

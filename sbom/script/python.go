package script

// Python reads one compiled Python module.
func Python(src []byte) []Module { return nil }

package library

import (
	_ "embed"
	"fmt"
)

//go:embed builtin.kbg
var builtinModel []byte

// BuiltinBackground is the model that ships with the tool: see
// docs/background.md for what it knows. It fails only in a build whose model
// was made for other marks, which a test refuses.
func BuiltinBackground() (*Background, error) {
	b, err := ReadBackground(builtinModel)
	if err != nil {
		return nil, fmt.Errorf("the built-in background model: %w", err)
	}
	return b, nil
}

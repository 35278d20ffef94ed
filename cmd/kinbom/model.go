package main

import (
	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph/library"
)

// modelFlag is what verbs take that look for libraries and judge nothing: the
// family file, for the background models that it names.
type modelFlag struct {
	family string
}

func (f *modelFlag) add(c *cobra.Command) {
	c.Flags().StringVar(&f.family, "family", "", "family file, for the background models that it names; nothing else of it is used")
}

// model is the background model in force, the same as that of an audit with this
// family file.
func (f *modelFlag) model() (*library.Background, error) {
	fam, err := readFamily(f.family)
	if err != nil {
		return nil, err
	}
	return background(fam, f.family)
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// wrapArgs says in the tool's own words which operands are missing or too many,
// of a command and of those below it.
func wrapArgs(c *cobra.Command) {
	for _, s := range c.Commands() {
		wrapArgs(s)
	}
	check := c.Args
	if c.HasSubCommands() && !c.Runnable() {
		c.RunE, c.Args, c.DisableFlagsInUseLine, c.SuggestionsMinimumDistance = runGroup, cobra.ArbitraryArgs, true, 2
		return
	}
	if check == nil {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		err := check(c, args)
		if err == nil {
			return nil
		}
		need, hint := operands(c), c.CommandPath()+" "+operandLine(c)+"; more: "+c.CommandPath()+" --help"
		switch {
		case len(args) < len(need):
			return usageError{fmt.Sprintf("%s: %s %s missing", c.CommandPath(), strings.Join(need[len(args):], " and "), map[bool]string{true: "is", false: "are"}[len(need)-len(args) == 1]), hint}
		case operandLine(c) == "":
			return usageError{fmt.Sprintf("%s takes no operand: %q", c.CommandPath(), args[0]), c.CommandPath() + " --help"}
		}
		return usageError{fmt.Sprintf("%s: too many operands: %q", c.CommandPath(), args[len(args)-1]), hint}
	}
}

// operandLine is how a command is called, without its name.
func operandLine(c *cobra.Command) string {
	_, line, _ := strings.Cut(c.Use, " ")
	return line
}

// operands are the operands that a command needs, as its line of use has them.
func operands(c *cobra.Command) []string {
	line, _, _ := strings.Cut(operandLine(c), " -")
	var need []string
	for _, w := range strings.Fields(line) {
		if !strings.HasPrefix(w, "[") {
			need = append(need, w)
		}
	}
	return need
}

// runGroup is what a verb does that only holds others: alone it says which, and
// a word that is none of them is a fault of the call.
func runGroup(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	return unknownVerb(c, args[0])
}

func unknownVerb(c *cobra.Command, word string) error {
	var names []string
	for _, s := range c.Commands() {
		if s.IsAvailableCommand() {
			names = append(names, s.Name())
		}
	}
	hint := c.CommandPath() + " takes " + strings.Join(names, ", ")
	if s := c.SuggestionsFor(word); len(s) > 0 {
		hint = "did you mean " + c.CommandPath() + " " + s[0] + "? It takes " + strings.Join(names, ", ")
	}
	return usageError{fmt.Sprintf("unknown command %q for %q", word, c.CommandPath()), hint}
}

// newHelpCommand replaces the library's, which answers an unknown word with
// exit status 0.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show the help of a command",
		RunE: func(c *cobra.Command, args []string) error {
			to, left, err := c.Root().Find(args)
			if err != nil || len(left) > 0 {
				if to == nil {
					to = c.Root()
				}
				return unknownVerb(to, append(left, args...)[0])
			}
			to.InitDefaultHelpFlag()
			return to.Help()
		},
	}
}

package main

import (
	"github.com/spf13/cobra"
)

func newRulesCommand(e *env) *cobra.Command {
	var dirs []string
	c := &cobra.Command{
		Use: "rules", Short: "Show and test the rules that say what a capability is",
		Long: `Rules are data: one commented YAML file per capability, with examples that
must match and examples that must not. See docs/rules.md for the format.`,
	}
	c.PersistentFlags().StringArrayVar(&dirs, "rules", nil, "folder with more rule files (may be given again)")
	c.AddCommand(
		&cobra.Command{
			Use: "list", Short: "List capabilities and their rules", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return runRulesList(e, dirs) },
		},
		&cobra.Command{
			Use: "show ID", Short: "Show a rule or a capability, whole", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error { return runRulesShow(e, dirs, args[0]) },
		},
		&cobra.Command{
			Use: "test [FILE...]", Short: "Replay the examples of rule files (of all rules without FILE)",
			Long: `Test replays the positive and negative examples of rule files against the
rules in force. Exit status: 0 all examples came out as they say; 1 some did
not; 2 a file is no valid rule file.`,
			RunE: func(_ *cobra.Command, args []string) error { return runRulesTest(e, dirs, args) },
		},
		&cobra.Command{
			Use: "lint [FILE...]", Short: "Look for what rules cannot do, and for what they lack",
			Long: `Lint looks for conditions that can never hold, scopes that cannot give a grade,
signals that nothing names, patterns and rules that another one includes, and
missing examples and mappings, in rule files or in all rules without FILE. Each
finding has a file and a line. Exit status: 0 nothing was found; 1 something
was; 2 a file is no valid rule file.`,
			RunE: func(_ *cobra.Command, args []string) error { return runRulesLint(e, dirs, args) },
		},
	)
	return c
}

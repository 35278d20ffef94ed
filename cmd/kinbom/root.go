package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// run is the whole command; it returns the exit status.
func run(ctx context.Context, args []string, e *env) int {
	root := newRootCommand(e)
	root.SetArgs(args)
	return finish(root.ExecuteContext(ctx), e)
}

func newRootCommand(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "kinbom",
		Short: "Find which apps of a vendor share which code, and what that code can do",
		Long: `Kinbom reads the shipped bytes of a vendor's apps, writes an SBOM for each,
ties them into one graph of the code that they share, and names the apps that
carry code which reads what a person browsed: through which library, how sure,
and what could not be looked at.

Start with:  kinbom init APPS > family.yaml
then:        kinbom audit APPS --family family.yaml`,
		SilenceUsage: true, SilenceErrors: true, DisableAutoGenTag: true,
	}
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{err.Error(), c.CommandPath() + " --help"}
	})
	root.AddCommand(newInitCommand(e), newScanCommand(e), newAuditCommand(e), newGraphCommand(e), newWhyCommand(e),
		newLibsCommand(e), newWhoCommand(e), newCompareCommand(e),
		newRulesCommand(e), newBackgroundCommand(e), newVersionCommand(e), newManCommand(e), newChildCommand(e), newWatchCommand(e))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", ".FlagUsagesWrapped 80"))
	root.SetHelpCommand(newHelpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		wrapArgs(c)
		foldHelp(c)
	}
	return root
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kinbom/kinbom/graph"
	"github.com/kinbom/kinbom/graph/library"
	"github.com/kinbom/kinbom/graph/policy"
)

type backgroundOptions struct {
	scanFlags
	output string
	name   string
	text   bool
}

func newBackgroundCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use: "background", Short: "Make and show models of code that is no kinship",
		Long: `A background model knows code that says nothing about kinship: runtimes,
toolchains and widely known open-source libraries. One ships with kinbom; a
family file adds more (background: [FILE]). See docs/background.md.`,
	}
	o := &backgroundOptions{}
	build := &cobra.Command{
		Use: "build PATH... -o FILE", Short: "Make a model from unrelated products, or of one named library",
		Long: `Build writes a background model: what PATH is says how it is made.

  several products   of unrelated vendors: code that two of them share is
                     nobody's own, and becomes background
  --name LIBRARY     all code of the input is of the one library of that name;
                     with --text-only only its text is learnt, because the
                     input holds code of other libraries too
  models (.kbg)      are joined and added as they are; the options are for code

PATH is apps, Mach-O files, static libraries, folders or archives of them, or a
folder of SBOMs that kinbom scan wrote.

  kinbom background build a/A.app b/B.app c/C.app -o shared.kbg
  kinbom background build libz.1.dylib --name zlib -o zlib.kbg
  kinbom background build zlib.kbg shared.kbg -o all.kbg

Never build a model from the family itself: its own library would become
background, and its kinship would be hidden.

A model counts when a family file names it (background: [FILE]); audit, why,
libs, who, compare and graph take one with --family.

Exit status: 0 the model was written; 2 the call or the tool failed, or the
input shares nothing that could be background.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runBackgroundBuild(c.Context(), o, e, args) },
	}
	build.Flags().StringVarP(&o.output, "output", "o", "", "file to write (required)")
	build.Flags().StringVar(&o.name, "name", "", "name of the one library that all of the input is")
	build.Flags().BoolVar(&o.text, "text-only", false, "keep the library's text and no marks: the input holds code of others too")
	o.add(build)
	show := &cobra.Command{
		Use: "show [FILE]", Short: "List the libraries that a model knows",
		Long: `Show lists the libraries of a model with how many marks and texts it knows of
each, and where they were learnt. Without FILE it is the built-in model.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return runBackgroundShow(e, args) },
	}
	c.AddCommand(build, show)
	return c
}

// modelExt is the ending of the name of a saved model.
const modelExt = ".kbg"

func runBackgroundBuild(ctx context.Context, o *backgroundOptions, e *env, inputs []string) error {
	if o.output == "" {
		return usageError{"no output file", "kinbom background build PATH... -o FILE" + modelExt}
	}
	var model *library.Background
	var code, from []string
	for _, in := range inputs {
		if filepath.Ext(in) != modelExt {
			code = append(code, in)
			from = append(from, filepath.Base(in))
			continue
		}
		m, err := readModel(in)
		if err != nil {
			return err
		}
		model = model.Join(m)
	}
	if len(code) == 0 {
		if flag := o.unused(); flag != "" {
			return usageError{flag + " is for code, and all that was given are models (" + modelExt + "), which are added as they are", "leave it out, or give the code itself"}
		}
	}
	if len(code) == 1 && o.name == "" && model == nil {
		if fi, err := os.Stat(code[0]); err == nil && !fi.IsDir() {
			return usageError{"one input alone shares nothing", "give products of other vendors too, or --name LIBRARY when all of it is one library"}
		}
	}
	if len(code) > 0 {
		m, err := o.learn(ctx, e, code, strings.Join(from, ", "))
		if err != nil {
			return err
		}
		model = model.Join(m)
	}
	var b bytes.Buffer
	if err := model.Write(&b); err != nil {
		return err
	}
	if err := writeWhole(o.output, b.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(e.stdout, "%s written to %s: %d bytes\n", counts(model), o.output, b.Len())
	return err
}

// unused is a flag that was given and that says nothing about models, or "".
func (o *backgroundOptions) unused() string {
	switch {
	case o.name != "":
		return "--name"
	case o.text:
		return "--text-only"
	case o.jobs != 0:
		return "--jobs"
	case len(o.limits) > 0:
		return "--limit"
	case len(o.rules) > 0:
		return "--rules"
	case o.split:
		return "--split"
	}
	return ""
}

// learn makes a model of code. Marks that could not be read are told, and cost
// their image only.
func (o *backgroundOptions) learn(ctx context.Context, e *env, inputs []string, from string) (*library.Background, error) {
	l, err := o.load(ctx, e, inputs)
	if err != nil {
		return nil, err
	}
	defer l.done()
	g, err := graph.Build(l.scan.Products)
	if err != nil {
		return nil, err
	}
	m, unread := library.LearnBackground(g, l.store(), o.name, from)
	if o.text {
		m = m.TextOnly()
	}
	for _, u := range unread {
		e.say("warning", "image %s was left out: %v", u.Image.Short(), u.Err)
	}
	if len(m.Entries) == 0 {
		return nil, usageError{"the input shares no code that could be background", "give products that unrelated vendors built with the same libraries, or one library with --name"}
	}
	return m, nil
}

func runBackgroundShow(e *env, args []string) error {
	m, err := library.BuiltinBackground()
	if len(args) > 0 {
		m, err = readModel(args[0])
	}
	if err != nil {
		return err
	}
	var b strings.Builder
	for i := range m.Entries {
		x := &m.Entries[i]
		fmt.Fprintln(&b, fold("", "  ", fmt.Sprintf("%s: %s, %s", printable(x.Name), count(len(x.Marks), "mark"), count(len(x.Features), "text"))))
		if x.From != "" {
			fmt.Fprintln(&b, fold("    from ", "    ", printable(x.From)))
		}
	}
	fmt.Fprintf(&b, "%s\ndigest %s\n", counts(m), m.Digest())
	_, err = e.stdout.Write([]byte(b.String()))
	return err
}

// counts says how much a model knows.
func counts(m *library.Background) string {
	marks, texts := 0, 0
	for i := range m.Entries {
		marks, texts = marks+len(m.Entries[i].Marks), texts+len(m.Entries[i].Features)
	}
	n := "1 library"
	if len(m.Entries) != 1 {
		n = fmt.Sprintf("%d libraries", len(m.Entries))
	}
	return fmt.Sprintf("%s, %s and %s", n, count(marks, "mark"), count(texts, "text"))
}

func readModel(path string) (*library.Background, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError{fmt.Sprintf("background model %s: %v", path, plainly(err)), "make one: kinbom background build PATH... -o FILE" + modelExt}
	}
	m, err := library.ReadBackground(b)
	if err != nil {
		return nil, usageError{fmt.Sprintf("%s: %v", path, err), "make it again with this version: kinbom background build PATH... -o FILE" + modelExt}
	}
	return m, nil
}

// background is the model in force: the built-in one, unless the family file
// leaves it out, with those that the family file adds. file is its path.
func background(fam *policy.Family, file string) (*library.Background, error) {
	m, err := library.BuiltinBackground()
	if err != nil || fam == nil {
		return m, err
	}
	if fam.NoBuiltin {
		m = nil
	}
	for _, p := range fam.Background {
		if !filepath.IsAbs(p) {
			p = filepath.Join(filepath.Dir(file), p)
		}
		more, err := readModel(p)
		if err != nil {
			return nil, err
		}
		m = m.Join(more)
	}
	return m, nil
}

/*
Kinbom finds out which apps of a vendor share which code, and what that code can do.

It reads the shipped bytes of many apps, writes one SBOM for each, ties them into
one graph of the code that they share, and carries the capability tag
"browser-collection" along that graph: which apps carry code that reads what a
person browsed, through which library, and what says so. It says what the bytes
show; "carries" is not "collects".

	kinbom init   apps/  > family.yaml         write a starter family file
	kinbom audit  apps/  --family family.yaml  the main job; its exit status is a CI gate
	kinbom scan   apps/  -o boms/              one CycloneDX SBOM per product
	kinbom audit  boms/  --family family.yaml  the same report from saved SBOMs
	kinbom graph  boms/  --format dot          the family's graph
	kinbom why    "Doc Cleaner" browser-collection boms/
	kinbom libs   boms/                        the libraries that products share, static ones too
	kinbom who    HTUploader boms/             who carries a library, class, symbol or hash
	kinbom compare boms-1/ boms-2/             what two releases or two products share
	kinbom background  build PATH... -o FILE | show [FILE]
	kinbom rules  list | show ID | test [FILE] | lint [FILE]
	kinbom man DIR                             write the manual pages
	kinbom completion bash | zsh | fish | powershell
	kinbom version

Inputs are directories, .app bundles, bare Mach-O files, zip, ipa and tar
archives, disk images and installer packages, in any mix.

An app and all that lies in it is one product; --split makes products of the apps
that an installer holds in its resources. docs/containers.md has the rule.

What a run may cost is limited; --limit KEY=VALUE changes a limit (entries,
bytes, time, depth, containers, path-length, file-size, ratio). A limit that is hit is
a gap that names it. docs/limits.md has the table.

why prints for each source the paths that lead to it, the bytes with a command that
shows them again, why the grade is not a higher one and what was declared.
--paths limits the paths of a source; --format json writes kinbom.why/1, in
docs/report.md.

A rule says how code is recognised that directly has a capability. rules test
replays the examples of rules, and rules lint says what a rule cannot do or lacks;
audit, scan and others take your own with --rules. docs/rules.md has the format.

Libraries that many vendors have are background and no kinship: a model of them
ships with kinbom, background build makes more, and a family file names those.
Code of a public package that is in no model is third-party: libs and audit list
it apart, and it counts as kinship. docs/background.md has both.

libs, who and compare answer with exit status 0 whatever the answer is, and 2 when
the call or the tool failed; docs/queries.md describes their results.

Exit status of audit, equal in all formats: 2 the call or the tool failed; else 1 some
verdict is unexpected (--fail-on and --min-grade change that); else 3 the result
is incomplete and --require-complete was given; else 0.
*/
package main

package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kinbom/kinbom/sbom"
	"github.com/kinbom/kinbom/sbom/catalog"
	"github.com/kinbom/kinbom/sbom/worker"
)

// maxMapped is the largest binary that is read, in bytes.
const maxMapped = 2 << 30

func readBounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxMapped+1))
	if err == nil && len(b) > maxMapped {
		return nil, fmt.Errorf("limit on file size hit: more than %d bytes", maxMapped)
	}
	return b, err
}

// writeRules hands the rules in force to the children: a packed file in the private
// folder, whose digest each request has, so that every child matches exactly the
// same rules. Reading rule files would cost each child more than most binaries do.
func (s *scanner) writeRules() error {
	b, digest := s.Rules.Pack()
	s.packed = ruleFile{filepath.Join(s.temp, "rules"), digest}
	if err := os.WriteFile(s.packed.Path, b, 0o600); err != nil {
		return fmt.Errorf("writing the rules for the readers: %w", err)
	}
	return nil
}

// reading is what became of one binary's content; files of equal content share it.
type reading struct {
	spool   string     // file with the child's answer, or ""
	trouble *sbom.Gap  // why nothing was read
	notes   []sbom.Gap // a shallow second reading: why
	skipped string     // not code that this version reads: what it is
	code    bool       // it has at least one slice
	frozen  bool       // Python code is packed behind it
}

// load decodes the child's answer.
func (r *reading) load() (*analysis, error) {
	a := &analysis{}
	if r.spool != "" {
		b, err := os.ReadFile(r.spool)
		if err != nil {
			return nil, fmt.Errorf("reading back a result: %w", err)
		}
		if err := json.Unmarshal(b, a); err != nil {
			return nil, fmt.Errorf("decoding a result: %w", err)
		}
	}
	a.Gaps = append(a.Gaps, r.notes...)
	if r.trouble != nil {
		a.Gaps = append(a.Gaps, *r.trouble)
	}
	return a, nil
}

// cover counts one file of this content.
func (r *reading) cover(c *sbom.Coverage) {
	switch {
	case r.trouble != nil:
		c.AddUnreadable(r.trouble.Why, 1)
	case r.skipped != "":
		c.AddSkipped(r.skipped, 1)
	default:
		c.AddAnalysed(1)
	}
}

// read runs the readers over the files of all products: each content once,
// large files first, so that no core waits for a late giant.
func (s *scanner) read(ctx context.Context, drafts []*draft) error {
	byDigest := map[sbom.Digest]*file{}
	var order []*file
	for _, d := range drafts {
		for _, f := range d.files {
			if f.kind == kindMachO && f.trouble == nil && byDigest[f.digest] == nil {
				byDigest[f.digest] = f
				order = append(order, f)
			}
		}
	}
	slices.SortStableFunc(order, func(a, b *file) int { return int(min(max(b.size-a.size, -1), 1)) })
	readings := make([]*reading, len(order))
	s.total += len(order) + 2*len(drafts)

	jobs := len(order) + len(drafts)
	packages := make(chan error, 1)
	wants := make([][]catalog.File, len(drafts)) // before readers run: they write to the files
	for i, d := range drafts {
		wants[i] = d.wantsPackages()
	}
	go func() { packages <- s.catalogAll(ctx, drafts, wants) }()
	err := s.parallel(ctx, jobs, func(i int) error {
		if i >= len(order) {
			defer s.step("property lists")
			if err := s.plists(ctx, drafts[i-len(order)]); err != nil {
				return err
			}
			return s.nibs(ctx, drafts[i-len(order)])
		}
		defer s.step(order[i].path)
		r, err := s.binary(ctx, order[i])
		readings[i] = r
		return err
	})
	if perr := <-packages; err == nil {
		err = perr
	}
	if err != nil {
		return err
	}
	done := map[sbom.Digest]*reading{}
	for i, f := range order {
		done[f.digest] = readings[i]
	}
	for _, d := range drafts {
		d.binaries = map[*file]*reading{}
		for _, f := range d.files {
			if r := done[f.digest]; r != nil && f.kind == kindMachO && f.trouble == nil {
				d.binaries[f] = r
			}
		}
	}
	return s.scripts(ctx, drafts)
}

// binary reads one Mach-O file in a child. If that kills the child, it is read
// again in another one: first without the pass over its instructions, so that
// code that is deadly to read costs its marks and no evidence; then at the
// shallow level.
func (s *scanner) binary(ctx context.Context, f *file) (*reading, error) {
	var first *sbom.Gap
	for _, q := range s.attempts(f) {
		b, err := s.ask(s.pool, askMachO, q, deadline(f.size))
		if err != nil && fatal(ctx, err) {
			return nil, err
		}
		if f.changed() {
			return &reading{trouble: changedGap()}, nil
		}
		if err == nil {
			return s.keep(f, b, notesOf(first, q))
		}
		g := s.gapOf(err)
		if first == nil {
			first = &g
		}
		if g.Kind == sbom.GapUnreadable || g.Kind == sbom.GapLimit {
			break // it is what the file says, and will say again
		}
	}
	return &reading{trouble: first}, nil
}

// attempts are the ways to read one file, best first.
func (s *scanner) attempts(f *file) []machoRequest {
	q := machoRequest{Disk: f.disk, Digest: f.digest, Rules: s.packed, Marks: s.Marks}
	list := []machoRequest{q}
	if q.Marks != "" {
		q.Marks = ""
		list = append(list, q)
	}
	q.Basic = true
	return append(list, q)
}

// notesOf says what an attempt leaves out that was made because an earlier one
// failed.
func notesOf(first *sbom.Gap, q machoRequest) []sbom.Gap {
	if first == nil {
		return nil
	}
	g := *first
	if q.Basic {
		g.Why += "; only its load commands were read"
	} else {
		g.Kind, g.Why = sbom.GapNoMarks, g.Why+" when its instructions were read too: they were left out"
	}
	return []sbom.Gap{g}
}

// keep spools a child's answer: results of a large input do not pile up in memory.
func (s *scanner) keep(f *file, answer []byte, notes []sbom.Gap) (*reading, error) {
	var a analysis
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, fmt.Errorf("decoding what was read of %s: %w", f.path, err)
	}
	r := &reading{notes: notes, code: len(a.Slices) > 0, frozen: a.Frozen}
	if !r.code {
		r.notes = append(r.notes, a.Gaps...)
		if slices.ContainsFunc(a.Gaps, func(g sbom.Gap) bool { return g.Kind != sbom.GapNotLookedAt }) || len(a.Gaps) == 0 {
			r.trouble = &sbom.Gap{Kind: sbom.GapUnreadable, Offset: -1, Count: 1, Why: "no slice of it can be read"}
		} else {
			r.skipped = "static archive without Mach-O objects: not looked at"
		}
		return r, nil
	}
	r.spool = filepath.Join(s.temp, "read-"+string(f.digest)+".json")
	if err := os.WriteFile(r.spool, answer, 0o600); err != nil {
		return nil, fmt.Errorf("keeping a result: %w", err)
	}
	return r, nil
}

// ask sends one request to a pool, as long as there is time.
func (s *scanner) ask(p *worker.Pool, kind string, q any, limit time.Duration) ([]byte, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("encoding a request: %w", err)
	}
	return p.Do(s.work, kind, b, limit)
}

// fatal tells trouble with the run from trouble with the input.
func fatal(ctx context.Context, err error) bool {
	var start *worker.StartError
	return ctx.Err() != nil || full(err) || errors.As(err, &start) || errors.Is(err, worker.ErrClosed)
}

// gapOf is the gap that stands for a request that failed.
func (s *scanner) gapOf(err error) sbom.Gap {
	if over := s.over(nil); over != nil && errors.Is(err, s.work.Err()) {
		return *s.limitGap(over, "")
	}
	var dead *worker.DeadError
	if errors.As(err, &dead) {
		return dead.Gap("")
	}
	g := sbom.Gap{Kind: sbom.GapUnreadable, Offset: -1, Count: 1, Why: err.Error()}
	var h *worker.HandlerError
	if errors.As(err, &h) && h.Panic {
		g.Kind, g.Why = sbom.GapWorkerDied, "the reader panicked: "+h.Text
	}
	return g
}

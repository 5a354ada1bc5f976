package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// plan settles the names and finds out what is left to be made: what is finished
// stays, but with --overwrite and without --resume. It refuses what would be lost,
// before anything is computed or written.
func (b *batch) plan(ctx context.Context) error {
	if err := b.settle(ctx); err != nil {
		return err
	}
	var there []finished
	for _, j := range b.jobs {
		seeds, done, err := j.left(ctx)
		if err != nil {
			return err
		}
		for _, seed := range seeds {
			if err := j.checkAsked(seed); err != nil {
				return err
			}
			b.tasks = append(b.tasks, task{j, seed})
		}
		there = append(there, done...)
	}
	if n := len(b.folder.index.Entries) + len(b.tasks); n > maxEntries {
		return fmt.Errorf("--n: with %d pictures the folder %s would have up to %d, want at most %d: give another --out", len(b.tasks), b.folder.dir, n, maxEntries)
	}
	if n := len(there); n > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d pictures are finished and stay as they are\n", n, n+len(b.tasks))
	}
	news := b.folder.index.stale
	for _, f := range there {
		n, err := f.enter()
		if err != nil {
			return err
		}
		news = news || n
	}
	if news {
		return b.folder.flush()
	}
	return nil
}

// left returns the seeds that are to be made, and the pictures that are finished.
func (j *job) left(ctx context.Context) (seeds []uint64, done []finished, err error) {
	for seed := range j.seeds {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		f, err := j.finished(seed)
		if err == nil && f == nil {
			err = j.checkState(seed)
		}
		switch {
		case err != nil:
			return nil, nil, err
		case f == nil:
			seeds = append(seeds, seed)
		default:
			done = append(done, *f)
		}
	}
	return seeds, done, nil
}

// stays reports whether pictures that are finished are not made again.
func (j *job) stays() bool { return j.spec.Resume || !j.spec.Overwrite }

// checkShared refuses to overwrite what the job writes beside its pictures, and
// returns the name that the foreground's file gets. The photograph has been read.
func (j *job) checkShared() (foreground string, err error) {
	if name := j.photographName(); name != "" {
		s := shared{name: name}
		if files.Exists(j.folder.Path(name)) && len(j.folder.index.Files[name]) == 0 { // of an earlier version?
			if s, err = j.photographFile(); err != nil {
				return "", err
			}
		}
		if err := j.folder.mayWrite(s); err != nil {
			return "", err
		}
	}
	return j.chooseForeground()
}

// finished is a picture that is finished and stays.
type finished struct {
	job     *job
	seed    uint64
	present *present // nil if it failed and was not kept
	id      files.Identity
}

// finished returns a seed's picture if it is finished, or failed and is not to be
// kept, so that it stays; else nil. A picture that was made with other options is an
// error.
func (j *job) finished(seed uint64) (*finished, error) {
	p, err := j.look(seed)
	if err != nil {
		return nil, err
	}
	e := j.entryOf(seed)
	if p == nil && (!j.stays() || e == nil || e.Picture != "") {
		return nil, nil
	}
	_, id, err := j.provenance(seed)
	if err != nil {
		return nil, err
	}
	f := &finished{j, seed, p, id}
	if p == nil {
		if e.Identity == id.Hash() && len(j.spec.judge(e.Scores)) > 0 && j.spec.Keep == "good" {
			return f, nil
		}
		return nil, nil
	}
	if same, err := j.checkOptions(p, id); err != nil || !same || !j.stays() || !p.complete() {
		return nil, err
	}
	return f, nil
}

// entryOf is a copy of a seed's entry in the index, nil if there is none.
func (j *job) entryOf(seed uint64) *entry {
	e := j.folder.index.entry(filepath.Base(j.stem(seed)))
	if e == nil {
		return nil
	}
	of := *e
	return &of
}

// enter enters a finished picture into the index, by the limits of this run, and
// removes the state that it needs no more. One that fails now may have to go. It
// reports whether the index has learnt something.
func (f *finished) enter() (news bool, err error) {
	j, p := f.job, f.present
	if p == nil {
		return false, nil
	}
	if err := j.removeState(f.seed); err != nil {
		return false, err
	}
	e := j.entry(*p.record, f.id)
	e.Files = files.Holdings{}
	for part, hash := range p.hashes {
		e.Files[e.Name+part] = []string{hash}
	}
	if !j.keeps(e) {
		j.folder.index.put(e)
		return false, j.commit(e, nil)
	}
	if p.entry != nil && !p.entry.unfinished && p.entry.Identity == e.Identity && len(p.entry.Files) == len(parts) && slices.Equal(p.entry.Failed, e.Failed) {
		return false, nil
	}
	j.folder.index.put(e)
	return true, nil
}

// keeps reports whether a picture's files are kept: those that somebody has
// decided about always are.
func (j *job) keeps(e entry) bool {
	return e.Good() || e.Decision != undecided || j.spec.Keep != "good"
}

// commit writes a picture's files and the index. The old record goes before new
// files get their names, and the new one gets its name last, so that no record
// ever lies beside files that it is not about. Of a failed picture with --keep
// good only the index is written, and what there is of it is removed.
func (j *job) commit(e entry, made []files.File, own ...shared) error {
	stem := filepath.Join(j.spec.Out, e.Name)
	batch := []files.File{{Path: stem + ".json", Remove: true}}
	if j.keeps(e) {
		photograph, err := j.photograph()
		if err != nil {
			return err
		}
		return j.folder.write(&e, append(batch, made...), false, append(photograph, own...)...)
	}
	e.Picture, e.Mask, e.Heat, e.Record, e.Own = "", "", "", "", ""
	for _, part := range parts[:len(parts)-1] {
		batch = append(batch, files.File{Path: stem + part, Remove: true})
	}
	return j.folder.write(&e, batch, false)
}

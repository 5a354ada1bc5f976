package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// left returns the seeds that are to be made: all of them, or with --resume
// those that are not finished. It refuses what would be lost, before anything
// is computed.
func (j *job) left(ctx context.Context) ([]uint64, error) {
	var seeds []uint64
	if err := j.checkShared(); err != nil {
		return nil, err
	}
	entered := false
	for i := range j.spec.N {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		seed := j.spec.Seed + uint64(i)
		done, news, err := j.finished(seed)
		if err == nil && !done {
			err = j.checkState(seed)
		}
		if err != nil {
			return nil, err
		}
		entered = entered || news
		if !done {
			seeds = append(seeds, seed)
		}
	}
	if n := len(j.folder.index.Entries) + len(seeds); n > maxEntries {
		return nil, fmt.Errorf("--n: with %d pictures the folder %s would have up to %d, want at most %d: give another --out", len(seeds), j.folder.dir, n, maxEntries)
	}
	if n := j.spec.N - len(seeds); n > 0 {
		fmt.Fprintf(os.Stderr, "%d of %d pictures are finished\n", n, j.spec.N)
	}
	if entered {
		return seeds, j.folder.flush()
	}
	return seeds, nil
}

// checkShared refuses to overwrite what the job writes beside its pictures.
func (j *job) checkShared() error {
	if name := j.photographName(); name != "" && files.Exists(j.folder.Path(name)) && len(j.folder.index.Files[name]) == 0 {
		s, err := j.photographFile()
		if err == nil {
			err = j.folder.mayWrite(s)
		}
		if err != nil {
			return err
		}
	} else if name != "" {
		if err := j.folder.mayWrite(shared{name: name}); err != nil {
			return err
		}
	}
	f, err := j.foreground()
	if err != nil || f == nil {
		return err
	}
	return j.folder.mayWrite(*f)
}

// finished reports with --resume whether a seed's picture is finished, or failed and
// is not to be kept, and whether that is news to the index. A picture that was
// made with other options is an error.
func (j *job) finished(seed uint64) (done, news bool, err error) {
	p, err := j.look(seed)
	if err != nil {
		return false, false, err
	}
	e := j.entryOf(seed)
	if p == nil && (!j.spec.Resume || e == nil || e.Picture != "") {
		return false, false, nil
	}
	_, id, err := j.provenance(seed)
	if err != nil {
		return false, false, err
	}
	if p == nil {
		return e.Identity == id.Hash() && len(j.spec.judge(e.Scores)) > 0 && j.spec.Keep == "good", false, nil
	}
	same, err := j.checkOptions(p, id)
	if err != nil || !same || !j.spec.Resume || !p.complete() {
		return false, false, err
	}
	news, err = j.enter(seed, p, id)
	return true, news, err
}

// entryOf is a seed's entry in the index, nil if there is none.
func (j *job) entryOf(seed uint64) *entry {
	return j.folder.index.entry(filepath.Base(j.spec.stem(seed)))
}

// enter enters a finished picture into the index, by the limits of this run, and
// removes the state that it needs no more. One that fails now may have to go.
func (j *job) enter(seed uint64, p *present, id files.Identity) (news bool, err error) {
	if err := j.removeState(seed); err != nil {
		return false, err
	}
	e := j.entry(*p.record, id)
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
func (j *job) commit(e entry, made []files.File) error {
	stem := filepath.Join(j.spec.Out, e.Name)
	batch := []files.File{{Path: stem + ".json", Remove: true}}
	if j.keeps(e) {
		photograph, err := j.photograph()
		if err != nil {
			return err
		}
		return j.folder.write(&e, append(batch, made...), false, photograph...)
	}
	e.Picture, e.Mask, e.Heat, e.Record = "", "", "", ""
	for _, part := range parts[:len(parts)-1] {
		batch = append(batch, files.File{Path: stem + part, Remove: true})
	}
	return j.folder.write(&e, batch, false)
}

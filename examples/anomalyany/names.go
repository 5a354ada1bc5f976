package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// A picture's name is that of its object and anomaly, of the run where other pictures
// have the names of the first, of its photograph where there are several, and its
// seed: hazelnut-crack-run2-nut17-0003. A picture that the folder has already keeps
// the name that it has there, whatever run, photograph or order it was made in.

// stem is what the names of the files of a seed's picture begin with.
func (s *Spec) stem(seed uint64) string {
	var name []string
	for _, text := range []string{s.Object, strings.Join(s.defects(), " ")} {
		if part := files.Name(text); part != "" {
			name = append(name, part)
		}
	}
	if s.Run > 1 {
		name = append(name, fmt.Sprintf("run%d", s.Run))
	}
	if s.Label != "" {
		name = append(name, s.Label)
	}
	return filepath.Join(s.Out, strings.Join(append(name, fmt.Sprintf("%04d", seed)), "-"))
}

// stem is that of the Spec, or of the picture where the folder has it.
func (j *job) stem(seed uint64) string {
	if name, ok := j.names[seed]; ok {
		return filepath.Join(j.spec.Out, name)
	}
	return j.spec.stem(seed)
}

// taken is the error of a name under which something else lies than what a run would
// write there.
type taken struct {
	what   error
	advice string
}

func (t *taken) Error() string { return t.what.Error() + "; " + t.advice }

func (t *taken) Unwrap() error { return t.what }

// mostBeside is how many runs with other options a folder can have of the same names.
const mostBeside = 1000

// settle gives the pictures their names: none is that of anything else in the folder.
// With --overwrite it is for the caller to find out whether that may be replaced.
// With --resume there must be something to go on with, where other pictures have the
// names: else the options are not those that were meant.
func (b *batch) settle(ctx context.Context) error {
	if err := b.find(ctx); err != nil || b.spec.Overwrite {
		return err
	}
	var first *taken
	for run := 1; run <= mostBeside; run++ {
		there, err := b.vacant(ctx, run)
		var t *taken
		switch {
		case errors.As(err, &t):
			if first == nil {
				first = t
			}
			continue
		case err != nil:
			return err
		case first == nil:
			return nil
		case b.spec.Resume && !there:
			return first
		}
		fmt.Fprintf(os.Stderr, "%v: it stays, and this run's pictures lie beside it as %s and so on\n", first.what, filepath.Base(b.jobs[0].spec.stem(b.spec.Seed)))
		return nil
	}
	return first
}

// find looks in the index for the pictures that are there, under whatever names.
func (b *batch) find(ctx context.Context) error {
	of := map[uint64][]*entry{} // by seed
	for i, e := range b.folder.index.Entries {
		of[e.Seed] = append(of[e.Seed], &b.folder.index.Entries[i])
	}
	for _, j := range b.jobs {
		j.names = map[uint64]string{}
		for seed := range j.seeds {
			if err := ctx.Err(); err != nil {
				return err
			}
			if len(of[seed]) == 0 {
				continue
			}
			_, id, err := j.provenance(seed)
			if err != nil {
				return err
			}
			for _, e := range of[seed] {
				if e.Identity == id.Hash() && j.keepsName(seed, e.Name, id) {
					break
				}
			}
		}
	}
	return nil
}

// keepsName has a seed's picture called as the index says, unless what lies there says
// itself that it is another.
func (j *job) keepsName(seed uint64, name string, id files.Identity) bool {
	j.names[seed] = name
	if p, err := j.look(seed); err == nil && p != nil {
		if other, err := p.differences(id); err != nil || len(other) > 0 {
			delete(j.names, seed)
			return false
		}
	}
	return true
}

// vacant gives the pictures that have no names those of a run, and returns taken if
// something else has one of these. It reports whether some of them are there.
func (b *batch) vacant(ctx context.Context, run int) (there bool, err error) {
	for _, j := range b.jobs {
		j.spec.Run = run
		for seed := range j.seeds {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			if name, ok := j.names[seed]; ok {
				there = there || name == filepath.Base(j.spec.stem(seed))
				continue
			}
			own, err := j.owns(seed)
			if err != nil {
				return false, err
			}
			there = there || own
		}
	}
	return there, nil
}

// owns reports whether something of a seed's picture lies under its name, if only a
// state, and returns taken if that is something else.
func (j *job) owns(seed uint64) (bool, error) {
	p, err := j.look(seed)
	if err != nil {
		return false, err
	}
	e := j.entryOf(seed)
	if p == nil && e == nil {
		s, err := j.readState(seed)
		return s != nil, err
	}
	_, id, err := j.provenance(seed)
	if err != nil {
		return false, err
	}
	if p == nil { // it failed and was not kept
		if e.Identity != id.Hash() {
			return false, &taken{fmt.Errorf("%s is the name of a picture that was made with other options", j.stem(seed)+".png"), otherOut}
		}
	} else if _, err := j.checkOptions(p, id); err != nil {
		return false, err
	}
	if _, err := j.readState(seed); err != nil {
		return false, err
	}
	return true, nil
}

// seeds are those of the job's pictures.
func (j *job) seeds(yield func(seed uint64) bool) {
	for i := range j.spec.N {
		if !yield(j.spec.Seed + uint64(i)) {
			return
		}
	}
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// A state file is anomalyany.WriteState's. Whose picture it is of, its identity tells.

func (j *job) statePath(seed uint64) string { return j.stem(seed) + ".state" }

// keeping returns an observer that also keeps the run's state every few steps.
// Runs without one (anomalyany.ErrNoState) go on unkept: of them --resume begins
// the picture again that was under way.
func (j *job) keeping(g *anomalyany.Generator, seed uint64, observe anomalyany.Observer) anomalyany.Observer {
	every := j.spec.KeepEvery
	return func(s anomalyany.Step) error {
		if err := observe(s); err != nil {
			return err
		}
		if every == 0 || (s.I+1)%every != 0 || s.I+1 == g.Steps() {
			return nil
		}
		state, err := s.State()
		if errors.Is(err, anomalyany.ErrNoState) {
			return nil
		}
		if err != nil {
			return err
		}
		return j.writeState(seed, state)
	}
}

func (j *job) writeState(seed uint64, s *anomalyany.State) error {
	_, id, err := j.provenance(seed)
	if err != nil {
		return err
	}
	return anomalyany.WriteState(j.statePath(seed), anomalyany.StateFile{State: s, Seed: seed, Identity: id})
}

// otherOptions is the error of a state that belongs to another picture.
type otherOptions []string

func (o otherOptions) Error() string {
	return "it is the state of a run with other options: " + strings.Join(o, "; ")
}

// checkState refuses a state file that this run would overwrite, or with --resume
// cannot go on from.
func (j *job) checkState(seed uint64) error {
	s, err := j.readState(seed)
	if err == nil && s != nil && !j.spec.Resume {
		fmt.Fprintf(os.Stderr, "%s is of an interrupted run; this one begins again (--resume goes on)\n", j.statePath(seed))
	}
	return err
}

// readState returns the state of a seed's interrupted run, nil if there is none,
// or one of other options that is to be replaced.
func (j *job) readState(seed uint64) (*anomalyany.State, error) {
	path := j.statePath(seed)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	_, id, err := j.provenance(seed)
	if err != nil {
		return nil, err
	}
	s, err := openState(path, seed, id)
	var other otherOptions
	switch {
	case errors.As(err, &other) && j.spec.Overwrite:
		return nil, nil
	case errors.As(err, &other):
		return nil, &taken{err, "give another --out, --overwrite or delete the file, to begin this picture again"}
	case err != nil:
		return nil, &taken{err, "delete the file, to begin this picture again, or give another --out"}
	}
	return s, nil
}

// openState reads the state of a seed of the picture with identity id. Its errors
// name the file.
func openState(path string, seed uint64, id files.Identity) (*anomalyany.State, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := files.CheckRegular(path, info); err != nil { // a link is not followed
		return nil, err
	}
	f, err := anomalyany.ReadState(path)
	if err != nil {
		return nil, err
	}
	if d := differencesOf(id, f.Identity); len(d) > 0 {
		return nil, fmt.Errorf("%s: %w", path, otherOptions(d))
	}
	if f.Seed != seed {
		return nil, fmt.Errorf("%s: it is the state of seed %d", path, f.Seed)
	}
	return f.State, nil
}

// removeState removes what finished pictures need no more.
func (j *job) removeState(seed uint64) error {
	err := os.Remove(j.statePath(seed))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

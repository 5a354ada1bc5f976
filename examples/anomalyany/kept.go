package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// A state file is a safetensors file: noise, latent and embedding, and in its
// metadata the rest of an anomalyany.State and the identity of the picture.

const stateFormat = "anomalyany state 1"

// maxState is how many bytes a state file may have. That of a picture of
// 4096×4096 pixels has 9 MB, and a trace.
const maxState = 64 << 20

// restOfState is what is not a tensor, nor in float32.
type restOfState struct {
	Seed      uint64                 `json:"seed"`
	Step      int                    `json:"step"`
	Soft      []float64              `json:"soft_map_sum"`
	SoftSteps int                    `json:"soft_map_steps"`
	Trace     []anomalyany.StepTrace `json:"trace"`
}

func (j *job) statePath(seed uint64) string { return j.name(seed) + ".state" }

// keeping returns an observer that also keeps the run's state every few steps.
// Runs without one (anomalyany.ErrNoState) go on unkept: of them --resume begins
// the picture again that was under way.
func (j *job) keeping(g *anomalyany.Generator, seed uint64, observe anomalyany.Observer) anomalyany.Observer {
	every := j.flags.KeepEvery
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
	id, err := j.identity()
	if err != nil {
		return err
	}
	rest, err1 := json.Marshal(restOfState{seed, s.Step, s.Soft, s.SoftSteps, s.Trace})
	ids, err2 := json.Marshal(id)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	vector := func(v []float32) *gt.Dense { return tensor.FromFloat32s(v, len(v)) }
	return tensor.Save(j.statePath(seed),
		map[string]*gt.Dense{"noise": vector(s.Noise), "latent": vector(s.Latent), "embedding": vector(s.Embedding)},
		map[string]string{"format": stateFormat, "rest": string(rest), "identity": string(ids)})
}

// maxRest is how many bytes the rest and the identity may have; others may have
// written the file.
const maxRest = 2 << 20

// otherOptions is the error of a state that belongs to another picture.
type otherOptions []string

func (o otherOptions) Error() string {
	return "it is the state of a run with other options: " + strings.Join(o, "; ")
}

// checkState refuses a state file that this run would overwrite, or with --resume
// cannot go on from.
func (j *job) checkState(seed uint64) error {
	s, err := j.readState(seed)
	if err == nil && s != nil && !j.flags.Resume {
		fmt.Fprintf(os.Stderr, "%s is of an interrupted run; this one begins again (--resume goes on)\n", j.statePath(seed))
	}
	return err
}

// readState returns the state of a seed's interrupted run, nil if there is none,
// or one of other options that is to be replaced.
func (j *job) readState(seed uint64) (*anomalyany.State, error) {
	path := j.statePath(seed)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = files.CheckRegular(path, info)
	}
	var s *anomalyany.State
	if err == nil {
		s, err = j.openState(path, seed)
	}
	var other otherOptions
	if err != nil && !strings.HasPrefix(err.Error(), path) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case errors.As(err, &other) && j.flags.Overwrite:
		return nil, nil
	case errors.As(err, &other):
		return nil, fmt.Errorf("%w; give another --out, --overwrite or delete the file, to begin this picture again", err)
	case err != nil:
		return nil, fmt.Errorf("%w; delete the file, to begin this picture again, or give another --out", err)
	}
	return s, nil
}

func (j *job) openState(path string, seed uint64) (*anomalyany.State, error) {
	f, err := tensor.Read(path, maxState) // others may cut the file short
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rest, before, err := readRest(f.Metadata())
	if err != nil {
		return nil, err
	}
	id, err := j.identity()
	if err != nil {
		return nil, err
	}
	if d := differencesOf(id, before); len(d) > 0 {
		return nil, otherOptions(d)
	}
	if rest.Seed != seed {
		return nil, fmt.Errorf("it is the state of seed %d", rest.Seed)
	}
	s := &anomalyany.State{Step: rest.Step, Soft: rest.Soft, SoftSteps: rest.SoftSteps, Trace: rest.Trace}
	for name, to := range map[string]*[]float32{"noise": &s.Noise, "latent": &s.Latent, "embedding": &s.Embedding} {
		d, err := f.Get(name)
		if err != nil {
			return nil, err
		}
		if d.Dtype() != gt.Float32 {
			return nil, fmt.Errorf("tensor %q is of %v, want float32", name, d.Dtype())
		}
		*to = slices.Clone(tensor.Float32s(d)) // the file will be closed
	}
	return s, nil
}

// readRest reads what a state file's metadata says.
func readRest(meta map[string]string) (rest restOfState, id files.Identity, err error) {
	if got := meta["format"]; got != stateFormat {
		return rest, nil, fmt.Errorf("its format is %.100q, this program knows %q", got, stateFormat)
	}
	for _, part := range []struct {
		name string
		to   any
	}{{"rest", &rest}, {"identity", &id}} {
		text := meta[part.name]
		if len(text) > maxRest {
			return rest, nil, fmt.Errorf("its %s has %d bytes, want at most %d", part.name, len(text), maxRest)
		}
		if err := nn.UnmarshalJSON([]byte(text), part.to); err != nil {
			return rest, nil, fmt.Errorf("its %s: %w", part.name, err)
		}
	}
	if rest.Step < 0 || rest.Step != len(rest.Trace) {
		return rest, nil, fmt.Errorf("its rest: step is %d, and the trace has %d", rest.Step, len(rest.Trace))
	}
	return rest, id, nil
}

// removeState removes what finished pictures need no more.
func (j *job) removeState(seed uint64) error {
	err := os.Remove(j.statePath(seed))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

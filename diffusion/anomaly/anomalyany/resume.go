package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// ErrNoState is returned by Generator.State where there is no run under way
// that Resume could go on with: outside an Observer, and in runs whose
// scheduler remembers more than the latent (PNDM). Such a run starts again.
var ErrNoState = errors.New("there is no run whose state could be kept")

// ErrState is returned by Generator.Resume for a state that is not one of a run
// of this Generator's.
var ErrState = errors.New("this state cannot be gone on from")

// State is a run between two steps: everything that the remaining steps depend
// on, except for what New was given. A Generator that was made with the same
// pipeline, picture and options ends such a run with the same bits as if it
// had not been interrupted.
type State struct {
	Step      int         // how many steps are done, 0 to S
	Noise     []float32   // ε
	Latent    []float32   // z, as long as Noise
	Embedding []float32   // e
	Start     int         // n_start
	Soft      []float64   // sum of A^j / max A^j over the steps that count, one number for each cell of the maps
	SoftSteps int         // how many those are
	Trace     []StepTrace // of the steps that are done
}

// State is a copy of the run that is under way, to be kept by an Observer: it
// is what the step that the Observer is told of has left.
func (g *Generator) State() (*State, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.current == nil || g.released != nil {
		return nil, ErrNoState
	}
	s := g.current
	return &State{
		Step: len(s.trace), Noise: slices.Clone(s.noise.Floats()), Latent: slices.Clone(s.z.Floats()),
		Embedding: slices.Clone(tensor.Float32s(s.e)), Start: s.start,
		Soft: slices.Clone(s.soft.sum), SoftSteps: s.soft.steps, Trace: slices.Clone(s.trace),
	}, nil
}

// Resume goes on with a run. observe, which may be nil, is told of the steps
// that are still to do. A state whose sizes are not those of this Generator's
// runs, or with numbers that are not finite, is an error; that it belongs to
// the same picture, prompt and numbers is for the caller to know.
func (g *Generator) Resume(ctx context.Context, kept *State, observe Observer) (*Result, error) {
	if g.released != nil {
		return nil, ErrNoState
	}
	if err := g.check(kept); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return g.inTurn(ctx, observe, func() (*state, error) {
		s, err := g.begin(slices.Clone(kept.Noise))
		if err != nil {
			return nil, err
		}
		s.z = g.normal.With(slices.Clone(kept.Latent))
		e := g.prompt.Clone().(*gt.Dense)
		copy(tensor.Float32s(e), kept.Embedding)
		s.e, s.start, s.trace = e, kept.Start, slices.Clone(kept.Trace)
		copy(s.soft.sum, kept.Soft)
		s.soft.steps = kept.SoftSteps
		return s, nil
	})
}

func (g *Generator) check(k *State) error {
	if k == nil {
		return errors.New("there is none")
	}
	cells := g.options.MapHeight * g.options.MapWidth
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"numbers of noise", len(k.Noise), len(g.normal.Floats())},
		{"numbers of the latent", len(k.Latent), len(g.normal.Floats())},
		{"numbers of the embedding", len(k.Embedding), len(tensor.Float32s(g.prompt))},
		{"cells of the soft map", len(k.Soft), cells},
		{"steps of the trace", len(k.Trace), k.Step},
	} {
		if c.got != c.want {
			return fmt.Errorf("it has %d %s, want %d for a run of this picture", c.got, c.what, c.want)
		}
	}
	switch {
	case k.Step > g.Steps():
		return fmt.Errorf("it has %d steps done of a run of %d", k.Step, g.Steps())
	case k.Step > 0 && k.Start < 1 || k.Start > cells:
		return fmt.Errorf("it has n_start %d, want 1 to %d", k.Start, cells)
	case k.SoftSteps < 0 || k.SoftSteps > k.Step:
		return fmt.Errorf("it has a soft map of %d steps, %d are done", k.SoftSteps, k.Step)
	}
	notFinite := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }
	for _, v := range [][]float32{k.Noise, k.Latent, k.Embedding} {
		if slices.ContainsFunc(v, func(x float32) bool { return notFinite(float64(x)) }) {
			return errors.New("it has numbers that are not finite")
		}
	}
	if slices.ContainsFunc(k.Soft, notFinite) {
		return errors.New("its soft map has numbers that are not finite")
	}
	return nil
}

// complete takes the steps that are left and makes the result.
func (s *state) complete(ctx context.Context, observe Observer) (*Result, error) {
	told := len(s.trace)
	tell := func() error { // of the step that was taken last
		if len(s.trace) == told {
			return nil
		}
		told++
		return s.tell(observe, s.trace[told-1])
	}
	for m, err := range s.sampler.Steps(ctx, &s.z, s.first+told) {
		if err == nil {
			if err := tell(); err != nil {
				return nil, err
			}
			err = s.step(ctx, m.I-s.first, m.T)
		}
		if err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", m.I-s.first+1, s.g.Steps(), err)
		}
	}
	if err := tell(); err != nil {
		return nil, err
	}
	return s.finish(ctx)
}

// tell calls observe, if there is one. Meanwhile the run stands still, and State
// is its.
func (s *state) tell(observe Observer, tr StepTrace) error {
	if observe == nil {
		return nil
	}
	s.g.show(s)
	defer s.g.show(nil)
	return observe(tr, s.z)
}

// show makes s the run that State copies.
func (g *Generator) show(s *state) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.current = s
}

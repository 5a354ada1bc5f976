package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/tensor"
)

// ErrNoState is returned by Step.State and Generator.Resume where runs cannot be
// resumed, since their scheduler remembers more than the latent: PNDM, in
// ReleasedPreset. Such a run starts again.
var ErrNoState = errors.New("runs of this preset cannot be resumed")

// ErrState is returned by Generator.Resume for a State that no run of the Generator
// can have.
var ErrState = errors.New("this state cannot be resumed")

// State is a run between two steps: everything that the remaining steps depend
// on, except for what New and Encode were given. Resumed with the same pipeline,
// options, picture and mask, the run has the same result, bit for bit, as without
// the interruption.
type State struct {
	Step      int         // how many steps have been taken, 0 to S
	Noise     []float32   // ε
	Latent    []float32   // z, as long as Noise
	Embedding []float32   // e
	Soft      []float64   // sum of A^j / max A^j over the steps that count, one number for each cell of the maps
	SoftSteps int         // how many those are
	Trace     []StepTrace // of the steps that have been taken
}

// State returns what Resume needs to go on after this step.
func (s Step) State() (*State, error) {
	r := s.run
	if r == nil || !r.g.algorithm.resumable {
		return nil, ErrNoState
	}
	return &State{
		Step: len(r.trace), Noise: slices.Clone(r.noise.Floats()), Latent: slices.Clone(r.z.Floats()),
		Embedding: slices.Clone(tensor.Float32s(r.e)),
		Soft:      slices.Clone(r.soft.sum), SoftSteps: r.soft.steps, Trace: slices.Clone(r.trace),
	}, nil
}

// Resume completes a run of a photograph; observe, which may be nil, is called after
// each step that was left. A state whose sizes are not those of the Generator's runs,
// or with numbers that are not finite, is ErrState. Whether it is of this photograph
// and these options is for the caller to know.
func (g *Generator) Resume(ctx context.Context, p *Photograph, s *State, observe Observer) (*Result, error) {
	if !g.algorithm.resumable {
		return nil, ErrNoState
	}
	if err := g.checkState(s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	r, err := g.begin(p, Noises{Initial: s.Noise})
	if err != nil {
		return nil, err
	}
	r.z = r.z.With(slices.Clone(s.Latent))
	r.e = tensor.FromFloat32s(slices.Clone(s.Embedding), r.e.Shape()...)
	r.trace = slices.Clone(s.Trace)
	r.soft.sum, r.soft.steps = slices.Clone(s.Soft), s.SoftSteps
	return r.complete(ctx, observe)
}

func (g *Generator) checkState(k *State) error {
	if k == nil {
		return errors.New("there is none")
	}
	size, cells := g.shape().TotalSize(), g.options.MapHeight*g.options.MapWidth
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"numbers of noise", len(k.Noise), size},
		{"numbers of the latent", len(k.Latent), size},
		{"numbers of the embedding", len(k.Embedding), g.method.embedding().Shape().TotalSize()},
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
	case slices.ContainsFunc(k.Trace, func(s StepTrace) bool {
		return len(s.Cells) == 0 || slices.Min(s.Cells) < 0 || slices.Max(s.Cells) > cells
	}):
		return fmt.Errorf("it has a trace with a step that has no n from 0 to %d", cells)
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

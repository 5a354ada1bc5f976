package anomalyany

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/nn"
)

// TestResume stops a run in the middle of each step and goes on, in another
// Generator, with the state that the step before left.
func TestResume(t *testing.T) {
	p := openModel(t, modelA)
	o := short()
	o.Refine = 2 // so that the embedding and the soft map have moved
	g, other := newMasked(t, p, o, left()), newMasked(t, p, o, left())
	want := generate(t, g, 5)
	for stop := 1; stop < g.Steps(); stop++ {
		state := interrupted(t, g, stop)
		if state.Step != stop || len(state.Trace) != stop {
			t.Fatalf("the state after step %d says %d, and has a trace of %d", stop, state.Step, len(state.Trace))
		}
		var seen []int
		got, err := other.Resume(t.Context(), other.in, state, func(s Step) error {
			seen = append(seen, s.I)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(seen) != g.Steps()-stop || seen[0] != stop {
			t.Errorf("after step %d: it takes the steps %v", stop, seen)
		}
		if !cmp.Equal(want.numbers(), got.numbers()) || !cmp.Equal(want.Trace, got.Trace) {
			t.Errorf("after step %d: the interrupted run ends elsewhere", stop)
		}
	}
}

// interrupted runs seed 5 for some steps and a part of the next, and returns
// the last state.
func interrupted(t *testing.T, g ready, steps int) (state *State) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := 0
	_, err := g.Run(nn.WithTrace(ctx, func(nn.Executed) {
		if state == nil {
			return
		}
		if ran++; ran == 3 {
			cancel()
		}
	}), g.in, 5, func(s Step) (err error) {
		if s.I == steps-1 {
			state, err = s.State()
		}
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want context.Canceled", err)
	}
	return state
}

// TestStepsKeepTheirState takes the states when the run is over, too.
func TestStepsKeepTheirState(t *testing.T) {
	o := short()
	o.Refine = 3
	g := newGenerator(t, openModel(t, modelA), o)
	var steps []Step
	var want []*State
	_, err := g.Run(t.Context(), g.in, 5, func(s Step) error {
		state, err := s.State()
		steps, want = append(steps, s), append(want, state)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range steps {
		got, err := s.State()
		if err != nil {
			t.Fatal(err)
		}
		if !cmp.Equal(want[i], got) {
			t.Errorf("step %d has another state when the run is over", i)
		}
		if got.Step != i+1 || !cmp.Equal(got.Latent, s.Latent.Floats()) {
			t.Errorf("step %d has a state of %d steps, or of another latent", i, got.Step)
		}
	}
}

// TestResumeFromTheStart and from the end.
func TestResumeFromTheStart(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	var last *State
	want, err := g.Run(t.Context(), g.in, 5, func(s Step) (err error) {
		last, err = s.State()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	first := &State{Noise: g.Noises(g.in, 5).Initial, Latent: g.Noises(g.in, 5).Initial, Embedding: last.Embedding, Soft: make([]float64, len(last.Soft))}
	if _, err := g.Resume(t.Context(), g.in, first, nil); err != nil {
		t.Errorf("a state of no steps: %v", err)
	}
	got, err := g.Resume(t.Context(), g.in, last, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(want.numbers(), got.numbers()) {
		t.Error("a state of all steps ends elsewhere")
	}
}

func TestStatesThatDoNotFit(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	for name, c := range map[string]struct {
		change func(s *State)
		says   string
	}{
		"latent":    {func(s *State) { s.Latent = s.Latent[1:] }, "1023 numbers of the latent, want 1024"},
		"noise":     {func(s *State) { s.Noise = nil }, "0 numbers of noise, want 1024"},
		"embedding": {func(s *State) { s.Embedding = s.Embedding[:7] }, "7 numbers of the embedding"},
		"map":       {func(s *State) { s.Soft = s.Soft[:15] }, "15 cells of the soft map, want 16"},
		"trace":     {func(s *State) { s.Trace = nil }, "0 steps of the trace, want 2"},
		"steps":     {func(s *State) { s.Step, s.Trace = 5, make([]StepTrace, 5) }, "5 steps done of a run of 4"},
		"cells":     {func(s *State) { s.Trace[0].Cells = Cells{17} }, "no n from 0 to 16"},
		"no cells":  {func(s *State) { s.Trace[1].Cells = nil }, "no n from 0 to 16"},
		"soft":      {func(s *State) { s.SoftSteps = 3 }, "a soft map of 3 steps, 2 are done"},
		"NaN":       {func(s *State) { s.Latent[4] = float32(math.NaN()) }, "not finite"},
	} {
		s := interrupted(t, g, 2)
		c.change(s)
		if _, err := g.Resume(t.Context(), g.in, s, nil); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

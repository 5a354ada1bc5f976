package anomalyany

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestFastNumbers wants the paper's numbers in twelve steps.
func TestFastNumbers(t *testing.T) {
	small := Paper()
	small.Steps, small.Refine, small.Gamma, small.Words = 30, 6, 0.35, []string{"crack"}
	few := small
	few.Refine = 1
	without := small
	without.Refine = 0
	for name, c := range map[string]struct {
		of     Options
		refine int
		course course
	}{
		"the paper's":        {Paper(), Auto, course{steps: 9, refined: 5, annotated: 5}},
		"a small model's":    {small, Auto, course{steps: 8, refined: 4, annotated: 4}},
		"hardly any":         {few, Auto, course{steps: 8, refined: 4, annotated: 4}},
		"without refinement": {without, 0, course{steps: 8, annotated: 4}},
	} {
		o := c.of.Fast()
		if o.Preset != FastPreset || o.Steps != 12 || o.Refine != c.refine || o.Lambda != c.of.Lambda || o.Gamma != c.of.Gamma || len(o.Words) != len(c.of.Words) {
			t.Errorf("%s: %+v", name, o)
		}
		if got := fastCourse(o); got != c.course {
			t.Errorf("%s: course %+v, want %+v", name, got, c.course)
		}
	}
	if p := Paper(); p.Preset != PaperPreset || p.Steps != 100 {
		t.Errorf("the paper's numbers have become %+v", p)
	}
}

// quick are the options of a run of six steps of preset fast, the last three with refinement.
func quick() Options {
	o := short().Fast()
	o.Steps, o.Gamma, o.Refine = 8, 0.25, 3
	return o
}

// TestFastRuns wants all of the last steps refined, the mask read from half of them, and a run of a seed the same again.
func TestFastRuns(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), quick())
	r := generate(t, g, 1)
	if len(r.Trace) != 6 {
		t.Fatalf("%d steps, want 6", len(r.Trace))
	}
	for i, s := range r.Trace {
		if refined := i >= 3; (s.Image != nil) != refined || s.Gradient <= 0 || s.T >= 1000 || i > 0 && s.T >= r.Trace[i-1].T {
			t.Errorf("step %d: %+v", i, s)
		}
	}
	if diff := cmp.Diff(r.numbers(), generate(t, g, 1).numbers()); diff != "" {
		t.Errorf("the same again differs: %s", diff)
	}
	if plain, refined := g.Work(0), g.Work(5); plain >= refined {
		t.Errorf("a step takes %g operations, with refinement %g", plain, refined)
	}
}

// TestFastLook: CLIP's loss is that of the latent at half its size, and a gradient of it.
func TestFastLook(t *testing.T) {
	p := openModel(t, modelA)
	g := newGenerator(t, p, quick())
	look := func(g ready, z diffusion.Latent) (float32, []float32) {
		loss, gradient, err := g.method.(*paper).refinement.imageLoss(t.Context(), z)
		if err != nil {
			t.Fatal(err)
		}
		return loss, tensor.Float32s(gradient)
	}
	z := g.in.latent
	loss, gradient := look(g, z)
	whole, _ := look(newGenerator(t, p, short()), z)
	if loss == whole {
		t.Errorf("the loss is %g at both sizes", loss)
	}
	// Along the gradient the loss changes by its length.
	const step = 1e-2
	size := 0.0
	for _, v := range gradient {
		size += float64(v) * float64(v)
	}
	size = math.Sqrt(size)
	moved := func(by float64) float64 {
		x := z.Copy()
		for i := range x.Floats() {
			x.Floats()[i] += float32(by / size * float64(gradient[i]))
		}
		loss, _ := look(g, x)
		return float64(loss)
	}
	if slope := (moved(step) - moved(-step)) / (2 * step); math.Abs(slope/size-1) > 0.02 {
		t.Errorf("the loss changes by %g along a gradient of length %g", slope, size)
	}
}

// TestFastStates: the scheduler remembers a picture, so a run starts again.
func TestFastStates(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), quick())
	_, err := g.Run(t.Context(), g.in, 1, func(s Step) error {
		_, err := s.State()
		return err
	})
	if !errors.Is(err, ErrNoState) {
		t.Errorf("error %v, want %v", err, ErrNoState)
	}
	if _, err := g.Resume(t.Context(), g.in, &State{}, nil); !errors.Is(err, ErrNoState) {
		t.Errorf("error %v, want %v", err, ErrNoState)
	}
}

// TestFastKeeps wants the photograph back in six steps in place of fifteen.
func TestFastKeeps(t *testing.T) {
	p := openModel(t, modelA)
	for _, c := range []struct {
		o    Options
		want int
	}{{short(), 15}, {quick(), 6}} {
		g := newGenerator(t, p, c.o)
		r := generate(t, g, 1)
		a, err := g.Annotate(t.Context(), g.in, r)
		if err != nil {
			t.Fatal(err)
		}
		taken := 0
		if _, err := g.Keep(t.Context(), g.in, r, a, DefaultKeeping(), func(_, of int) { taken = of }); err != nil || taken != c.want {
			t.Errorf("%s: %d steps, error %v, want %d", c.o.Preset, taken, err, c.want)
		}
	}
}

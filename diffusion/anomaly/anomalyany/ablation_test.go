package anomalyany

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestAblations looks at the first latent, the timesteps and α_t.
func TestAblations(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	p := openModel(t, modelA)
	o := short()
	o.NoCondition = true
	g := newGenerator(t, p, o)
	noise := g.Noises(g.in, 4).Initial
	r, err := g.begin(g.in, Noises{Initial: noise})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(noise, r.z.Floats()); diff != "" {
		t.Errorf("the run does not start from the noise: %s", diff)
	}
	if r := generate(t, g, 4); len(r.Trace) != o.Steps || r.Trace[0].T != 801 {
		t.Errorf("%d steps from timestep %d, want all %d from 801", len(r.Trace), r.Trace[0].T, o.Steps)
	}

	o = short()
	full := generate(t, newGenerator(t, p, o), 4)
	o.NoScheduler = true
	changes := false
	for i, s := range generate(t, newGenerator(t, p, o), 4).Trace {
		if *s.Alpha != o.Lambda {
			t.Errorf("step %d: α is %g, want λ = %g", i, *s.Alpha, o.Lambda)
		}
		changes = changes || *full.Trace[i].Alpha != o.Lambda
	}
	if !changes {
		t.Error("the scheduler's α is λ throughout, too")
	}

	o = short()
	o.Lambda, o.Refine = 0, 0 // plain denoising of the photograph with noise
	g = newGenerator(t, p, o)
	plain := g.in.latent.Copy()
	_, err = g.Run(t.Context(), g.in, 4, func(s Step) error {
		if *s.Alpha != 0 || s.Gradient != 0 {
			t.Errorf("step %d: α is %g, the latent moves by %g", s.I, *s.Alpha, s.Gradient)
		}
		plain = s.Latent.Copy()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(denoised(t, g, 4), plain.Floats()); diff != "" {
		t.Errorf("λ = R = 0 is not plain denoising: %s", diff)
	}
}

// denoised is the latent of a run without any of the algorithm.
func denoised(t *testing.T, g ready, seed uint64) []float32 {
	t.Helper()
	schedule, err := newDDIM(g.pipeline.Scheduler, g.options.Steps)
	if err != nil {
		t.Fatal(err)
	}
	m, times, normal := g.method.(*paper), schedule.Timesteps(), g.in.latent
	z, err := schedule.AddNoise(normal, normal.With(tensor.NewRand(seed).Randn(len(normal.Floats()))), times[1])
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(times); i++ {
		eps, err := m.denoiser.Denoise(t.Context(), z, times[i], diffusion.Guidance{Prompt: diffusion.Prompt{Hidden: m.prompt}, Negative: diffusion.Prompt{Hidden: m.negative}, Scale: g.options.Guidance})
		if err != nil {
			t.Fatal(err)
		}
		if z, err = schedule.Step(eps, z, i); err != nil {
			t.Fatal(err)
		}
	}
	return z.Floats()
}

package diffusion

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/tensor"
)

// row is numbers as a latent of one line.
func row(v ...float32) Latent { return NewLatent(v, 1, 1, len(v)) }

// madeUp is a Model of testdata/make_schedulers.py's, which counts its calls.
type madeUp struct {
	noise []float32
	calls int
	first int // the number of the first step
	fails int // the call that does, if it is not 0
}

var errMadeUp = errors.New("made up")

func (m *madeUp) Denoise(_ context.Context, z Latent, _ float64, _ Guidance) (Latent, error) {
	m.calls++
	if m.calls == m.fails {
		return Latent{}, errMadeUp
	}
	return z.With(madeUpModel(z.Floats(), m.noise, m.first+m.calls-1)), nil
}

// TestSamplerLikeDiffusers takes the sampler through the runs of diffusers' schedulers, with a loop of which nothing
// knows which scheduler it is.
func TestSamplerLikeDiffusers(t *testing.T) {
	cases := loadSchedulerCases(t)
	for n, c := range cases.Cases {
		t.Run(fmt.Sprintf("%d-%s-%d", n, c.Kind, c.Steps), func(t *testing.T) {
			fresh := rolled{noise: cases.Noise}
			schedule, err := NewScheduler(c.Kind, c.config(t), c.Steps, c.options(fresh.randn)...)
			if err != nil {
				t.Fatal(err)
			}
			model := &madeUp{noise: cases.Noise, first: c.Start}
			s := Sampler{Model: model, Scheduler: schedule}
			z := s.Start(row(cases.Init...))
			steps := 0
			for m, err := range s.Steps(t.Context(), &z, c.Start) {
				if err != nil {
					t.Fatal(err)
				}
				if m.T != schedule.Timesteps()[m.I] || m.I != c.Start+steps {
					t.Fatalf("step %d is number %d at timestep %g", steps, m.I, m.T)
				}
				if steps == min(2, len(schedule.Timesteps())-c.Start-1) && steps == 2 {
					if diff := cmp.Diff(c.Second, z.Floats(), nearLatent(c.Sigma)); diff != "" {
						t.Errorf("second latent: %s", diff)
					}
				}
				steps++
			}
			if diff := cmp.Diff(c.Final, z.Floats(), nearLatent(c.Sigma)); diff != "" {
				t.Errorf("final latent: %s", diff)
			}
			if model.calls != steps {
				t.Errorf("%d predictions in %d steps", model.calls, steps)
			}
		})
	}
}

// TestSteps: the body moves the latent before it is denoised, leaves the loop when it likes, and is told of errors.
func TestSteps(t *testing.T) {
	schedule, err := NewScheduler("euler", SchedulerConfig{}, 4)
	if err != nil {
		t.Fatal(err)
	}
	model := &madeUp{noise: []float32{1, 2}}
	s := Sampler{Model: model, Scheduler: schedule}
	noise := row(1, -1)
	z := s.Start(noise)
	for m, err := range s.Steps(t.Context(), &z, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Clean(); err == nil {
			t.Error("what the step believes is known before it has been taken")
		}
		in, err := m.Input()
		if err != nil {
			t.Fatal(err)
		}
		if want, err := schedule.ScaleModelInput(z, m.I); err != nil || !cmp.Equal(in.Floats(), want.Floats()) {
			t.Errorf("step %d: the input is %v, want %v (%v)", m.I, in.Floats(), want.Floats(), err)
		}
		if m.I == 2 {
			break
		}
		z = row(3, 4) // another latent
	}
	want, err := schedule.Step(row(madeUpModel(inputOf(t, schedule, row(3, 4), 1), model.noise, 1)...), row(3, 4), 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Floats(), z.Floats()); diff != "" || model.calls != 2 {
		t.Errorf("after 2 steps, %d predictions: %s", model.calls, diff)
	}
	if noise.Floats()[0] != 1 {
		t.Error("the noise was changed")
	}

	s.Model = &madeUp{noise: model.noise, fails: 2}
	rounds := 0
	for m, err := range s.Steps(t.Context(), &z, 0) {
		rounds++
		if (err != nil) != (rounds == 3) {
			t.Fatalf("round %d, step %d: %v", rounds, m.I, err)
		}
		if err != nil && (m.I != 1 || !errors.Is(err, errMadeUp) || !strings.Contains(err.Error(), "timestep")) {
			t.Errorf("step %d fails with %v, want step 1 with its timestep", m.I, err)
		}
	}
	for name, broken := range map[string]struct {
		s     Sampler
		z     *Latent
		first int
	}{
		"no model": {Sampler{Scheduler: schedule}, &z, 0}, "no scheduler": {Sampler{Model: model}, &z, 0}, "no latent": {s, nil, 0},
		"zero latent": {s, &Latent{}, 0}, "negative": {s, &z, -1}, "behind the end": {s, &z, 5},
		"mask": {Sampler{Model: &madeUp{noise: model.noise}, Scheduler: schedule, Outside: &Outside{Mask: []float32{1}, Level: func(int) (Latent, error) { return z, nil }}}, &z, 0},
	} {
		rounds, failed := 0, false
		for _, err := range broken.s.Steps(t.Context(), broken.z, broken.first) {
			rounds++
			failed = failed || err != nil
		}
		if !failed || rounds > 2 {
			t.Errorf("%s: %d rounds, an error: %t", name, rounds, failed)
		}
	}
	if got, err := s.Run(t.Context(), row(5, 6), 4); err != nil || !cmp.Equal(got.Floats(), []float32{5, 6}) {
		t.Errorf("a run of no steps: %v, %v", got, err)
	}
}

func inputOf(t *testing.T, s Scheduler, z Latent, i int) []float32 {
	t.Helper()
	in, err := s.ScaleModelInput(z, i)
	if err != nil {
		t.Fatal(err)
	}
	return in.Floats()
}

// TestKeep: outside the mask the latent is the picture at the level of noise that it has after each step, and in the
// end the picture.
func TestKeep(t *testing.T) {
	for _, kind := range SchedulerNames() {
		schedule, err := NewScheduler(kind, SchedulerConfig{SkipPRKSteps: true, StepsOffset: 1}, 5, WithNoise(tensor.NewRand(1).Randn))
		if err != nil {
			t.Fatal(err)
		}
		picture, noise := NewLatent([]float32{1, 2, 3, 4}, 2, 1, 2), NewLatent([]float32{-1, 0.5, 0.25, 2}, 2, 1, 2)
		s := Sampler{Model: &madeUp{noise: []float32{1, 1, 1, 1}}, Scheduler: schedule}
		s.Keep(picture, noise, []float32{1, 0}) // the right half of both channels stays
		z, err := s.StartFrom(picture, noise, 1)
		if err != nil {
			t.Fatal(err)
		}
		for m, err := range s.Steps(t.Context(), &z, 1) {
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			want, err := s.StartFrom(picture, noise, m.I)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range []int{1, 3} {
				if z.Floats()[i] != want.Floats()[i] {
					t.Errorf("%s: before step %d number %d is %g, want %g", kind, m.I, i, z.Floats()[i], want.Floats()[i])
				}
			}
		}
		if v := z.Floats(); v[1] != 2 || v[3] != 4 || v[0] == 1 || v[2] == 3 {
			t.Errorf("%s: the result is %v, want the picture's 2 and 4 on the right and others on the left", kind, v)
		}
	}
}

// What a step believes is the picture that the latent was made of, if the model is right about the noise.
func TestClean(t *testing.T) {
	picture, noise := row(0.5, -1, 2), row(1, -0.5, 0.25)
	for _, kind := range SchedulerNames() {
		for _, prediction := range predictions {
			schedule, err := NewScheduler(kind, SchedulerConfig{PredictionType: prediction, SkipPRKSteps: true, ClipSample: new(bool)}, 5, WithNoise(tensor.NewRand(0).Randn))
			if err != nil {
				t.Fatal(err)
			}
			const i = 2
			z, err := schedule.AddNoise(picture, noise, schedule.Timesteps()[i])
			if err != nil {
				t.Fatal(err)
			}
			got, err := schedule.Clean(rightOutput(t, schedule, prediction, picture, noise, i), z, i)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(picture.Floats(), got.Floats(), cmpopts.EquateApprox(0, 1e-5)); diff != "" {
				t.Errorf("%s, %s (-picture +clean):\n%s", kind, prediction, diff)
			}
		}
	}
}

// rightOutput is what a perfect model says of a picture with noise: the noise, or the velocity α·noise - σ·picture
// (Salimans and Ho 2022).
func rightOutput(t *testing.T, s Scheduler, prediction string, picture, noise Latent, i int) Latent {
	t.Helper()
	if prediction == "epsilon" {
		return noise
	}
	mix, err := s.AddNoise(row(1, 0), row(0, 1), s.Timesteps()[i])
	if err != nil {
		t.Fatal(err)
	}
	alpha, sigma := mix.Floats()[0], mix.Floats()[1]
	norm := float32(math.Hypot(float64(alpha), float64(sigma)))
	v := make([]float32, len(noise.Floats()))
	for n := range v {
		v[n] = (alpha*noise.Floats()[n] - sigma*picture.Floats()[n]) / norm
	}
	return row(v...)
}

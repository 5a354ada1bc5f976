package diffusion

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

// TestGenerate makes the picture that the sampler does, of every scheduler.
func TestGenerate(t *testing.T) {
	p := openModel(t, modelA)
	const side, seed = 64, 7
	for _, kind := range SchedulerNames() {
		got, err := p.Generate(t.Context(), "a nut", GenerateOptions{Scheduler: kind, Steps: 3, Height: side, Width: side, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		noise := tensor.NewRand(seed)
		schedule, err := NewScheduler(kind, p.Scheduler, 3, WithNoise(noise.Randn))
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Compile(side/8, side/8)
		if err != nil {
			t.Fatal(err)
		}
		s := Sampler{Model: d, Scheduler: schedule, Guidance: Guidance{Prompt: encode(t, p, "a nut"), Negative: encode(t, p, ""), Scale: 7.5}}
		z, err := s.Run(t.Context(), s.Start(NewLatent(noise.Randn(4*8*8), 4, 8, 8)), 0)
		if err != nil {
			t.Fatal(err)
		}
		want, err := p.Decode(t.Context(), z)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(tensor.Float32s(got), tensor.Float32s(want)) {
			t.Errorf("%s: another picture than the sampler's", kind)
		}
	}
	small := GenerateOptions{Steps: 2, Height: side, Width: side}
	for name, c := range map[string]struct {
		change func(o *GenerateOptions)
		says   string
	}{
		"size":      {func(o *GenerateOptions) { o.Height = 65 }, "multiples of 64"},
		"steps":     {func(o *GenerateOptions) { o.Steps = -1 }, "-1 steps"},
		"scheduler": {func(o *GenerateOptions) { o.Scheduler = "heun" }, `"heun"`},
	} {
		o := small
		c.change(&o)
		if _, err := p.Generate(t.Context(), "a nut", o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %s", name, err, c.says)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := p.Generate(ended, "a nut", small); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
}

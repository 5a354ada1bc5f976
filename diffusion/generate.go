package diffusion

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// GenerateOptions are what Generate may be told besides the prompt. A field that is zero has its default.
type GenerateOptions struct {
	Negative  string  // prompt that guidance leads away from (default: the empty one)
	Guidance  float32 // w of classifier-free guidance (default: 7.5); 1 is none
	Scheduler string  // one of SchedulerNames (default: what the model's configuration names)
	Steps     int     // of the scheduler (default: 50)
	Seed      uint64  // of the noise, which is that of torch on a CPU
	Height    int     // of the picture in pixels, a multiple of Pipeline.Multiple (default: 512)
	Width     int     // likewise (default: 512)
}

// withDefaults fills in what is 0.
func (o GenerateOptions) withDefaults() GenerateOptions {
	if o.Guidance == 0 {
		o.Guidance = 7.5
	}
	if o.Steps == 0 {
		o.Steps = 50
	}
	if o.Height == 0 {
		o.Height = 512
	}
	if o.Width == 0 {
		o.Width = 512
	}
	return o
}

// Generate makes a picture of a prompt: [1, 3, H, W], from about -1 to 1, not clamped. Equal options make equal
// pictures. Who wants to see or move the latent between the steps takes a Sampler instead.
func (p *Pipeline) Generate(ctx context.Context, prompt string, o GenerateOptions) (*gt.Dense, error) {
	o = o.withDefaults()
	if err := p.CheckSize(o.Height, o.Width); err != nil {
		return nil, err
	}
	noise := tensor.NewRand(o.Seed)
	schedule, err := NewScheduler(o.Scheduler, p.Scheduler, o.Steps, WithNoise(noise.Randn))
	if err != nil {
		return nil, err
	}
	s := Sampler{Scheduler: schedule, Guidance: Guidance{Scale: o.Guidance}}
	if s.Guidance.Prompt, err = p.Encode(ctx, prompt); err != nil {
		return nil, err
	}
	if o.Guidance != 1 {
		if s.Guidance.Negative, err = p.Encode(ctx, o.Negative); err != nil {
			return nil, err
		}
	}
	c, h, w := p.UNet.Config.InChannels, o.Height/p.Factor(), o.Width/p.Factor()
	if s.Model, err = p.Compile(h, w); err != nil {
		return nil, err
	}
	z, err := s.Run(ctx, s.Start(NewLatent(noise.Randn(c*h*w), c, h, w)), 0)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", prompt, err)
	}
	return p.Decode(ctx, z)
}

package main

import (
	"context"
	"fmt"
	"image"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

const (
	previewSteps = 20 // of DPM++ 2M
	previewRow   = 7  // pictures in a row
	previewing   = "invert preview"
)

// preview makes pictures with the word as it is learned, always from the same noise, and shows them side by side: of the
// first example with a mask what is within that is made anew, without masks a whole picture.
type preview struct {
	*lesson
	denoiser *diffusion.Denoiser
	negative diffusion.Prompt
	noise    diffusion.Latent
	outside  *diffusion.Latent // of the example; nil where there is no mask
	inside   []float32         // the mask at the latent's size
	shown    []image.Image
	last     int // the step of the last one
}

// newPreview is nil where none is asked for.
func newPreview(ctx context.Context, l *lesson) (*preview, error) {
	if l.flags.Preview == 0 {
		return nil, nil
	}
	if err := show.CheckSealed(ctx, l.folder.Path(l.stem()+".png"), previewing, nil, true); err != nil {
		return nil, err
	}
	p, s := l.model.Pipeline, l.examples.all[0].Picture.Shape()
	c, h, w := p.VAE.Config.LatentChannels, s[2]/p.Factor(), s[3]/p.Factor()
	v := &preview{lesson: l, noise: diffusion.NewLatent(tensor.NewRand(l.flags.Seed).Randn(c*h*w), c, h, w), last: -1}
	var err error
	if v.denoiser, err = p.Compile(h, w); err != nil {
		return nil, err
	}
	if v.negative, err = p.Encode(ctx, ""); err != nil {
		return nil, err
	}
	return v, v.begin(ctx, h, w)
}

// begin shows the example, whose mask is to be filled.
func (v *preview) begin(ctx context.Context, h, w int) error {
	x := v.examples.all[0]
	s := x.Picture.Shape()
	picture, err := images.FromModel(x.Picture)
	if err != nil {
		return err
	}
	v.shown = append(v.shown, show.Labelled(picture, "example"))
	if x.Mask == nil {
		return nil
	}
	z, err := v.model.EncodeImage(ctx, x.Picture)
	if err != nil {
		return err
	}
	v.outside = &z
	v.inside = make([]float32, h*w)
	for i, m := range x.Mask {
		y, x := i/s[3]*h/s[2], i%s[3]*w/s[3]
		v.inside[y*w+x] += m * float32(h*w) / float32(s[2]*s[3])
	}
	for i, share := range v.inside {
		if v.inside[i] = 0; share > float32(v.options.Share) {
			v.inside[i] = 1
		}
	}
	return nil
}

// take shows the word after so many steps, if it is time to.
func (v *preview) take(ctx context.Context, steps int) error {
	if v == nil || steps%v.flags.Preview != 0 && steps != v.options.Steps || steps == v.last {
		return nil
	}
	v.last = steps
	picture, err := v.picture(ctx)
	if err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	label := fmt.Sprintf("step %d", steps)
	if steps == 0 {
		label = v.options.Initial
	}
	v.shown = append(v.shown, show.Labelled(picture, label))
	var rows [][]image.Image
	for i := 0; i < len(v.shown); i += previewRow {
		rows = append(rows, v.shown[i:min(i+previewRow, len(v.shown))])
	}
	data, err := show.EncodeSealed(show.Grid(rows), nil, previewing, nil)
	if err != nil {
		return err
	}
	return tensor.WriteFile(v.folder.Path(v.stem()+".png"), data)
}

// picture makes one by the first template.
func (v *preview) picture(ctx context.Context) (*image.RGBA, error) {
	p := v.model.Pipeline
	prompt, err := p.EncodeWith(ctx, strings.Replace(v.options.Templates[0], "{}", v.options.Word, 1), v.subject.embedding(v.inside, v.noise.Shape()[2], v.noise.Shape()[3]))
	if err != nil {
		return nil, err
	}
	schedule, err := diffusion.NewScheduler("dpmpp2m", p.Scheduler, previewSteps)
	if err != nil {
		return nil, err
	}
	guidance := v.model.defaults.Options.Guidance
	if guidance == 0 {
		guidance = 7.5
	}
	s := diffusion.Sampler{Model: v.denoiser, Scheduler: schedule, Guidance: diffusion.Guidance{Prompt: prompt, Negative: v.negative, Scale: guidance}}
	if v.outside != nil {
		s.Keep(*v.outside, v.noise, v.inside)
	}
	z, err := s.Run(ctx, s.Start(v.noise), 0)
	if err != nil {
		return nil, err
	}
	decode := p.Decode
	if p.TAESD != nil {
		decode = p.DecodePreview
	}
	decoded, err := decode(ctx, z)
	if err != nil {
		return nil, err
	}
	return images.FromModel(decoded)
}

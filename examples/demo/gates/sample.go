package main

import (
	"context"
	"image"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// samples is how often CLIP names what pictures from noise were asked to show.
type samples struct {
	Subject mean   `json:"subject"`
	Defect  mean   `json:"defect"`
	Sheet   string `json:"-"`
}

// wish is a picture to be made of noise.
type wish struct{ subject, defect string }

func (w wish) caption() string { return world.Caption(w.subject, w.defect) }

// wishes of a subject: without a defect, with one that was seen, with the
// unseen one.
func wishes(subject string, nth int) []wish {
	var seen, unseen []wish
	for _, d := range world.Defects() {
		if world.Unseen(subject, d.Name) {
			unseen = append(unseen, wish{subject, d.Name})
		} else {
			seen = append(seen, wish{subject, d.Name})
		}
	}
	return slices.Concat([]wish{{subject, ""}, seen[nth%len(seen)]}, unseen)
}

// sample makes pictures of noise, lays them out on a sheet and has CLIP name them.
func (m *measurement) sample(ctx context.Context, r *report) error {
	f := m.flags
	if f.Samples == 0 {
		return nil
	}
	res := &samples{Sheet: f.Sheet}
	n := &namer{m, map[string][]float32{}}
	var rows [][]image.Image
	all := 0
	for i, s := range world.Subjects() {
		all += f.Samples * len(wishes(s.Name, i))
	}
	p := newProgress(ctx, "pictures from noise", all)
	defer p.End()
	for i, s := range world.Subjects() {
		var cells []image.Image
		for _, w := range wishes(s.Name, i) {
			pictures, err := m.fromNoise(ctx, w.caption(), f.Seed)
			if err != nil {
				return err
			}
			for _, picture := range pictures {
				subject, defect, err := n.name(ctx, picture, w.subject)
				if err != nil {
					return err
				}
				res.Subject.count(subject == w.subject)
				if w.defect != "" {
					res.Defect.count(defect == w.defect)
				}
				cell, err := w.cell(picture)
				if err != nil {
					return err
				}
				cells = append(cells, cell)
				p.Step(1, "")
			}
		}
		rows = append(rows, cells)
	}
	r.Samples = res
	return images.WritePNG(f.Sheet, show.Grid(rows))
}

// cell is a picture under what was asked for; a star marks unseen pairs.
func (w wish) cell(picture *gt.Dense) (image.Image, error) {
	rgb, err := images.FromModel(picture)
	if err != nil {
		return nil, err
	}
	text := w.subject
	if w.defect != "" {
		text = w.defect
	}
	if world.Unseen(w.subject, w.defect) {
		text += " *"
	}
	return show.Labelled(rgb, text), nil
}

// fromNoise makes pictures of a prompt in one batch, each of a seed of its own.
func (m *measurement) fromNoise(ctx context.Context, prompt string, seed uint64) ([]*gt.Dense, error) {
	p, f := m.pipeline, m.flags
	s, err := diffusion.NewScheduler("ddim", p.Scheduler, f.Steps)
	if err != nil {
		return nil, err
	}
	side, c := f.Size/p.Factor(), p.VAE.Config.LatentChannels
	step, err := p.Compile(side, side)
	if err != nil {
		return nil, err
	}
	texts, err := m.guided(ctx, prompt)
	if err != nil {
		return nil, err
	}
	var noise []float32
	for i := range f.Samples {
		noise = append(noise, tensor.NewRand(seed+uint64(i)).Randn(c*side*side)...)
	}
	sampler := diffusion.Sampler{Model: batch{step, texts}, Scheduler: s, Guidance: diffusion.Guidance{Scale: f.Guidance}}
	all, err := sampler.Run(ctx, sampler.Start(diffusion.Latent{Dense: tensor.FromFloat32s(noise, f.Samples, c, side, side)}), 0)
	if err != nil {
		return nil, err
	}
	z := all.Floats()
	var pictures []*gt.Dense
	for k := range f.Samples {
		x, err := p.Decode(ctx, diffusion.NewLatent(z[k*c*side*side:(k+1)*c*side*side], c, side, side))
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, metric.Clamped(x))
	}
	return pictures, nil
}

// batch predicts the noise in several latents at once, with and without a prompt.
type batch struct {
	step  *diffusion.Denoiser
	texts []diffusion.Prompt // nothing for each latent, and then the prompt
}

func (b batch) Denoise(ctx context.Context, z diffusion.Latent, t float64, g diffusion.Guidance) (diffusion.Latent, error) {
	both, shape := slices.Concat(z.Floats(), z.Floats()), z.Shape().Clone()
	shape[0] *= 2
	out, err := b.step.Predict(ctx, diffusion.Latent{Dense: tensor.FromFloat32s(both, shape...)}, t, b.texts...)
	if err != nil {
		return z, err
	}
	var noise []float32
	for k := range z.Shape()[0] {
		one, err := g.Combine(out.Noise[k], out.Noise[z.Shape()[0]+k])
		if err != nil {
			return z, err
		}
		noise = append(noise, one.Floats()...)
	}
	return z.With(noise), nil
}

// guided is the embeddings of nothing and of a prompt, each once a sample.
func (m *measurement) guided(ctx context.Context, prompt string) ([]diffusion.Prompt, error) {
	var texts []diffusion.Prompt
	for _, text := range []string{"", prompt} {
		e, err := m.pipeline.Encode(ctx, text)
		if err != nil {
			return nil, err
		}
		for range m.flags.Samples {
			texts = append(texts, e)
		}
	}
	return texts, nil
}

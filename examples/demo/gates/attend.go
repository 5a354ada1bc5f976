package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	"github.com/sdgraph/sdgraph/unet"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

const (
	timestep = 300 // of the noise that the attention is measured at
	sigma    = 0.5 // of the smoothing of the maps, as in AnomalyAny
)

// attention is the mean over pictures of the pixels' AUROC: how well a map
// tells the defect's pixels from the others of the picture.
type attention struct {
	Word mean `json:"word"` // the map of the defect's word

	// The controls, with the same noise and truth.
	End    mean `json:"end"`    // the end token's map
	Other  mean `json:"other"`  // the map of another defect's word, asked for instead
	Normal mean `json:"normal"` // the word's map in the same picture without the defect

	Defects  map[string]mean `json:"defects"`
	Subjects map[string]mean `json:"subjects"`
}

// reader reads the maps of all tokens as AnomalyAny does: the mean over the
// sites of one size, a softmax over the tokens, smoothed.
type reader struct {
	m         *measurement
	step      *diffusion.Denoiser
	scheduler diffusion.Scheduler
}

func (m *measurement) newReader() (*reader, error) {
	p, n := m.pipeline, m.flags.Map
	store := diffusion.NewAttnStore(diffusion.Cross(n, n))
	side := m.flags.Size / p.Factor()
	if !slices.ContainsFunc(p.UNet.CrossSites(side, side), func(s unet.Site) bool { return s.H == n && s.W == n }) {
		return nil, fmt.Errorf("--map %d: the model has no cross-attention of this size for pictures of %d×%d", n, m.flags.Size, m.flags.Size)
	}
	step, err := p.Compile(side, side, diffusion.WithStore(store), diffusion.WithRead(func() []*G.Node {
		return []*G.Node{nn.GaussianSmooth(diffusion.TokenMaps(store.Mean()), n, n, 3, nn.StandardGaussian(sigma))}
	}))
	if err != nil {
		return nil, err
	}
	s, err := diffusion.NewScheduler("ddim", p.Scheduler, 50)
	return &reader{m, step, s}, err
}

// maps are those of every token for each pair of a noisy latent and a prompt,
// [Map·Map, T-2].
func (r *reader) maps(ctx context.Context, latents []diffusion.Latent, prompts []string) ([]*gt.Dense, error) {
	var all []float32
	var texts []diffusion.Prompt
	for i, z := range latents {
		all = append(all, z.Floats()...)
		e, err := r.m.pipeline.Encode(ctx, prompts[i])
		if err != nil {
			return nil, err
		}
		texts = append(texts, e)
	}
	shape := latents[0].Shape()
	batch := diffusion.Latent{Dense: tensor.FromFloat32s(all, len(latents), shape[1], shape[2], shape[3])}
	out, err := r.step.Predict(ctx, batch, timestep, texts...)
	if err != nil {
		return nil, err
	}
	var maps []*gt.Dense
	read := out.Read[0].Shape()
	for one := range slices.Chunk(tensor.Float32s(out.Read[0]), read[1]*read[2]) {
		maps = append(maps, tensor.FromFloat32s(one, read[1], read[2]))
	}
	return maps, nil
}

// auroc compares the map of one of some tokens, the one that is weakest where
// it is strongest as in AnomalyAny, with the truth.
func (r *reader) auroc(maps *gt.Dense, tokens []int, truth []bool) (float64, error) {
	n, size := r.m.flags.Map, r.m.flags.Size
	var weakest []float32
	for _, j := range tokens {
		one := column(maps, j-1)
		if weakest == nil || slices.Max(one) < slices.Max(weakest) {
			weakest = one
		}
	}
	soft, err := images.ResizeBilinear(weakest, n, n, size, size)
	if err != nil {
		return 0, err
	}
	score := make([]float64, len(soft))
	for i, v := range soft {
		score[i] = float64(v)
	}
	return metric.AUROC(score, truth)
}

// column is column k of a matrix.
func column(d *gt.Dense, k int) []float32 {
	v, columns := tensor.Float32s(d), d.Shape()[1]
	out := make([]float32, len(v)/columns)
	for i := range out {
		out[i] = v[i*columns+k]
	}
	return out
}

// attend measures the attention on seen and unseen pairs.
func (m *measurement) attend(ctx context.Context, r *report) error {
	reader, err := m.newReader()
	if err != nil {
		return err
	}
	for _, of := range []struct {
		what   string
		trials []drawn
		into   **attention
	}{{"attention, seen pairs", m.seen, &r.Seen}, {"attention, unseen pairs", m.unseen, &r.Unseen}} {
		a := &attention{Defects: map[string]mean{}, Subjects: map[string]mean{}}
		p := newProgress(ctx, of.what, len(of.trials))
		defer p.End()
		for _, t := range of.trials {
			if err := reader.measure(ctx, t, a); err != nil {
				return err
			}
			p.Step(1, "")
		}
		*of.into = a
	}
	return nil
}

// measure adds a trial to a.
func (r *reader) measure(ctx context.Context, t drawn, a *attention) error {
	caption, truth := t.bad.Caption, trial.Truth(t.bad)
	other := otherDefect(t.Trial)
	otherPrompt := world.Caption(t.Subject.Name, other)
	var latents []diffusion.Latent
	for _, d := range []world.Drawing{t.bad, t.good} {
		z, err := r.m.pipeline.EncodeImage(ctx, trial.Picture(d))
		if err != nil {
			return err
		}
		if z, err = noisy(r.scheduler, z, t.Seed, timestep); err != nil {
			return err
		}
		latents = append(latents, z)
	}
	maps, err := r.maps(ctx, []diffusion.Latent{latents[0], latents[0], latents[1]}, []string{caption, otherPrompt, caption})
	if err != nil {
		return err
	}
	tokenizer := r.m.pipeline.Tokenizer
	word, err := tokenizer.FindWord(caption, t.Defect.Name)
	if err != nil {
		return err
	}
	otherWord, err := tokenizer.FindWord(otherPrompt, other)
	if err != nil {
		return err
	}
	end := r.m.pipeline.Text.Config.PooledPosition(tokenizer.Encode(caption))
	for _, one := range []struct {
		into   *mean
		maps   *gt.Dense
		tokens []int
	}{{&a.Word, maps[0], word}, {&a.End, maps[0], []int{end}}, {&a.Other, maps[1], otherWord}, {&a.Normal, maps[2], word}} {
		v, err := r.auroc(one.maps, one.tokens, truth)
		if err != nil {
			return err
		}
		one.into.add(v)
		if one.into == &a.Word {
			addTo(a.Defects, t.Defect.Name, v)
			addTo(a.Subjects, t.Subject.Name, v)
		}
	}
	return nil
}

// otherDefect is a defect that a trial has not, each as often as any other.
func otherDefect(t trial.Trial) string {
	var names []string
	for _, d := range world.Defects() {
		if d.Name != t.Defect.Name {
			names = append(names, d.Name)
		}
	}
	return names[t.Seed%uint64(len(names))]
}

package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// ReleasedOptions are the numbers of ReleasedPreset that the paper has not. A
// run takes the last N+1 entries of PNDM's list, i = 0 to N.
type ReleasedOptions struct {
	Tail int // N, at least 1; Auto for ⌊0.3·T⌋

	PromptUpdates int     // of the anomaly's tokens before the first step
	PromptRate    float64 // their step size

	Updates         int     // of latent and embedding in each step, before it denoises
	Rate            float64 // their step size is s = max(RateFloor, Rate - RateDecay·i) ...
	RateDecay       float64
	RateFloor       float64
	LatentRate      float64 // ... times this for the latent
	ImageWeight     float64 // of L_img in the loss
	AttentionWeight float64 // of L_att, times i/N
	RefineFrom      float64 // L_img counts, and the mask is read, in steps i > RefineFrom·N

	FocusedMin, FocusedMax int // with a number of cells between these, exclusively, early optimisation is off from then on

	// Early optimisation, in step 0 alone: where L_att > 1 - EarlyThreshold,
	// EarlyUpdates steps of EarlyScale/√EarlyDivisor down L_att, and one of
	// EarlyScale. (The code's factor √range_i is 1 in step 0.)
	EarlyThreshold float64
	EarlyUpdates   int
	EarlyScale     float64
	EarlyDivisor   float64
}

// Released is the preset of the code that was released with the paper, with the
// values of its notebook: every number, and no words.
func Released() Options {
	return Options{
		Preset: ReleasedPreset, Steps: 200, Guidance: 12.5, Sigma: 0.5,
		Released: ReleasedOptions{
			Tail: Auto, PromptUpdates: 20, PromptRate: 0.1,
			Updates: 10, Rate: 0.02, RateDecay: 1e-4, RateFloor: 1e-4, LatentRate: 2,
			ImageWeight: 0.1, AttentionWeight: 0.5, RefineFrom: 0.7, FocusedMin: 10, FocusedMax: 50,
			EarlyThreshold: 0.05, EarlyUpdates: 5, EarlyScale: 50, EarlyDivisor: 10,
		},
	}
}

// tail is N of a whole run of T steps.
func (r ReleasedOptions) tail(steps int) int {
	if r.Tail == Auto {
		return floor(0.3 * float64(steps))
	}
	return r.Tail
}

// releasedCourse is N+1 steps. CLIP sees the picture in those with i > RefineFrom·N.
func releasedCourse(o Options) course {
	n := o.Released.tail(o.Steps)
	before := min(int(math.Floor(o.Released.RefineFrom*float64(n))), n) // the last i that is not above
	return course{steps: n + 1, refined: n - before, annotated: n - before}
}

func (o *Options) validateReleased() error {
	r := o.Released
	switch n := r.tail(o.Steps); {
	case o.Fill != 0:
		return fmt.Errorf("fill is %g: it is a number of preset paper, which preset released has not", o.Fill)
	case o.NoCondition || o.NoScheduler:
		return errors.New("the ablations are those of preset paper: preset released has none")
	case n < 1 || n > o.Steps:
		return fmt.Errorf("steps N is %d, want 1 to T = %d (by the rule ⌊0.3·T⌋, T from 4 on)", n, o.Steps)
	case r.PromptUpdates < 0 || r.EarlyUpdates < 0:
		return fmt.Errorf("%d updates of the prompt and %d early ones, want none or more", r.PromptUpdates, r.EarlyUpdates)
	case r.Updates < 1:
		return fmt.Errorf("%d updates a step, want at least 1", r.Updates)
	case !(r.RefineFrom >= 0 && r.RefineFrom < 1):
		return fmt.Errorf("refine_from is %g, want 0 to less than 1", r.RefineFrom)
	case !(r.EarlyDivisor > 0):
		return fmt.Errorf("early_divisor is %g, want a positive number", r.EarlyDivisor)
	}
	return fromZero([]number{
		{"prompt_rate", r.PromptRate}, {"rate", r.Rate}, {"rate_decay", r.RateDecay}, {"rate_floor", r.RateFloor},
		{"latent_rate", r.LatentRate}, {"image_weight", r.ImageWeight}, {"attention_weight", r.AttentionWeight},
		{"early_threshold", r.EarlyThreshold}, {"early_scale", r.EarlyScale},
	})
}

// newPNDM is the released code's scheduler: PNDM as Stable Diffusion 1.5 sets it
// up, whatever else c says.
func newPNDM(c diffusion.SchedulerConfig, steps int) (diffusion.Scheduler, error) {
	no := false
	c.TimestepSpacing, c.StepsOffset, c.SkipPRKSteps, c.SetAlphaToOne = "leading", 1, true, &no
	return diffusion.NewScheduler("pndm", c, steps)
}

// shrinkForReleased takes the nearest pixel for a cell of the latent, as Pillow's
// resize does; what is not 0 may change. The maps are not masked.
func shrinkForReleased(s *setup, mask []float32) (latent, maps []float32, err error) {
	latent = make([]float32, s.h*s.w)
	for y := range s.h {
		for x := range s.w {
			if mask[nearest(y, s.height, s.h)*s.width+nearest(x, s.width, s.w)] != 0 {
				latent[y*s.w+x] = 1
			}
		}
	}
	if largest(latent) == 0 {
		return nil, nil, fmt.Errorf("nothing of the mask is left at the size of the latent, %d×%d: white must cover the middle of one of its cells, which are %d×%d pixels",
			s.h, s.w, s.height/s.h, s.width/s.w)
	}
	return latent, ones(s.options.MapHeight * s.options.MapWidth), nil
}

// nearest is the position from which entry i of to takes its value, of from.
func nearest(i, from, to int) int {
	return int((float64(i) + 0.5) * float64(from) / float64(to))
}

// released is the method of the released code. Its embeddings are pairs of rows
// [2, T, d]: the negative prompt and another.
type released struct {
	*setup
	prompt *gt.Dense // E at the start
	detail *gt.Dense // E'
	normal *gt.Dense // M

	look       *nn.Program // the map of the last token of J, from a pass with both rows
	attend     *attention
	refinement *refinement
}

func prepareReleased(ctx context.Context, s *setup) (method, error) {
	o := s.options
	if o.Normal == "" {
		return nil, badArgument(errors.New("preset released needs the normal prompt, without the anomaly, such as 'a photo of a hazelnut'"))
	}
	e, err := s.encode(ctx, o.Prompt, o.Detail, o.Normal, o.Negative)
	if err != nil {
		return nil, err
	}
	m := &released{setup: s, prompt: pair(e[3], e[0]), detail: pair(e[3], e[1]), normal: pair(e[3], e[2])}
	if err := m.movePrompt(ctx); err != nil {
		return nil, err
	}
	rule := attentionRule{gaussian: diffusion.NarrowGaussian, showLast: true}
	if m.attend, err = s.compileAttention(rule, diffusion.LatentInput, diffusion.TextInput); err != nil {
		return nil, err
	}
	if m.look, err = m.compileLook(); err != nil {
		return nil, err
	}
	m.refinement, err = s.compileRefinement(ctx, m.comparison())
	return m, err
}

func (m *released) embedding() *gt.Dense { return m.prompt }

func (m *released) work() (plain, refined int64) {
	updates := int64(m.options.Released.Updates)
	plain = m.look.FLOPs() + updates*(m.attend.step.GradFLOPs()+m.refinement.prompt.FLOPs()) + m.denoise
	return plain, plain + updates*m.refinement.image.FLOPs()
}

// pair is [2, T, d] of two embeddings [1, T, d].
func pair(negative, prompt *gt.Dense) *gt.Dense {
	s := prompt.Shape()
	return tensor.FromFloat32s(append(append([]float32(nil), tensor.Float32s(negative)...), tensor.Float32s(prompt)...), 2, s[1], s[2])
}

// row is one of the embeddings of a pair, on the pair's memory.
func row(e *gt.Dense, i int) *gt.Dense {
	s, v := e.Shape(), tensor.Float32s(e)
	n := len(v) / s[0]
	return tensor.FromFloat32s(v[i*n:(i+1)*n], 1, s[1], s[2])
}

// comparison is the released code's: the picture clamped to [0, 1] and resized
// without antialiasing, CLIP's logits over 100 in place of the cosine, and the
// cosines of embeddings along the tokens.
func (m *released) comparison() comparison {
	clip := m.pipeline.CLIP
	size := clip.Config.Vision.ImageSize
	return comparison{
		picture: func(decoded *G.Node) nn.FeatureMap {
			s := decoded.Shape()
			x := nn.Clamp(nn.Affine(nn.ChannelsLast(decoded), 0.5, 0.5), 0, 1)
			x = nn.BicubicResize(x, s[2], s[3], size, size, false)
			return nn.FeatureMap{X: clip.NormalisePicture(x), H: size, W: size}
		},
		factor: float32(math.Exp(float64(clip.LogitScale.Float32()[0])) / 100),
		detail: m.detail, vectors: alongTokens,
	}
}

// alongTokens is [B, d, T] of an embedding [B, T, d]: torch's CosineSimilarity
// goes along axis 1 unless told otherwise.
func alongTokens(e *G.Node) *G.Node {
	s := e.Shape()
	return nn.Reshape(nn.ChannelsFirst(e, 1, s[1]), s[0], s[2], s[1])
}

// compileLook builds a pass with both rows of E that ends at the map of the last
// token of J, from the mean over both.
func (m *released) compileLook() (*nn.Program, error) {
	h, w := m.options.MapHeight, m.options.MapWidth
	store := diffusion.NewAttnStore(diffusion.Cross(h, w))
	z, e := m.shape(), m.prompt.Shape()
	return m.pipeline.Program("map of the word", func(b *nn.Build) []*G.Node {
		store.Reset()
		m.pipeline.UNet.Forward(b, b.Input("z", 2, z[1], z[2], z[3]), b.Input("t", 2), b.Input("e", e...))
		mean := nn.MeanAxis(store.Mean(), 0)
		tokens := diffusion.TokenMaps(nn.Reshape(mean, 1, h*w, e[1]))
		return []*G.Node{diffusion.TokenMap(tokens, h, w, m.tokens[len(m.tokens)-1], diffusion.NarrowGaussian(m.options.Sigma))}
	}, nn.WithHooks(store.Hook()), nn.WithMemory(m.options.Memory))
}

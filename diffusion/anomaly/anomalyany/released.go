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

// releasedTail is N.
func (o Options) releasedTail() int {
	if o.Released.Tail == Auto {
		return floor(0.3 * float64(o.Steps))
	}
	return o.Released.Tail
}

// releasedBefore is the last i that is not above RefineFrom·N.
func (o Options) releasedBefore() int {
	return min(int(math.Floor(o.Released.RefineFrom*float64(o.releasedTail()))), o.releasedTail())
}

func (o *Options) validateReleased() error {
	r := o.Released
	switch n := o.releasedTail(); {
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

// released is what a Generator has for ReleasedPreset alone. Its embeddings are
// pairs of rows [2, T, d]: the negative prompt and another.
type released struct {
	g            *Generator
	std          []float32   // of the encoder's distribution, times scaling_factor
	detail       *gt.Dense   // E'
	normalPrompt *gt.Dense   // M
	look         *nn.Program // the map of the last token of J, from a pass with both rows
}

// encode reads how wide the encoder's distribution is.
func (r *released) encode(ctx context.Context, picture *gt.Dense) error {
	p := r.g.pipeline
	_, logvar, err := p.EncodeDistribution(ctx, picture)
	if err != nil {
		return err
	}
	for _, v := range tensor.Float32s(logvar) {
		r.std = append(r.std, float32(math.Exp(0.5*float64(v)))*p.VAE.Config.ScalingFactor)
	}
	return nil
}

// setMask brings the mask to the latent's size by the nearest pixel, as Pillow's
// resize does; what is not 0 may change. The maps are not masked.
func (r *released) setMask(height, width int) error {
	g := r.g
	g.maskLatent = make([]float32, g.h*g.w)
	for y := range g.h {
		for x := range g.w {
			if g.options.Mask[nearest(y, height, g.h)*width+nearest(x, width, g.w)] != 0 {
				g.maskLatent[y*g.w+x] = 1
			}
		}
	}
	if largest(g.maskLatent) == 0 {
		return fmt.Errorf("nothing of the mask is left at the size of the latent, %d×%d: white must cover the middle of one of its cells, which are %d×%d pixels",
			g.h, g.w, height/g.h, width/g.w)
	}
	return nil
}

// nearest is the position from which entry i of to takes its value, of from.
func nearest(i, from, to int) int {
	return int((float64(i) + 0.5) * float64(from) / float64(to))
}

// compile pairs the embeddings, moves the prompt's and builds the graphs.
func (r *released) compile(ctx context.Context) (err error) {
	g := r.g
	normal, err := g.pipeline.Encode(ctx, g.options.Normal)
	if err != nil {
		return err
	}
	r.normalPrompt = pair(g.negative, normal.Hidden)
	r.detail, g.prompt = pair(g.negative, g.detail), pair(g.negative, g.prompt)
	if err := r.movePrompt(ctx); err != nil {
		return err
	}
	if g.attend, err = g.compileAttention(diffusion.LatentInput, diffusion.TextInput); err != nil {
		return err
	}
	if r.look, err = r.compileLook(); err != nil {
		return err
	}
	if g.refinement, err = g.compileRefinement(ctx, r.comparison()); err != nil {
		return err
	}
	return r.setWork()
}

// setWork reckons what a step costs.
func (r *released) setWork() error {
	g, updates := r.g, int64(r.g.options.Released.Updates)
	denoise, err := g.attend.step.DenoiseFLOPs(2)
	if err != nil {
		return err
	}
	g.plain = r.look.FLOPs() + updates*(g.attend.step.GradFLOPs()+g.refinement.prompt.FLOPs()) + denoise
	g.refined = g.plain + updates*g.refinement.image.FLOPs()
	return nil
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
func (r *released) comparison() comparison {
	clip := r.g.pipeline.CLIP
	size := clip.Config.Vision.ImageSize
	return comparison{
		picture: func(decoded *G.Node) nn.FeatureMap {
			s := decoded.Shape()
			x := nn.Clamp(nn.Affine(nn.ChannelsLast(decoded), 0.5, 0.5), 0, 1)
			x = nn.BicubicResize(x, s[2], s[3], size, size, false)
			return nn.FeatureMap{X: clip.NormalisePicture(x), H: size, W: size}
		},
		factor: float32(math.Exp(float64(clip.LogitScale.Float32()[0])) / 100),
		start:  r.g.prompt, detail: r.detail, vectors: alongTokens,
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
func (r *released) compileLook() (*nn.Program, error) {
	g := r.g
	h, w := g.options.MapHeight, g.options.MapWidth
	store := diffusion.NewAttnStore(diffusion.Cross(h, w))
	z, e := g.normal.Shape(), g.prompt.Shape()
	return nn.Compile(func(b *nn.Build) []*G.Node {
		store.Reset()
		g.pipeline.UNet.Forward(b, b.Input("z", 2, z[1], z[2], z[3]), b.Input("t", 2), b.Input("e", e...))
		mean := nn.MeanAxis(store.Mean(), 0)
		tokens := diffusion.TokenMaps(nn.Reshape(mean, 1, h*w, e[1]))
		return []*G.Node{diffusion.TokenMap(tokens, h, w, g.tokens[len(g.tokens)-1], g.options.gaussian())}
	}, nn.WithHooks(store.Hook()), nn.WithArena(g.pipeline.Arena()), nn.WithMemory(g.options.Memory))
}

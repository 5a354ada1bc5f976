package anomaly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Result is one generated picture.
type Result struct {
	Image     *gt.Dense // [1, 3, H, W], the decoder's output, about [-1, 1]; clamped in ReleasedPreset
	SoftMap   []float32 // H·W, where the word's attention was, in [0, 1]
	Threshold float32   // Otsu's, of the soft map
	Mask      []float32 // H·W, 1 where the soft map lies above the threshold and the picture might change
	Embedding *gt.Dense // e at the end, [1, T, d]; in ReleasedPreset E, [2, T, d]: negative, prompt
	Start     *gt.Dense // the same before the first step
	Trace     []StepTrace
}

// StepTrace is what one step was about, before its update.
type StepTrace struct {
	I         int      `json:"i"`
	T         int      `json:"t"`
	Attention float64  `json:"L_att"`
	Cells     Cells    `json:"n"`
	Alpha     *float64 `json:"alpha,omitempty"` // α_t; PaperPreset
	Image     *float64 `json:"L_img,omitempty"`
	Prompt    *float64 `json:"L_prompt,omitempty"` // PaperPreset
	Gradient  float64  `json:"grad,omitempty"`     // ‖g‖, how far the latent moves before it is denoised; PaperPreset

	ImageGradient *float64 `json:"grad_img,omitempty"` // ‖∇L_img‖; PaperPreset

	// ReleasedPreset: whether early optimisation is still allowed, and L_att of
	// its last pass where it was done.
	Early          *bool    `json:"early,omitempty"`
	EarlyAttention *float64 `json:"early_L_att,omitempty"`
}

// Cells is how many cells of a map are at least its mean, n_t: one number, in
// ReleasedPreset one before each update of the step. In JSON one number is no
// list.
type Cells []int

// MarshalJSON writes a number or a list.
func (c Cells) MarshalJSON() ([]byte, error) {
	if len(c) == 1 {
		return json.Marshal(c[0])
	}
	return json.Marshal([]int(c))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Cells) UnmarshalJSON(data []byte) error {
	var one int
	if json.Unmarshal(data, &one) == nil {
		*c = Cells{one}
		return nil
	}
	return json.Unmarshal(data, (*[]int)(c))
}

// Observer is told of each step that is done: its trace and the latent that it
// left, which it must not change. An error ends the run.
type Observer func(s StepTrace, z diffusion.Latent) error

// state is the variables of a run.
type state struct {
	g         *Generator
	scheduler diffusion.Scheduler
	first     int // index in the scheduler's list of the run's first timestep
	noise     []float32
	z         diffusion.Latent
	e         *gt.Dense
	start     int // n_start
	soft      softMap
	trace     []StepTrace

	released *releasedRun // further variables of ReleasedPreset, else nil
}

// Run makes the picture of a seed.
func (g *Generator) Run(ctx context.Context, seed uint64, observe Observer) (*Result, error) {
	return g.RunNoises(ctx, g.Noises(seed), observe)
}

// RunNoise makes the picture of an initial noise ε, as many numbers as the
// latent has. observe may be nil. ReleasedPreset needs more: RunNoises.
func (g *Generator) RunNoise(ctx context.Context, noise []float32, observe Observer) (*Result, error) {
	return g.RunNoises(ctx, Noises{Initial: noise}, observe)
}

// RunNoises makes the picture of the given noises. observe may be nil.
func (g *Generator) RunNoises(ctx context.Context, n Noises, observe Observer) (*Result, error) {
	return g.inTurn(ctx, observe, func() (*state, error) {
		if g.released != nil {
			return g.released.begin(n)
		}
		return g.begin(n.Initial)
	})
}

// inTurn waits for the run that is under way, begins one and completes it.
func (g *Generator) inTurn(ctx context.Context, observe Observer, begin func() (*state, error)) (*Result, error) {
	if ctx == nil {
		return nil, errors.New("the context is nil")
	}
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-g.turn }()
	s, err := begin()
	if err != nil {
		return nil, err
	}
	return s.complete(ctx, observe)
}

// begin starts a run of PaperPreset.
func (g *Generator) begin(noise []float32) (*state, error) {
	s, err := g.newState(noise)
	if err != nil {
		return nil, err
	}
	if g.options.NoCondition {
		z := g.normal.With(make([]float32, len(noise)))
		s.z = z
		return s, z.AddScaled(float32(s.scheduler.InitNoiseSigma()), g.normal.With(noise).Dense)
	}
	return s, s.addNoise(g.normal)
}

// newState is a run before its first latent.
func (g *Generator) newState(noise []float32) (*state, error) {
	if err := g.checkNoise("noise", noise); err != nil {
		return nil, err
	}
	s := &state{g: g, scheduler: g.scheduler, noise: noise, e: g.prompt}
	s.first = len(s.scheduler.Timesteps()) - g.Steps()
	s.soft = newSoftMap(g.options.MapHeight, g.options.MapWidth)
	s.scheduler.Reset()
	return s, nil
}

func (g *Generator) checkNoise(what string, noise []float32) error {
	if n := len(g.normal.Floats()); len(noise) != n {
		return fmt.Errorf("%d numbers of %s for a latent of shape %v, want %d", len(noise), what, g.normal.Shape(), n)
	}
	return nil
}

// addNoise starts from the photograph at the level of the first timestep.
func (s *state) addNoise(normal diffusion.Latent) error {
	z, err := s.scheduler.AddNoise(normal.Floats(), s.noise, s.scheduler.Timesteps()[s.first])
	if err == nil {
		s.z = normal.With(z)
	}
	return err
}

// step is one pass through the algorithm's loop.
func (s *state) step(ctx context.Context, i int) error {
	if s.released != nil {
		return s.released.step(ctx, i)
	}
	o := s.g.options
	k := s.g.Steps() - i // how many remain, this one included
	t := s.scheduler.Timesteps()[s.first+i]
	refine := k <= o.refineSteps()

	// 1. attention of the anomaly
	attend := s.g.attend
	if refine {
		attend = s.g.attendText
	}
	r, err := attend.read(ctx, s.z, t, s.e)
	if err != nil {
		return err
	}
	if i == 0 {
		s.start = max(r.cells, 1)
	}
	alpha := o.Lambda * (1 + float64(k)/float64(o.Steps)) * float64(r.cells) / float64(s.start)
	if o.NoScheduler {
		alpha = o.Lambda
	}
	tr := StepTrace{I: i, T: int(t), Attention: float64(r.loss), Cells: Cells{r.cells}, Alpha: value(alpha)}
	if err := finite("L_att", r.loss, r.latent); err != nil {
		return err
	}
	if k <= o.annotateSteps() {
		s.soft.add(r.a)
	}
	g := s.z.With(make([]float32, len(s.z.Floats()))) // by which the latent is to move
	if err := g.AddScaled(float32(alpha), r.latent); err != nil {
		return err
	}

	// 2. refinement by CLIP
	if refine {
		if err := s.refine(ctx, r, alpha, g, &tr); err != nil {
			return err
		}
	}
	// 3. the latent moves
	tr.Gradient = length(g.Dense)
	s.z = s.z.Copy()
	if err := s.z.AddScaled(-1, g.Dense); err != nil {
		return err
	}

	// 4. and 5. denoise, and keep the photograph outside the mask
	if err := s.denoise(ctx, i, t); err != nil {
		return err
	}
	s.trace = append(s.trace, tr)
	return nil
}

// refine adds the gradient of CLIP's loss on the picture to g, and moves the
// embedding.
func (s *state) refine(ctx context.Context, r *reading, alpha float64, g diffusion.Latent, tr *StepTrace) error {
	o := s.g.options
	image, toText, err := s.g.refinement.imageLoss(ctx, s.z)
	if err != nil {
		return err
	}
	if err := finite("L_img", image, toText); err != nil {
		return err
	}
	if err := g.AddScaled(float32(o.Mu), toText); err != nil {
		return err
	}
	prompt, toDetail, err := s.g.refinement.promptLoss(ctx, s.e)
	if err != nil {
		return err
	}
	if err := finite("L_prompt", prompt, toDetail); err != nil {
		return err
	}
	e := s.e.Clone().(*gt.Dense)
	moved, att, det := tensor.Float32s(e), tensor.Float32s(r.text), tensor.Float32s(toDetail)
	for i := range moved {
		moved[i] -= float32(o.EtaE * (alpha*float64(att[i]) + float64(det[i])))
	}
	s.e = e
	tr.Image, tr.Prompt, tr.ImageGradient = value(float64(image)), value(float64(prompt)), value(length(toText))
	return nil
}

// denoise takes the scheduler's step and puts the photograph back outside the
// mask, with the noise of the level that was reached.
func (s *state) denoise(ctx context.Context, i int, t float64) error {
	g, at := s.g, s.first+i
	z, err := s.guided(ctx, at, t, s.e, g.negative)
	if err != nil {
		return err
	}
	if g.maskLatent != nil {
		level := g.normal.Floats()
		if times := s.scheduler.Timesteps(); at+1 < len(times) {
			if level, err = s.scheduler.AddNoise(level, s.noise, times[at+1]); err != nil {
				return err
			}
		}
		blend(z, level, g.maskLatent)
	}
	s.z = g.normal.With(z)
	return nil
}

// guided is the latent after the scheduler's step at entry at of its list.
func (s *state) guided(ctx context.Context, at int, t float64, prompt, negative *gt.Dense) ([]float32, error) {
	eps, err := s.g.attend.step.Denoise(ctx, s.z, t, diffusion.Guidance{Prompt: prompt, Negative: negative, Scale: s.g.options.Guidance})
	if err != nil {
		return nil, err
	}
	return s.scheduler.Step(eps.Floats(), s.z.Floats(), at)
}

// blend keeps z where mask is 1 and puts normal where it is 0; the mask counts
// for every channel.
func blend(z, normal, mask []float32) {
	for i, n := range normal {
		if m := mask[i%len(mask)]; m != 1 {
			z[i] = m*z[i] + (1-m)*n
		}
	}
}

func (s *state) finish(ctx context.Context) (*Result, error) {
	g := s.g
	image, err := g.pipeline.Decode(ctx, s.z)
	if err != nil {
		return nil, err
	}
	if s.released != nil {
		clamp(tensor.Float32s(image), -1, 1)
	}
	f := g.pipeline.Factor()
	soft, err := s.soft.resized(g.h*f, g.w*f)
	if err != nil {
		return nil, err
	}
	threshold := diffusion.Otsu(soft)
	mask := diffusion.Above(soft, threshold)
	for i, m := range g.options.Mask {
		if m < 0.5 {
			mask[i] = 0
		}
	}
	return &Result{Image: image, SoftMap: soft, Threshold: threshold, Mask: mask, Embedding: s.e, Start: g.prompt, Trace: s.trace}, nil
}

// finite tells what a loss or its gradient is if it is no number.
func finite(loss string, v float32, gradient *gt.Dense) error {
	if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		return fmt.Errorf("%s is %v", loss, v)
	}
	if err := nn.Finite(gradient); err != nil {
		return fmt.Errorf("the gradient of %s is not finite: %w", loss, err)
	}
	return nil
}

func length(d *gt.Dense) float64 {
	sum := 0.0
	for _, v := range tensor.Float32s(d) {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

func value(f float64) *float64 { return &f }

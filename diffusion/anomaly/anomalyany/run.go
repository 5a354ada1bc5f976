package anomalyany

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
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
	return nn.UnmarshalJSON(data, (*[]int)(c))
}

// Observer is told of each step that is done: its trace and the latent that it
// left, which it must not change. An error ends the run.
type Observer func(s StepTrace, z diffusion.Latent) error

// state is the variables of a run.
type state struct {
	g       *Generator
	sampler diffusion.Sampler
	first   int // index in the scheduler's list of the run's first timestep
	noise   diffusion.Latent
	z       diffusion.Latent
	e       *gt.Dense
	start   int // n_start
	soft    softMap
	trace   []StepTrace

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
	if g.maskLatent != nil {
		s.sampler.Keep(g.normal, s.noise, g.maskLatent)
	}
	if g.options.NoCondition {
		s.z = s.sampler.Start(s.noise)
		return s, nil
	}
	s.z, err = s.sampler.StartFrom(g.normal, s.noise, s.first)
	return s, err
}

// newState is a run before its first latent.
func (g *Generator) newState(noise []float32) (*state, error) {
	if err := g.checkNoise("noise", noise); err != nil {
		return nil, err
	}
	return &state{
		g: g, noise: g.normal.With(noise), e: g.prompt,
		sampler: diffusion.Sampler{Model: g.attend.step, Scheduler: g.scheduler, Guidance: diffusion.Guidance{Scale: g.options.Guidance}},
		first:   len(g.scheduler.Timesteps()) - g.Steps(),
		soft:    newSoftMap(g.options.MapHeight, g.options.MapWidth),
	}, nil
}

func (g *Generator) checkNoise(what string, noise []float32) error {
	if n := len(g.normal.Floats()); len(noise) != n {
		return fmt.Errorf("%d numbers of %s for a latent of shape %v, want %d", len(noise), what, g.normal.Shape(), n)
	}
	return nil
}

// step is what the algorithm does in step i, at timestep t, before the latent is denoised.
func (s *state) step(ctx context.Context, i int, t float64) error {
	if s.released != nil {
		return s.released.step(ctx, i, t)
	}
	o := s.g.options
	k := s.g.Steps() - i // how many remain, this one included
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
	s.sampler.Guidance.Prompt.Hidden, s.sampler.Guidance.Negative.Hidden = s.e, s.g.negative
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
	threshold := images.Otsu(soft)
	mask := images.Above(soft, threshold)
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

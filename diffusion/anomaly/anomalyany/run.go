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

// run is the variables of a run.
type run struct {
	g       *Generator
	photo   *photo
	sampler diffusion.Sampler
	first   int              // index in the scheduler's list of the run's first timestep
	noise   diffusion.Latent // ε
	z       diffusion.Latent
	e       *gt.Dense
	soft    softMap
	trace   []StepTrace // of the steps that are done
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
	return g.inTurn(ctx, observe, func() (*run, error) { return g.begin(n) })
}

// inTurn waits for the run that is under way, begins one and completes it.
func (g *Generator) inTurn(ctx context.Context, observe Observer, begin func() (*run, error)) (*Result, error) {
	if ctx == nil {
		return nil, errors.New("the context is nil")
	}
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-g.turn }()
	r, err := begin()
	if err != nil {
		return nil, err
	}
	return r.complete(ctx, observe)
}

// begin is a run before its first step.
func (g *Generator) begin(n Noises) (*run, error) {
	if err := g.checkNoise("noise", n.Initial); err != nil {
		return nil, err
	}
	schedule, err := g.algorithm.scheduler(g.pipeline.Scheduler, g.options.Steps)
	if err != nil {
		return nil, err
	}
	r := &run{
		g: g, photo: g.photo, noise: g.photo.latent.With(n.Initial), e: g.method.embedding(),
		sampler: diffusion.Sampler{Model: g.denoiser, Scheduler: schedule, Guidance: diffusion.Guidance{Scale: g.options.Guidance}},
		first:   len(schedule.Timesteps()) - g.course.steps,
		soft:    newSoftMap(g.options.MapHeight, g.options.MapWidth),
	}
	return r, g.method.begin(r, n)
}

// complete takes the steps that are left and makes the result.
func (r *run) complete(ctx context.Context, observe Observer) (*Result, error) {
	observed := len(r.trace)
	report := func() error { // the step that was taken last
		if len(r.trace) == observed {
			return nil
		}
		observed++
		return r.report(observe, r.trace[observed-1])
	}
	for m, err := range r.sampler.Steps(ctx, &r.z, r.first+observed) {
		if err == nil {
			if err := report(); err != nil {
				return nil, err
			}
			err = r.step(ctx, m.I-r.first, m.T)
		}
		if err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", m.I-r.first+1, r.g.course.steps, err)
		}
	}
	if err := report(); err != nil {
		return nil, err
	}
	return r.finish(ctx)
}

// step is step i, at timestep t, up to where the sampler denoises the latent.
func (r *run) step(ctx context.Context, i int, t float64) error {
	trace, err := r.g.method.step(ctx, r, i, t)
	if err != nil {
		return err
	}
	r.trace = append(r.trace, trace)
	return nil
}

// report calls observe, if there is one. Meanwhile the run stands still, and State
// is its.
func (r *run) report(observe Observer, s StepTrace) error {
	if observe == nil {
		return nil
	}
	r.g.show(r)
	defer r.g.show(nil)
	return observe(s, r.z)
}

// show makes r the run that State copies.
func (g *Generator) show(r *run) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.current = r
}

// finish decodes the latent and reads the mask from the soft map.
func (r *run) finish(ctx context.Context) (*Result, error) {
	g := r.g
	image, err := g.pipeline.Decode(ctx, r.z)
	if err != nil {
		return nil, err
	}
	if g.algorithm.clamped {
		clamp(tensor.Float32s(image), -1, 1)
	}
	soft, err := r.soft.resized(g.height, g.width)
	if err != nil {
		return nil, err
	}
	threshold := images.Otsu(soft)
	mask := images.Above(soft, threshold)
	for i, m := range r.photo.mask {
		if m < 0.5 {
			mask[i] = 0
		}
	}
	return &Result{Image: image, SoftMap: soft, Threshold: threshold, Mask: mask, Embedding: r.e, Start: g.method.embedding(), Trace: r.trace}, nil
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

func clamp(v []float32, lo, hi float32) {
	for i, x := range v {
		v[i] = min(max(x, lo), hi)
	}
}

func value(f float64) *float64 { return &f }

package anomalyany

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Paper is the preset of the paper: every number, and no words.
func Paper() Options {
	return Options{
		Preset: PaperPreset, Steps: 100, Gamma: 0.25, Guidance: 7.5, Sigma: 0.5,
		Lambda: 20, Mu: 1, EtaE: 0.02, Refine: Auto,
	}
}

func (o *Options) validatePaper() error {
	switch {
	case !(o.Gamma >= 0 && o.Gamma < 1):
		return fmt.Errorf("gamma γ is %g, want 0 to less than 1", o.Gamma)
	case o.Refine < Auto:
		return fmt.Errorf("refine R is %d, want 0 or more, or %d for ⌊0.3·T⌋", o.Refine, Auto)
	}
	return fromZero([]number{{"lambda λ", o.Lambda}, {"mu μ", o.Mu}, {"eta_e η_e", o.EtaE}, {"fill", o.Fill}})
}

// paperCourse is S = T - ⌊γT⌋ steps, R of them with refinement, at most S. The mask
// is read from those, or without any from the last ⌊0.3·T⌋.
func paperCourse(o Options) course {
	c := course{steps: o.Steps - floor(o.Gamma*float64(o.Steps)), refined: o.Refine}
	if o.NoCondition {
		c.steps = o.Steps
	}
	tail := floor(0.3 * float64(o.Steps))
	if o.Refine == Auto {
		c.refined = tail
	}
	c.refined = min(c.refined, c.steps)
	c.annotated = c.refined
	if c.refined == 0 {
		c.annotated = max(min(tail, c.steps), 1)
	}
	return c
}

// newDDIM is the paper's scheduler for a model that was trained as c says,
// whatever else c says: DDIM as it is set up for Stable Diffusion 1.5.
func newDDIM(c diffusion.SchedulerConfig, steps int) (diffusion.Scheduler, error) {
	no := false
	c.TimestepSpacing, c.StepsOffset = "leading", 1
	c.SetAlphaToOne, c.ClipSample, c.Thresholding = &no, &no, false
	return diffusion.NewScheduler("ddim", c, steps)
}

// shrinkForPaper takes the cells of latent and maps of which at least half may
// change.
func shrinkForPaper(s *setup, mask []float32) (latent, maps []float32, err error) {
	o := s.options
	if latent, err = images.ShrinkMask(mask, s.height, s.width, s.h, s.w); err != nil {
		return nil, nil, err
	}
	if maps, err = images.ShrinkMask(mask, s.height, s.width, o.MapHeight, o.MapWidth); err != nil {
		return nil, nil, err
	}
	if largest(maps) == 0 {
		return nil, nil, fmt.Errorf("nothing of the mask is left at the size of the attention maps, %d×%d: white must cover at least half of one of their cells, which are %d×%d pixels",
			o.MapHeight, o.MapWidth, s.height/o.MapHeight, s.width/o.MapWidth)
	}
	return latent, maps, nil
}

// paper is the method of the paper.
type paper struct {
	*setup
	prompt, negative *gt.Dense // e at the start, and ∅

	attend     *attention  // gradient with respect to the latent
	attendText *attention  // and to the embedding, for the refinement
	refinement *refinement // nil where R = 0, like attendText
}

func preparePaper(ctx context.Context, s *setup) (method, error) {
	return newPaper(ctx, s, func(detail *gt.Dense) comparison { return paperComparison(s.pipeline, detail) })
}

// newPaper prepares the paper's method; compare says how pictures are compared with the detailed text, and embeddings with
// that of the detailed prompt.
func newPaper(ctx context.Context, s *setup, compare func(detail *gt.Dense) comparison) (method, error) {
	e, err := s.encode(ctx, s.options.Prompt, s.options.Detail, s.options.Negative)
	if err != nil {
		return nil, err
	}
	m := &paper{setup: s, prompt: e[0], negative: e[2]}
	rule := attentionRule{gaussian: nn.StandardGaussian}
	if m.attend, err = s.compileAttention(rule, diffusion.LatentInput); err != nil || s.course.refined == 0 {
		return m, err
	}
	if m.attendText, err = s.compileAttention(rule, diffusion.LatentInput, diffusion.TextInput); err != nil {
		return nil, err
	}
	m.refinement, err = s.compileRefinement(ctx, compare(e[1]))
	return m, err
}

// paperComparison is
//
//	L_img = 1 - cos(CLIP_text(c'), CLIP_image(x̃)), x̃ = D(z/s) in [0, 1], not clamped
//	L_prompt = 1 - mean over the tokens of cos(e, e')
func paperComparison(p *diffusion.Pipeline, detail *gt.Dense) comparison {
	return comparison{picture: p.CLIP.PictureForCLIP, factor: 1, detail: detail, vectors: func(e *G.Node) *G.Node { return e }}
}

func (m *paper) embedding() *gt.Dense { return m.prompt }

func (m *paper) work() (plain, refined int64) {
	plain = m.attend.step.GradFLOPs() + m.denoise
	if m.refinement != nil {
		refined = m.attendText.step.GradFLOPs() + m.refinement.flops() + m.denoise
	}
	return plain, refined
}

func (m *paper) draw(_ bool, randn func(n int) []float32) Noises {
	return Noises{Initial: randn(m.shape().TotalSize())}
}

func (m *paper) begin(r *run, _ Noises) (err error) {
	if r.photograph.maskLatent != nil {
		r.sampler.Keep(r.photograph.latent, r.noise, r.photograph.maskLatent)
	}
	if m.options.NoCondition {
		r.z = r.sampler.Start(r.noise)
		return nil
	}
	r.z, err = r.sampler.StartFrom(r.photograph.latent, r.noise, r.first)
	return err
}

func (m *paper) step(ctx context.Context, r *run, i int, t float64) (tr StepTrace, err error) {
	// 1. attention of the anomaly
	attend, refine := m.attend, m.course.refines(i)
	if refine {
		attend = m.attendText
	}
	read, err := attend.read(ctx, r.photograph, r.z, t, r.e)
	if err != nil {
		return tr, err
	}
	alpha := m.alpha(r, i, read.cells)
	tr = StepTrace{I: i, T: int(t), Attention: float64(read.loss), Cells: Cells{read.cells}, Alpha: value(alpha)}
	if read.fill != nil {
		tr.Fill = value(float64(*read.fill))
	}
	if err := read.finite(); err != nil {
		return tr, err
	}
	if m.course.annotates(i) {
		r.soft.add(read.a)
	}
	g := r.z.With(make([]float32, len(r.z.Floats()))) // by which the latent is to move
	if err := g.AddScaled(float32(alpha), read.latent); err != nil {
		return tr, err
	}

	// 2. refinement by CLIP
	if refine {
		if err := m.refine(ctx, r, read, alpha, g, &tr); err != nil {
			return tr, err
		}
	}
	// 3. the latent moves
	tr.Gradient = length(g.Dense)
	r.z = r.z.Copy()
	if err := r.z.AddScaled(-1, g.Dense); err != nil {
		return tr, err
	}
	// 4. and 5. the sampler denoises, and keeps the photograph outside the mask
	r.sampler.Guidance.Prompt.Hidden, r.sampler.Guidance.Negative.Hidden = r.e, m.negative
	return tr, nil
}

// alpha is α_t = λ·(1 + k/T)·n_t/n_start of the localisation-aware scheduler, k steps
// from the end; n_start is the n_t of the first step.
func (m *paper) alpha(r *run, i, cells int) float64 {
	o := m.options
	if o.NoScheduler {
		return o.Lambda
	}
	start := cells
	if i > 0 {
		start = r.trace[0].Cells[0]
	}
	return o.Lambda * (1 + float64(m.course.steps-i)/float64(o.Steps)) * float64(cells) / float64(max(start, 1))
}

// refine adds the gradient of CLIP's loss on the picture to g, and moves the
// embedding.
func (m *paper) refine(ctx context.Context, r *run, read *reading, alpha float64, g diffusion.Latent, tr *StepTrace) error {
	image, toText, err := m.refinement.imageLoss(ctx, r.z)
	if err != nil {
		return err
	}
	if err := finite("L_img", image, toText); err != nil {
		return err
	}
	if err := g.AddScaled(float32(m.options.Mu), toText); err != nil {
		return err
	}
	prompt, toDetail, err := m.refinement.promptLoss(ctx, r.e)
	if err != nil {
		return err
	}
	if err := finite("L_prompt", prompt, toDetail); err != nil {
		return err
	}
	e := r.e.Clone().(*gt.Dense)
	moved, att, det := tensor.Float32s(e), tensor.Float32s(read.text), tensor.Float32s(toDetail)
	for i := range moved {
		moved[i] -= float32(m.options.EtaE * (alpha*float64(att[i]) + float64(det[i])))
	}
	r.e = e
	tr.Image, tr.Prompt, tr.ImageGradient = value(float64(image)), value(float64(prompt)), value(length(toText))
	return nil
}

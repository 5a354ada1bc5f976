package generate

import (
	"context"
	"fmt"
	"image"
	"image/draw"
	"math"
	"slices"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// O2MAGOptions are the words and numbers of O2MAG. The zero O2MAGOptions are refused: DefaultO2MAG has numbers. Spans of
// steps are shares of the run, so that they hold for any number of steps.
type O2MAGOptions struct {
	Prompt   string  `json:"prompt"`   // what the reference shows, such as "a photo of a hazelnut with a crack"
	Defect   string  `json:"defect"`   // the words of the prompt that are made stronger, such as "crack"; empty for none
	Normal   string  `json:"normal"`   // what the normal picture shows, such as "a photo of a hazelnut"
	Guidance float64 `json:"guidance"` // w of classifier-free guidance away from the empty prompt, 1 to 1000
	Steps    int     `json:"steps"`    // of DDIM, backwards for each picture and forwards, 2 to 1000

	Sites       int        `json:"sites"`       // so many self-attention sites are grafted, the last ones of the way up, 0 to 1000
	Temperature float64    `json:"temperature"` // of the attention to the reference, above 0 to 100; below 1 the nearest keys count more
	Start       float64    `json:"start"`       // share of the steps in which the queries are the others', too, and every site is grafted, 0 to 1
	Louder      [2]float64 `json:"louder"`      // from which share of the steps to which the words are stronger, 0 to 1
	Factor      float64    `json:"factor"`      // by which, inside the mask, 1 to 1e6

	Masks      Masks        `json:"masks"`    // ExampleMask, of the reference's mask, is one of their kinds here
	Examples   ExampleMasks `json:"examples"` // of that kind
	Foreground Foreground   `json:"foreground"`
	Attempts   int          `json:"attempts"` // so often another mask is drawn if nothing changed, 1 to 10000
}

// DefaultO2MAG returns the authors' numbers, which lack the words: 50 steps and a guidance of 7.5; the last 7 sites at a
// temperature of 0.7; every site in the first 5 steps; and the defect's words 100 times as strong from step 20 to 39. The
// mask is the reference's, turned, scaled and moved.
func DefaultO2MAG() O2MAGOptions {
	return O2MAGOptions{
		Guidance: 7.5, Steps: 50,
		Sites: 7, Temperature: 0.7, Start: 0.1, Louder: [2]float64{0.4, 0.8}, Factor: 100,
		Masks: Masks{Kind: ExampleMask, Perlin: DefaultPerlin()}, Examples: DefaultExampleMasks(),
		Foreground: Found, Attempts: 3,
	}
}

// check is an error if an option is out of its range.
func (o O2MAGOptions) check() error {
	if o.Prompt == "" {
		return wrong("the prompt is empty, want what the reference shows, such as %q", "a photo of a hazelnut with a crack")
	}
	if o.Masks.Kind != ExampleMask {
		if err := o.Masks.check(); err != nil {
			return err
		}
	}
	return firstOf(
		within("guidance", o.Guidance, 1, 1000),
		within("steps", float64(o.Steps), 2, 1000),
		within("sites", float64(o.Sites), 0, 1000),
		within("temperature", o.Temperature, math.SmallestNonzeroFloat32, 100),
		within("start", o.Start, 0, 1),
		spanWithin("louder", o.Louder, 0, 1),
		within("factor", o.Factor, 1, 1e6),
		o.Examples.check(),
		o.Foreground.check(),
		checkAttempts(o.Attempts),
	)
}

// phase is what step i does to attention.
func (o O2MAGOptions) phase(i int) o2magPhase {
	at := func(share float64) int { return int(math.Round(share * float64(o.Steps))) }
	switch {
	case i < at(o.Start):
		return phaseStart
	case i >= at(o.Louder[0]) && i < at(o.Louder[1]) && o.Defect != "":
		return phaseWords
	}
	return phaseGraft
}

// O2MAGReference is the one defective picture from which O2MAG takes a defect.
type O2MAGReference struct {
	Picture *image.RGBA
	Mask    *image.Gray // of its size, white where its defect is
	Words   *O2MAGWords // the prompt fitted to it; nil for the prompt as the text encoder has it
}

// O2MAG makes a defect of one example, without training (One-to-More, CVPR 2026, arXiv 2603.18093): normal picture and
// reference are taken back to noise by DDIM; on the way forward, the target, which begins with the normal picture's
// noise, attends inside its mask to the reference's defect and outside to the normal picture. It needs an example with its
// mask and a prompt, which LearnO2MAG may fit to it. Of the released code two faults are mended: the latent that is kept
// outside the mask is that of the step before, and a re-weighting of self-attention does nothing (there is none here). A
// mask at the size of a site has all cells that the defect touches, so that a small one does not vanish; of the normal
// picture's keys those count whose corner is outside. Its methods may be called by several goroutines, which take turns in
// the pipeline's memory.
type O2MAG struct {
	options  O2MAGOptions
	size     image.Point
	pipeline *diffusion.Pipeline
	plain    *diffusion.Denoiser
	schedule ancestral
	graphs   [phases]*o2magGraph
	programs [phases]*nn.Program

	empty, normal, defect diffusion.Prompt
	reference             []diffusion.Latent // as invert has them
	example               *image.Gray        // the reference's mask
	mask                  []float32          // and as ones and zeros
	pictures              map[string]string  // digests of what the reference is
	note                  string             // which words are its, where they were fitted

	mu       sync.Mutex
	inverted struct { // the normal picture that was last
		digest  string
		latents []diffusion.Latent
	}
}

var _ anomaly.Generator = (*O2MAG)(nil)

// NewO2MAG encodes the prompts, compiles the model for pictures of height×width pixels, multiples of Pipeline.Multiple,
// and takes the reference, which must have that size, back to noise: as many passes as there are steps. The error is
// ErrArgument, too, if the reference's words were fitted to another prompt or are not the model's. The pipeline stays the
// caller's to close.
func NewO2MAG(ctx context.Context, p *diffusion.Pipeline, height, width int, reference O2MAGReference, o O2MAGOptions) (*O2MAG, error) {
	if ctx == nil {
		return nil, wrong("there is no context")
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, wrong("there is no pipeline: diffusion.Open opens one")
	}
	if err := p.CheckSize(height, width); err != nil {
		return nil, err
	}
	g := &O2MAG{options: o, size: image.Pt(width, height), pipeline: p}
	g.options.Masks = o.Masks.clone()
	if err := g.checkReference(reference); err != nil {
		return nil, err
	}
	if err := g.encodePrompts(ctx, reference.Words); err != nil {
		return nil, err
	}
	if err := g.compile(height/p.Factor(), width/p.Factor()); err != nil {
		return nil, err
	}
	var err error
	g.reference, err = g.invert(ctx, reference.Picture)
	return g, err
}

// checkReference takes the reference's mask.
func (g *O2MAG) checkReference(r O2MAGReference) error {
	if err := checkReference(r.Picture, r.Mask, true); err != nil {
		return err
	}
	if got := r.Picture.Rect.Size(); got != g.size {
		return wrong("the reference has %d×%d pixels, this O2MAG is made for %d×%d", got.X, got.Y, g.size.X, g.size.Y)
	}
	g.mask = numbersOf(r.Mask)
	g.example = image.NewGray(r.Mask.Rect)
	draw.Draw(g.example, g.example.Rect, r.Mask, r.Mask.Rect.Min, draw.Src)
	g.pictures = map[string]string{"reference": Digest(r.Picture), "reference mask": Digest(r.Mask)}
	return nil
}

// encodePrompts encodes what is said of the pictures; the reference and the target are told the same.
func (g *O2MAG) encodePrompts(ctx context.Context, words *O2MAGWords) (err error) {
	if g.empty, err = g.pipeline.Encode(ctx, ""); err != nil {
		return err
	}
	if g.normal, err = g.pipeline.Encode(ctx, g.options.Normal); err != nil {
		return err
	}
	if g.defect, err = g.pipeline.Encode(ctx, g.options.Prompt); err != nil || words == nil {
		return err
	}
	if err := words.check(); err != nil {
		return err
	}
	if want, got := g.defect.Hidden.Shape(), words.Hidden.Shape(); !slices.Equal(want, got) {
		return wrong("the reference's words have the shape %v, want %v: they were fitted with another model", got, want)
	}
	if words.Prompt != g.options.Prompt {
		return wrong("the reference's words were fitted to %.80q, want the prompt %.80q", words.Prompt, g.options.Prompt)
	}
	g.defect.Hidden = words.Hidden.Clone().(*gt.Dense)
	g.note = fmt.Sprintf("the prompt was fitted in %d steps; the numbers' SHA-256 is %s", words.Steps, words.digest())
	return nil
}

// compile makes the programs of the phases that there are, for latents of h×w.
func (g *O2MAG) compile(h, w int) (err error) {
	o := g.options
	if g.schedule, err = newInvertible(g.pipeline.Scheduler, o.Steps); err != nil {
		return err
	}
	if g.plain, err = g.pipeline.Compile(h, w); err != nil {
		return err
	}
	var words []int
	if o.Defect != "" {
		if words, err = g.pipeline.Tokenizer.FindWord(o.Prompt, o.Defect); err != nil {
			return wrong("the defect, whose words are made stronger: %w", err)
		}
	}
	var cross []string
	for _, site := range g.pipeline.UNet.CrossSites(h, w) {
		cross = append(cross, site.Path)
	}
	last := lastSites(cross, o.Sites)
	for i := range o.Steps {
		phase := o.phase(i)
		if g.programs[phase] != nil {
			continue
		}
		graph := &o2magGraph{phase: phase, temperature: float32(o.Temperature), factor: o.Factor, words: words, last: last}
		if g.programs[phase], err = graph.compile(g.pipeline, h, w); err != nil {
			return err
		}
		g.graphs[phase] = graph
	}
	return nil
}

// invert takes a picture back to noise.
func (g *O2MAG) invert(ctx context.Context, picture *image.RGBA) ([]diffusion.Latent, error) {
	z, err := g.pipeline.EncodeImage(ctx, images.ForModel(picture))
	if err != nil {
		return nil, err
	}
	return g.schedule.invert(ctx, g.plain, z, diffusion.Guidance{Prompt: g.empty})
}

// invertNormal is invert for a normal picture, which is often the same for many masks.
func (g *O2MAG) invertNormal(ctx context.Context, picture *image.RGBA, digest string) ([]diffusion.Latent, error) {
	g.mu.Lock()
	last := g.inverted
	g.mu.Unlock()
	if last.digest == digest {
		return last.latents, nil
	}
	var err error
	if last.latents, err = g.invert(ctx, picture); err != nil {
		return nil, err
	}
	last.digest = digest
	g.mu.Lock()
	g.inverted = last
	g.mu.Unlock()
	return last.latents, nil
}

// Options returns the options that NewO2MAG was given.
func (g *O2MAG) Options() O2MAGOptions {
	if g == nil {
		return O2MAGOptions{}
	}
	o := g.options
	o.Masks = o.Masks.clone()
	return o
}

// Generate makes a picture of a normal one of the size that NewO2MAG was given; in.Others are not used. Outside the mask
// every pixel is the normal picture's. The draws are those of the mask alone: a normal picture and a mask make one
// picture. It takes six passes a step, and one more for each step where the normal picture is not the last one's.
func (g *O2MAG) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	if g == nil || g.pipeline == nil {
		return anomaly.Result{}, wrong("there is no O2MAG: NewO2MAG makes one")
	}
	c, err := begin(ctx, in, g.options.Foreground, d, Provenance{
		Generator: "O2MAG", Preset: Mended, Options: g.Options(), Model: g.pipeline.Files(), Texts: g.pipeline.Texts(),
	})
	if err != nil {
		return anomaly.Result{}, err
	}
	if c.size != g.size {
		return anomaly.Result{}, wrong("the normal picture has %d×%d pixels, this O2MAG was made for %d×%d", c.size.X, c.size.Y, g.size.X, g.size.Y)
	}
	for what, digest := range g.pictures {
		c.how.Pictures[what] = digest
	}
	if g.note != "" {
		c.note(g.note)
	}
	attempts := g.options.Attempts
	if g.options.Masks.Kind == PlaceMask {
		attempts = 1 // the others would be the same
	}
	return c.try(ctx, attempts, func() (made, error) { return g.once(ctx, c) })
}

// once draws a mask and makes a picture.
func (g *O2MAG) once(ctx context.Context, c *call) (made, error) {
	mask, err := g.drawMask(ctx, c)
	if err != nil {
		return made{}, err
	}
	if marked(mask) == 0 {
		return made{picture: c.Normal, mask: mask}, nil
	}
	normal, err := g.invertNormal(ctx, c.Normal, c.how.Pictures["normal"])
	if err != nil {
		return made{}, fmt.Errorf("generate: O2MAG: %w", err)
	}
	z, err := g.run(ctx, normal, numbersOf(mask))
	if err != nil {
		return made{}, fmt.Errorf("generate: O2MAG: %w", err)
	}
	decoded, err := g.pipeline.Decode(ctx, z)
	if err != nil {
		return made{}, err
	}
	defective, err := images.FromModel(decoded)
	if err != nil {
		return made{}, err
	}
	picture := c.copied()
	blend(picture, defective, mask, 1, false)
	return made{picture: picture, mask: mask}, nil
}

// drawMask draws the target's mask.
func (g *O2MAG) drawMask(ctx context.Context, c *call) (*image.Gray, error) {
	if g.options.Masks.Kind == ExampleMask {
		return g.options.Examples.draw(ctx, c, []*image.Gray{g.example}, g.pipeline.Factor())
	}
	return g.options.Masks.draw(ctx, c)
}

package generate

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// WordMask has the model itself make masks, by a word that was learned from pictures of them (Learned.MaskWord); only
// AnomalyDiffusion has such.
const WordMask MaskKind = "word"

// WordMasks say how the model makes masks. Each takes as many steps as a picture, or more.
type WordMasks struct {
	Template string  `json:"mask_template"` // the prompt, with {} in the place of the word
	Steps    int     `json:"mask_steps"`    // of DDIM, 2 to 1000
	Guidance float64 `json:"mask_guidance"` // away from the empty prompt, 0 to 1000

	Threshold float64 `json:"mask_threshold"` // the mask is where the mean of red, green and blue is above it, 0 to 1
	// Edge is the share of an edge of the picture, 0 to 1, that may be within the mask. A mask that has more, or nothing
	// inside the place where the picture may change, is drawn again, Redraws times at most, 0 to 1000. Then it is empty.
	Edge    float64 `json:"mask_edge"`
	Redraws int     `json:"mask_redraws"`
}

// DefaultWordMasks returns the authors' numbers, and at most nine redraws.
func DefaultWordMasks() WordMasks {
	return WordMasks{Template: "a photo of a {}", Steps: 100, Guidance: 5, Threshold: 0.8, Edge: 1.0 / 3, Redraws: 9}
}

func (o WordMasks) check() error {
	if strings.Count(o.Template, blank) != 1 {
		return wrong("the mask_template is %.60q, want a prompt that has {} once, such as %q", o.Template, "a photo of a {}")
	}
	return firstOf(
		within("mask_steps", float64(o.Steps), 2, 1000),
		within("mask_guidance", o.Guidance, 0, 1000),
		within("mask_threshold", o.Threshold, 0, 1),
		within("mask_edge", o.Edge, 0, 1),
		within("mask_redraws", float64(o.Redraws), 0, 1000),
	)
}

// MaskExamples returns pictures of masks, white on black, at a size that a model takes: what diffusion.Invert learns a word
// for masks from. (The authors have 16 vectors, 30,001 steps, and as many pictures as of the defect.)
func MaskExamples(masks []*image.Gray, height, width int) ([]diffusion.Example, error) {
	if len(masks) == 0 || len(masks) > mostMasks {
		return nil, wrong("%d masks to learn from, want 1 to %d", len(masks), mostMasks)
	}
	var all []diffusion.Example
	for i, m := range masks {
		if err := checkGrey(m); err != nil {
			return nil, wrong("mask %d of the examples: %w", i, err)
		}
		size := m.Rect.Size()
		shares, err := images.ResizeMap(greyShares(m), size.Y, size.X, 1, height, width, images.PillowBilinear)
		if err != nil {
			return nil, wrong("mask %d of the examples: %w", i, err)
		}
		for k, v := range shares {
			shares[k] = 2*min(1, max(0, v)) - 1
		}
		all = append(all, diffusion.Example{Picture: tensor.FromFloat32s(slices.Repeat(shares, 3), 1, 3, height, width)})
	}
	return all, nil
}

// maskMaker has a model make masks.
type maskMaker struct {
	options WordMasks
	p       *diffusion.Pipeline
	sampler diffusion.Sampler
	noise   int // numbers of a latent
	latent  func(v []float32) diffusion.Latent
}

// prepareMasks reads the prompt and compiles the model, if it is to make masks.
func (g *AnomalyDiffusion) prepareMasks(ctx context.Context) error {
	if g.options.Masks.Kind != WordMask {
		return nil
	}
	o, word, p := g.options.ByWord, g.learned.MaskWord, g.pipeline
	if word == nil {
		return wrong("the masks are to be made by a word, and what was learned has none for them: take %s or %s", ExampleMask, ShapeMask)
	}
	h, w := g.latentSize()
	c := p.UNet.Config.InChannels
	m := &maskMaker{options: o, p: p, noise: c * h * w}
	m.latent = func(v []float32) diffusion.Latent { return diffusion.NewLatent(v, c, h, w) }
	var err error
	if m.sampler.Scheduler, err = diffusion.NewScheduler("ddim", p.Scheduler, o.Steps); err != nil {
		return err
	}
	if m.sampler.Model, err = p.Compile(h, w); err != nil {
		return err
	}
	m.sampler.Guidance.Scale = float32(o.Guidance)
	if m.sampler.Guidance.Prompt, err = p.EncodeWith(ctx, strings.Replace(o.Template, blank, word.Word, 1), word); err != nil {
		return err
	}
	m.sampler.Guidance.Negative, err = p.Encode(ctx, "")
	g.maskMaker = m
	return err
}

// draw draws a mask, 255 and 0, inside the call's place: for each try the seed of the noise, Whole(0, 1<<31-1).
func (m *maskMaker) draw(ctx context.Context, c *call) (*image.Gray, error) {
	for range 1 + m.options.Redraws {
		noise := tensor.NewRand(uint64(c.draws.Whole(0, math.MaxInt32))).Randn(m.noise)
		s := m.sampler
		z, err := s.Run(ctx, s.Start(m.latent(noise)), 0)
		if err != nil {
			return nil, fmt.Errorf("generate: AnomalyDiffusion: a mask: %w", err)
		}
		decoded, err := m.p.Decode(ctx, z)
		if err != nil {
			return nil, err
		}
		picture, err := images.FromModel(decoded)
		if err != nil {
			return nil, err
		}
		mask := m.options.lightIn(picture)
		if m.options.crossesEdge(mask) {
			continue
		}
		if c.keepInPlace(mask); marked(mask) > 0 {
			return mask, nil
		}
	}
	return image.NewGray(image.Rectangle{Max: c.size}), nil
}

// lightIn is where a picture is light.
func (o WordMasks) lightIn(picture *image.RGBA) *image.Gray {
	size := picture.Rect.Size()
	mask := image.NewGray(image.Rectangle{Max: size})
	for i := range mask.Pix {
		p := picture.Pix[i/size.X*picture.Stride+4*(i%size.X):]
		if sum := int(p[0]) + int(p[1]) + int(p[2]); float64(sum) > o.Threshold*3*255 {
			mask.Pix[i] = 255
		}
	}
	return mask
}

// crossesEdge reports whether a mask has more than its share of one of the picture's edges.
func (o WordMasks) crossesEdge(mask *image.Gray) bool {
	size := mask.Rect.Size()
	count := func(n int, at func(i int) int) bool {
		white := 0
		for i := range n {
			white += int(mask.Pix[at(i)] / 255)
		}
		return float64(white) > o.Edge*float64(n)
	}
	last := size.Y - 1
	return count(size.X, func(x int) int { return x }) || count(size.X, func(x int) int { return last*size.X + x }) ||
		count(size.Y, func(y int) int { return y * size.X }) || count(size.Y, func(y int) int { return y*size.X + size.X - 1 })
}

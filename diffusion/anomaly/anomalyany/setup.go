package anomalyany

import (
	"context"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	gt "gorgonia.org/tensor"
)

// setup is what a method is prepared from: the options and what follows from them
// for a model and a size.
type setup struct {
	pipeline *diffusion.Pipeline
	options  Options // with what was left to rules filled in
	course   course

	height, width int   // of pictures
	h, w          int   // of latents
	tokens        []int // J

	denoiser *diffusion.Denoiser
	denoise  int64 // FLOPs of a prediction with guidance
}

// newSetup looks the words up in the prompt and the maps' size in the model, and
// asks for CLIP where it is needed.
func newSetup(p *diffusion.Pipeline, height, width int, o Options, c course) (*setup, error) {
	s := &setup{pipeline: p, options: o, course: c, height: height, width: width, h: height / p.Factor(), w: width / p.Factor()}
	if o.Memory == Auto {
		s.options.Memory = autoMemory(height, width)
	}
	if err := s.findTokens(); err != nil {
		return nil, err
	}
	if err := s.chooseMaps(); err != nil {
		return nil, err
	}
	if c.refined > 0 && p.CLIP == nil {
		return nil, diffusion.ErrNoCLIP
	}
	var err error
	if s.denoiser, err = p.Compile(s.h, s.w); err != nil {
		return nil, err
	}
	s.denoise, err = s.denoiser.DenoiseFLOPs(2)
	return s, err
}

// autoMemory is so little that with the weights of Stable Diffusion 1.5 and CLIP ViT-L/14, in f16, a picture of 512×512
// is made in 4 GB. The gradient through the decoder, which would take 2 GiB, then takes a third more work.
func autoMemory(height, width int) int64 {
	return int64((1 << 30) * max(1, float64(height*width)/(512*512)))
}

// findTokens finds all tokens of the words, J, in the prompt's order.
func (s *setup) findTokens() error {
	for _, word := range s.options.Words {
		found, err := s.pipeline.Tokenizer.FindWord(s.options.Prompt, word)
		if err != nil {
			return err
		}
		s.tokens = append(s.tokens, found...)
	}
	slices.Sort(s.tokens)
	s.tokens = slices.Compact(s.tokens)
	return nil
}

// chooseMaps fills in the size of the attention maps and checks that the model has
// sites of it.
func (s *setup) chooseMaps() error {
	o := &s.options
	if o.MapFactor == 0 {
		o.MapFactor = 4
	}
	if o.MapHeight == 0 {
		o.MapHeight = s.h / o.MapFactor
	}
	if o.MapWidth == 0 {
		o.MapWidth = s.w / o.MapFactor
	}
	var sizes []string
	seen := map[[2]int]bool{}
	for _, site := range s.pipeline.UNet.CrossSites(s.h, s.w) {
		size := [2]int{site.H, site.W}
		if size == [2]int{o.MapHeight, o.MapWidth} {
			return nil
		}
		if !seen[size] {
			seen[size] = true
			sizes = append(sizes, fmt.Sprintf("%d×%d", site.H, site.W))
		}
	}
	return badArgument(fmt.Errorf("the model has no cross-attention maps of %d×%d for this picture; it has %v", o.MapHeight, o.MapWidth, sizes))
}

// shape is that of a latent, [1, C, h, w].
func (s *setup) shape() gt.Shape { return gt.Shape{1, s.pipeline.UNet.Config.InChannels, s.h, s.w} }

func (s *setup) checkNoise(what string, noise []float32) error {
	if n := s.shape().TotalSize(); len(noise) != n {
		return badArgument(fmt.Errorf("%d numbers of %s for a latent of shape %v, want %d", len(noise), what, s.shape(), n))
	}
	return nil
}

// badArgument is err as one of a call's arguments, diffusion.ErrArgument: %.0w wraps
// without printing.
func badArgument(err error) error { return fmt.Errorf("%w%.0w", err, diffusion.ErrArgument) }

// encode returns the embeddings of texts, each [1, T, d].
func (s *setup) encode(ctx context.Context, texts ...string) ([]*gt.Dense, error) {
	all := make([]*gt.Dense, len(texts))
	for i, text := range texts {
		prompt, err := s.pipeline.Encode(ctx, text)
		if err != nil {
			return nil, err
		}
		all[i] = prompt.Hidden
	}
	return all, nil
}

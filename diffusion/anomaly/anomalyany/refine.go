package anomalyany

import (
	"context"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// refinement is the two losses of the last steps: how far the decoded picture
// is from the detailed text in CLIP's space, and how far the prompt's embedding
// is from the detailed prompt's.
type refinement struct {
	image  *nn.Program // L_img and its gradient with respect to the latent
	prompt *nn.Program // L_prompt and its gradient with respect to the embedding

	pipeline *diffusion.Pipeline
}

// comparison is how a method compares pictures and embeddings.
type comparison struct {
	picture func(decoded *G.Node) nn.FeatureMap // what CLIP sees of the decoder's output
	halved  bool                                // the latent has half its height and width when it is decoded
	factor  float32                             // L_img = 1 - factor·cos
	detail  *gt.Dense                           // the embedding that the prompt's is to approach
	vectors func(e *G.Node) *G.Node             // [..., n], the vectors of an embedding whose cosines are averaged
}

// compileRefinement builds L_img and L_prompt.
func (s *setup) compileRefinement(ctx context.Context, c comparison) (*refinement, error) {
	image, err := s.compileImageLoss(ctx, c)
	if err != nil {
		return nil, err
	}
	prompt, err := s.compilePromptLoss(c)
	if err != nil {
		return nil, err
	}
	return &refinement{image, prompt, s.pipeline}, nil
}

func (s *setup) compileImageLoss(ctx context.Context, c comparison) (*nn.Program, error) {
	p := s.pipeline
	target, err := p.CLIPText(ctx, s.options.Detail)
	if err != nil {
		return nil, err
	}
	return p.Program("loss of the picture", func(b *nn.Build) []*G.Node {
		z := b.Input("z", s.shape()...)
		latent := z
		if c.halved {
			latent = s.half(z)
		}
		picture := p.VAE.Decode(b, nn.Scale(latent, 1/p.VAE.Config.ScalingFactor))
		embeds := p.CLIP.ImageEmbeds(b, c.picture(picture))
		text := b.Constant("text", tensor.Float32s(target), target.Shape()...)
		loss := nn.Affine(nn.CosineSimilarity(embeds, text), -c.factor, 1)
		return append([]*G.Node{loss}, b.Grad(loss, z)...)
	}, nn.WithMemory(s.options.Memory))
}

// half is a latent at half its height and width, by the bicubic filter that CLIP's pictures are made smaller with.
func (s *setup) half(z *G.Node) *G.Node {
	h, w := s.h/2, s.w/2
	return nn.ChannelsFirst(nn.BicubicResize(nn.ChannelsLast(z), s.h, s.w, h, w, true), h, w)
}

func (s *setup) compilePromptLoss(c comparison) (*nn.Program, error) {
	return s.pipeline.Program("loss of the prompt", func(b *nn.Build) []*G.Node {
		e := b.Input("e", c.detail.Shape()...)
		detail := b.Constant("detail", tensor.Float32s(c.detail), c.detail.Shape()...)
		loss := nn.Affine(nn.CosineSimilarity(c.vectors(e), c.vectors(detail)), -1, 1)
		return append([]*G.Node{loss}, b.Grad(loss, e)...)
	})
}

// flops is the work of both losses with their gradients.
func (r *refinement) flops() int64 { return r.image.FLOPs() + r.prompt.FLOPs() }

// imageLoss is L_img and its gradient, which takes the most memory of a run.
func (r *refinement) imageLoss(ctx context.Context, z diffusion.Latent) (float32, *gt.Dense, error) {
	defer restUNet(r.pipeline)()
	return lossAndGradient(ctx, r.image, "z", z.Dense)
}

// promptLoss is L_prompt and its gradient.
func (r *refinement) promptLoss(ctx context.Context, e *gt.Dense) (float32, *gt.Dense, error) {
	return lossAndGradient(ctx, r.prompt, "e", e)
}

func lossAndGradient(ctx context.Context, p *nn.Program, name string, x *gt.Dense) (float32, *gt.Dense, error) {
	out, err := p.Run(ctx, map[string]*gt.Dense{name: x})
	if err != nil {
		return 0, nil, err
	}
	return tensor.Float32s(out[0])[0], out[1], nil
}

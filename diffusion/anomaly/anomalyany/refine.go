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
}

// comparison is how a preset compares pictures and embeddings.
type comparison struct {
	picture func(decoded *G.Node) nn.FeatureMap // what CLIP sees of the decoder's output
	factor  float32                             // L_img = 1 - factor·cos
	start   *gt.Dense                           // the embedding before the first step
	detail  *gt.Dense                           // the embedding that it is to approach
	vectors func(e *G.Node) *G.Node             // [..., n], the vectors of an embedding whose cosines are averaged
}

// paperComparison is
//
//	L_img = 1 - cos(CLIP_text(c'), CLIP_image(x̃)), x̃ = D(z/s) in [0, 1], not clamped
//	L_prompt = 1 - mean over the tokens of cos(e, e')
func (g *Generator) paperComparison() comparison {
	return comparison{
		picture: g.pipeline.CLIP.PictureForCLIP, factor: 1,
		start: g.prompt, detail: g.detail, vectors: func(e *G.Node) *G.Node { return e },
	}
}

// compileRefinement builds L_img and L_prompt.
func (g *Generator) compileRefinement(ctx context.Context, c comparison) (*refinement, error) {
	image, err := g.compileImageLoss(ctx, c)
	if err != nil {
		return nil, err
	}
	prompt, err := g.compilePromptLoss(c)
	if err != nil {
		return nil, err
	}
	return &refinement{image: image, prompt: prompt}, nil
}

func (g *Generator) compileImageLoss(ctx context.Context, c comparison) (*nn.Program, error) {
	p := g.pipeline
	target, err := p.CLIPText(ctx, g.options.Detail)
	if err != nil {
		return nil, err
	}
	return nn.Compile(func(b *nn.Build) []*G.Node {
		z := b.Input("z", g.normal.Shape()...)
		picture := p.VAE.Decode(b, nn.Scale(z, 1/p.VAE.Config.ScalingFactor))
		embeds := p.CLIP.ImageEmbeds(b, c.picture(picture))
		text := b.Constant("text", tensor.Float32s(target), target.Shape()...)
		loss := nn.Affine(nn.CosineSimilarity(embeds, text), -c.factor, 1)
		return append([]*G.Node{loss}, b.Grad(loss, z)...)
	}, nn.WithArena(p.Arena()), nn.WithMemory(g.options.Memory))
}

func (g *Generator) compilePromptLoss(c comparison) (*nn.Program, error) {
	return nn.Compile(func(b *nn.Build) []*G.Node {
		e := b.Input("e", c.start.Shape()...)
		detail := b.Constant("detail", tensor.Float32s(c.detail), c.detail.Shape()...)
		loss := nn.Affine(nn.CosineSimilarity(c.vectors(e), c.vectors(detail)), -1, 1)
		return append([]*G.Node{loss}, b.Grad(loss, e)...)
	}, nn.WithArena(g.pipeline.Arena()))
}

// flops is the work of both losses with their gradients.
func (r *refinement) flops() int64 { return r.image.FLOPs() + r.prompt.FLOPs() }

// imageLoss is L_img and its gradient.
func (r *refinement) imageLoss(ctx context.Context, z diffusion.Latent) (float32, *gt.Dense, error) {
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

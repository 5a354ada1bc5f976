package anomaly

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

// compileRefinement builds
//
//	L_img = 1 - cos(CLIP_text(c'), CLIP_image(x̃)), x̃ = D(z/s) in [0, 1], not clamped
//	L_prompt = 1 - mean over the tokens of cos(e, e')
func (g *Generator) compileRefinement(ctx context.Context) (*refinement, error) {
	p := g.pipeline
	target, err := p.CLIPText(ctx, g.options.Detail)
	if err != nil {
		return nil, err
	}
	var r refinement
	r.image, err = nn.Compile(func(b *nn.Build) []*G.Node {
		z := b.Input("z", g.normal.Shape()...)
		picture := p.VAE.Decode(b, nn.Scale(z, 1/p.VAE.Config.ScalingFactor))
		embeds := p.CLIP.ImageEmbeds(b, p.CLIP.PictureForCLIP(picture))
		text := b.Constant("text", tensor.Float32s(target), target.Shape()...)
		loss := nn.Affine(nn.CosineSimilarity(embeds, text), -1, 1)
		return append([]*G.Node{loss}, b.Grad(loss, z)...)
	}, nn.WithArena(p.Arena()), nn.WithBudget(g.options.Memory))
	if err != nil {
		return nil, err
	}
	r.prompt, err = nn.Compile(func(b *nn.Build) []*G.Node {
		e := b.Input("e", g.prompt.Shape()...)
		detail := b.Constant("detail", tensor.Float32s(g.detail), g.detail.Shape()...)
		loss := nn.Affine(nn.CosineSimilarity(e, detail), -1, 1)
		return append([]*G.Node{loss}, b.Grad(loss, e)...)
	}, nn.WithArena(p.Arena()))
	if err != nil {
		return nil, err
	}
	return &r, nil
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

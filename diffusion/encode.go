package diffusion

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Prompt is a text as the UNet reads it. The zero Prompt is none.
type Prompt struct {
	Hidden *gt.Dense // the text encoder's last hidden state after the final norm, [1, T, d]
}

// Encode runs the text encoder on a prompt. One that is too long is cut;
// Tokenizer.Truncated tells, and the logger, if there is one.
func (p *Pipeline) Encode(ctx context.Context, prompt string) (Prompt, error) {
	if cut := p.Tokenizer.Truncated(prompt); len(cut) > 0 {
		p.log.Warn("the prompt is too long", "left out", strings.Join(cut, " "))
	}
	ids := p.Tokenizer.Encode(prompt)
	out, err := p.graphs.text.Run(ctx, map[string]*gt.Dense{"ids": idTensor(ids)})
	if err != nil {
		return Prompt{}, err
	}
	return Prompt{out[0]}, checkFinite("the text encoder's output", out[0])
}

// CLIPText runs CLIP's text encoder on a text: the projected embedding,
// normalised to length 1, [1, d].
func (p *Pipeline) CLIPText(ctx context.Context, text string) (*gt.Dense, error) {
	if p.CLIP == nil {
		return nil, ErrNoCLIP
	}
	ids := p.CLIP.Tokenizer.Encode(text)
	out, err := p.graphs.clipText.Run(ctx, map[string]*gt.Dense{
		"ids": idTensor(ids), "pooled": scalarBatch(float64(p.CLIP.Config.Text.PooledPosition(ids))),
	})
	if err != nil {
		return nil, err
	}
	normalise(tensor.Float32s(out[0]))
	return out[0], checkFinite("CLIP's text embedding", out[0])
}

// CLIPImage runs CLIP's vision encoder on a picture [1, 3, H, W] in [-1, 1] of
// any size, as Decode returns it: the projected embedding, normalised to length
// 1, [1, d]. The picture is brought to CLIP's size by PictureForCLIP. How much it
// looks like a text is the Cosine with its CLIPText.
func (p *Pipeline) CLIPImage(ctx context.Context, image *gt.Dense) (*gt.Dense, error) {
	if p.CLIP == nil {
		return nil, ErrNoCLIP
	}
	if !isPicture(image) {
		return nil, badArgument("a picture for CLIP has shape %s, want [1, 3, H, W]", shapeOf(image))
	}
	s := image.Shape()
	if err := checkExtent(s[2], s[3]); err != nil {
		return nil, err
	}
	out, err := p.graphs.clipImage.Run(ctx, map[string]*gt.Dense{"image": image})
	if err != nil {
		return nil, err
	}
	normalise(tensor.Float32s(out[0]))
	return out[0], checkFinite("CLIP's embedding of the picture", out[0])
}

// Cosine is how alike two embeddings of CLIPText or CLIPImage are, -1 to 1: their
// inner product, since both have length 1. It is NaN for two that do not belong
// together.
func Cosine(a, b *gt.Dense) float64 {
	x, y := tensor.Float32s(a), tensor.Float32s(b)
	if len(x) == 0 || len(x) != len(y) {
		return math.NaN()
	}
	sum := 0.0
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}

// EncodeImage is the latent of a picture [1, 3, H, W] in [-1, 1]: the mean of
// the encoder's distribution times scaling_factor, so that it is deterministic.
func (p *Pipeline) EncodeImage(ctx context.Context, image *gt.Dense) (Latent, error) {
	mean, _, err := p.EncodeDistribution(ctx, image)
	if err != nil {
		return Latent{}, err
	}
	scale(tensor.Float32s(mean), p.VAE.Config.ScalingFactor)
	return Latent{mean}, nil
}

// EncodeDistribution is mean and log-variance of the latent of a picture
// [1, 3, H, W] in [-1, 1], each [1, C, h, w], without scaling_factor.
func (p *Pipeline) EncodeDistribution(ctx context.Context, image *gt.Dense) (mean, logvar *gt.Dense, err error) {
	if err := p.CheckPicture(image); err != nil {
		return nil, nil, err
	}
	out, err := p.graphs.encode.Run(ctx, map[string]*gt.Dense{"image": image})
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], checkFinite("the encoded picture", out[0])
}

// Decode is the picture of a latent, [1, 3, H, W], about [-1, 1], not clamped.
func (p *Pipeline) Decode(ctx context.Context, z Latent) (*gt.Dense, error) {
	if err := p.checkLatent(z); err != nil {
		return nil, err
	}
	out, err := p.graphs.decode.Run(ctx, map[string]*gt.Dense{"z": z.Dense})
	if err != nil {
		return nil, err
	}
	return out[0], checkFinite("the decoded picture", out[0])
}

func checkFinite(what string, d *gt.Dense) error {
	if err := nn.Finite(d); err != nil {
		return fmt.Errorf("%s is %w", what, err)
	}
	return nil
}

func idTensor(ids []int32) *gt.Dense {
	f := make([]float32, len(ids))
	for i, id := range ids {
		f[i] = float32(id)
	}
	return tensor.FromFloat32s(f, 1, len(ids))
}

// scalarBatch is v as an input [1].
func scalarBatch(v float64) *gt.Dense { return tensor.FromFloat32s([]float32{float32(v)}, 1) }

func normalise(v []float32) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	scale(v, float32(1/math.Max(math.Sqrt(sum), 1e-12)))
}

func scale(v []float32, f float32) {
	for i := range v {
		v[i] *= f
	}
}

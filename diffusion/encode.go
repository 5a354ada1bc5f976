package diffusion

import (
	"context"
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Prompt is a text as the UNet reads it; Pipeline.Encode makes one. The zero Prompt
// stands for no text, where that is allowed.
type Prompt struct {
	Hidden *gt.Dense // the text encoder's last hidden states, after the final norm: [1, T, d]
}

// Encode runs the text encoder on a prompt, in which words of WithEmbeddings may be. A prompt that is too long is cut:
// Tokenizer.Truncated returns what is left out, and the logger is told (WithLogger).
func (p *Pipeline) Encode(ctx context.Context, prompt string) (Prompt, error) {
	return p.EncodeWith(ctx, prompt)
}

// CLIPText returns CLIP's embedding of a text, projected and normalised to length 1:
// [1, d]. What a learned word began as stands for it (Embedding.Initial). Without CLIP the error is ErrNoCLIP.
func (p *Pipeline) CLIPText(ctx context.Context, text string) (*gt.Dense, error) {
	if p.CLIP == nil {
		return nil, ErrNoCLIP
	}
	ids := p.CLIP.Tokenizer.Encode(p.spelled(text))
	out, err := p.graphs.clipText.Run(ctx, map[string]*gt.Dense{
		"ids": idTensor(ids), "pooled": scalarBatch(float64(p.CLIP.Config.Text.PooledPosition(ids))),
	})
	if err != nil {
		return nil, err
	}
	nn.Forget(p.CLIP.TextModel)
	normalise(tensor.Float32s(out[0]))
	return out[0], checkFinite("CLIP's text embedding", out[0])
}

// CLIPImage returns CLIP's embedding of a picture, projected and normalised to
// length 1: [1, d]. The picture is [1, 3, H, W], of any size, from -1 to 1 as Decode
// returns it; CLIP.PictureForCLIP resizes it. How much it looks like a text is the
// Cosine with the text's CLIPText. Without CLIP the error is ErrNoCLIP.
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

// Cosine returns how alike two embeddings of CLIPText or CLIPImage are, from -1 to 1:
// their inner product, since both have length 1. It is NaN for two that do not
// belong together.
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

// EncodeImage returns the latent of a picture [1, 3, H, W], from -1 to 1. It is the
// mean of the encoder's distribution times scaling_factor, and so always the same
// for the same picture.
func (p *Pipeline) EncodeImage(ctx context.Context, image *gt.Dense) (Latent, error) {
	mean, _, err := p.EncodeDistribution(ctx, image)
	if err != nil {
		return Latent{}, err
	}
	scale(tensor.Float32s(mean), p.VAE.Config.ScalingFactor)
	return Latent{mean}, nil
}

// EncodeDistribution returns the mean and log-variance of the latent of a picture
// [1, 3, H, W], from -1 to 1: each [1, C, h, w], not multiplied by scaling_factor.
func (p *Pipeline) EncodeDistribution(ctx context.Context, image *gt.Dense) (mean, logvar *gt.Dense, err error) {
	if err := p.CheckPicture(image); err != nil {
		return nil, nil, err
	}
	out, err := p.graphs.encode.Run(ctx, map[string]*gt.Dense{"image": image})
	if err != nil {
		return nil, nil, err
	}
	nn.Forget(p.VAE.Encoder)
	return out[0], out[1], checkFinite("the encoded picture", out[0])
}

// Decode returns the picture of a latent: [1, 3, H, W], from about -1 to 1, not
// clamped. One that is not finite is ErrNotFinite.
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

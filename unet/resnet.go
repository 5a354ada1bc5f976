package unet

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// ResnetBlock2D is two normalised convolutions, with the timestep added between
// them and the input at the end: [B, H·W, in] to [B, H·W, out]. An example is
// down_blocks.0.resnets.0.
type ResnetBlock2D struct {
	Norm1        nn.GroupNorm // followed by SiLU
	Conv1        nn.Conv2D    // 3×3, in to out
	TimeEmbProj  nn.Linear    // 4·C₀ to out, of the timestep's embedding
	Norm2        nn.GroupNorm // followed by SiLU
	Conv2        nn.Conv2D    // 3×3, out to out
	ConvShortcut *nn.Conv2D   // 1×1, in to out; nil where these are equal
}

func newResnet(c Config, in, out int) *ResnetBlock2D {
	r := &ResnetBlock2D{
		Norm1:       nn.NewGroupNorm(in, c.NormNumGroups, c.NormEps),
		Conv1:       nn.NewConv2D(in, out, 3, 1),
		TimeEmbProj: nn.NewLinear(4*c.BlockOutChannels[0], out),
		Norm2:       nn.NewGroupNorm(out, c.NormNumGroups, c.NormEps),
		Conv2:       nn.NewConv2D(out, out, 3, 1),
	}
	if in != out {
		shortcut := nn.NewConv2D(in, out, 1, 1)
		r.ConvShortcut = &shortcut
	}
	return r
}

// forward maps x [B, H·W, in] to [B, H·W, out]; temb is SiLU of the timestep's
// embedding, [B, 4·C₀].
func (r *ResnetBlock2D) forward(b *nn.Build, x nn.FeatureMap, temb *G.Node) nn.FeatureMap {
	return x.With(b.Block(func() *G.Node {
		h := r.Conv1.Forward(r.Norm1.ForwardSiLU(x))
		h.X = nn.AddBroadcast(h.X, r.TimeEmbProj.Forward(temb))
		shortcut := x
		if r.ConvShortcut != nil {
			shortcut = r.ConvShortcut.Forward(x)
		}
		return r.Conv2.ForwardAdd(r.Norm2.ForwardSiLU(h), shortcut.X).X
	}))
}

package vae

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// epsilon of every norm of the autoencoder (diffusers' resnet_eps).
const epsilon = 1e-6

// resnet is two normalised convolutions and the input added at the end.
type resnet struct {
	Norm1        nn.GroupNorm
	Conv1        nn.Conv2D
	Norm2        nn.GroupNorm
	Conv2        nn.Conv2D
	ConvShortcut *nn.Conv2D // where the number of channels changes
}

func newResnet(in, out, groups int) *resnet {
	r := &resnet{
		Norm1: nn.NewGroupNorm(in, groups, epsilon), Conv1: nn.NewConv2D(in, out, 3, 1),
		Norm2: nn.NewGroupNorm(out, groups, epsilon), Conv2: nn.NewConv2D(out, out, 3, 1),
	}
	if in != out {
		shortcut := nn.NewConv2D(in, out, 1, 1)
		r.ConvShortcut = &shortcut
	}
	return r
}

func (r *resnet) forward(b *nn.Build, x nn.FeatureMap) nn.FeatureMap {
	return x.With(b.Block(func() *G.Node {
		shortcut := x
		if r.ConvShortcut != nil {
			shortcut = r.ConvShortcut.Forward(x) // first, so that the norm may take the memory of x
		}
		h := r.Conv1.Forward(r.Norm1.ForwardSiLU(x))
		return r.Conv2.ForwardAdd(r.Norm2.ForwardSiLU(h), shortcut.X).X
	}))
}

// attention lets every position of the smallest feature map see every other,
// with one head.
type attention struct {
	GroupNorm     nn.GroupNorm
	ToQ, ToK, ToV nn.Linear
	ToOut         nn.Linear `weight:"to_out.0"`
}

func newAttention(channels, groups int) *attention {
	return &attention{
		GroupNorm: nn.NewGroupNorm(channels, groups, epsilon),
		ToQ:       nn.NewLinear(channels, channels),
		ToK:       nn.NewLinear(channels, channels),
		ToV:       nn.NewLinear(channels, channels),
		ToOut:     nn.NewLinear(channels, channels),
	}
}

func (a *attention) forward(b *nn.Build, path string, x nn.FeatureMap) nn.FeatureMap {
	return x.With(b.Block(func() *G.Node {
		n := a.GroupNorm.Forward(x).X
		out := b.Attend(nn.Site{
			Path: path, Heads: 1, H: x.H, W: x.W,
			Q: a.ToQ.Forward(n), K: a.ToK.Forward(n), V: a.ToV.Forward(n),
		})
		return a.ToOut.ForwardAdd(out, x.X)
	}))
}

// midBlock works on the smallest feature map.
type midBlock struct {
	Resnets    []*resnet
	Attentions []*attention
}

func newMidBlock(c Config) midBlock {
	channels := c.BlockOutChannels[len(c.BlockOutChannels)-1]
	m := midBlock{Resnets: []*resnet{newResnet(channels, channels, c.NormNumGroups), newResnet(channels, channels, c.NormNumGroups)}}
	if c.MidBlockAttn {
		m.Attentions = []*attention{newAttention(channels, c.NormNumGroups)}
	}
	return m
}

func (m *midBlock) forward(b *nn.Build, path string, x nn.FeatureMap) nn.FeatureMap {
	x = m.Resnets[0].forward(b, x)
	for _, a := range m.Attentions {
		x = a.forward(b, path+".attentions.0", x)
	}
	return m.Resnets[1].forward(b, x)
}

type sampler struct{ Conv nn.Conv2D }

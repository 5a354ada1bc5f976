package clip

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Encoder is the transformer that text and vision share, text_model.encoder and
// vision_model.encoder: [B, N, C] to the same shape, with C = hidden_size.
type Encoder struct {
	Layers []*EncoderLayer
}

// EncoderLayer is self-attention and a feed-forward layer. Both read their input
// normalised, and their output is added to the input: [B, N, C] to the same shape.
// An example is text_model.encoder.layers.0.
type EncoderLayer struct {
	LayerNorm1 nn.LayerNorm
	SelfAttn   Attention
	LayerNorm2 nn.LayerNorm
	MLP        MLP
}

// Attention is multi-head self-attention, self_attn of a layer: [B, N, C] to the
// same shape. In the text encoder it is causal: no position attends to later ones.
// Each Attention is a site that hooks may read and change (nn.Site). All its linear
// layers map C to C, with a bias.
type Attention struct {
	QProj, KProj, VProj, OutProj nn.Linear

	heads int
}

// MLP is the feed-forward layer, mlp of a layer: two linear layers with the
// activation between them that hidden_act names, [B, N, C] to the same shape.
type MLP struct {
	FC1 nn.Linear // C to intermediate_size
	FC2 nn.Linear // back to C

	act string
}

func newEncoder(hidden, intermediate, layers, heads int, act string, epsilon float32) Encoder {
	var e Encoder
	for range layers {
		e.Layers = append(e.Layers, &EncoderLayer{
			LayerNorm1: nn.NewLayerNorm(hidden, epsilon),
			SelfAttn: Attention{
				QProj: nn.NewLinear(hidden, hidden), KProj: nn.NewLinear(hidden, hidden),
				VProj: nn.NewLinear(hidden, hidden), OutProj: nn.NewLinear(hidden, hidden),
				heads: heads,
			},
			LayerNorm2: nn.NewLayerNorm(hidden, epsilon),
			MLP:        MLP{FC1: nn.NewLinear(hidden, intermediate), FC2: nn.NewLinear(intermediate, hidden), act: act},
		})
	}
	return e
}

// forward takes x [B, N, C]; with causal a position does not see later ones.
func (e Encoder) forward(b *nn.Build, path string, x *G.Node, causal bool) *G.Node {
	for i, l := range e.Layers {
		site := fmt.Sprintf("%s.layers.%d.self_attn", path, i)
		x = b.Block(func() *G.Node { return l.forward(b, site, x, causal) })
	}
	return x
}

func (l *EncoderLayer) forward(b *nn.Build, site string, x *G.Node, causal bool) *G.Node {
	s := l.site(site, x)
	attend := b.Attend
	if causal {
		attend = b.AttendCausal
	}
	return l.think(l.SelfAttn.OutProj.ForwardAdd(attend(s), x))
}

// site is the layer's attention to x, at a path.
func (l *EncoderLayer) site(path string, x *G.Node) nn.Site {
	n, a := l.LayerNorm1.Forward(x), l.SelfAttn
	return nn.Site{Path: path, Heads: a.heads, Q: a.QProj.Forward(n), K: a.KProj.Forward(n), V: a.VProj.Forward(n)}
}

// think adds to x what the feed-forward layer makes of it.
func (l *EncoderLayer) think(x *G.Node) *G.Node {
	act, err := nn.Act(l.MLP.act)
	if err != nil {
		panic(err)
	}
	return l.MLP.FC2.ForwardAdd(act(l.MLP.FC1.Forward(l.LayerNorm2.Forward(x))), x)
}

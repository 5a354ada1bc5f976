package clip

import (
	"fmt"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// encoder is the transformer that text and vision share.
type encoder struct{ Layers []*layer }

type layer struct {
	LayerNorm1 nn.LayerNorm
	SelfAttn   selfAttention
	LayerNorm2 nn.LayerNorm
	MLP        mlp
}

type selfAttention struct {
	QProj, KProj, VProj, OutProj nn.Linear

	heads int
}

type mlp struct {
	FC1, FC2 nn.Linear

	act string
}

func newEncoder(hidden, intermediate, layers, heads int, act string, epsilon float32) encoder {
	var e encoder
	for range layers {
		e.Layers = append(e.Layers, &layer{
			LayerNorm1: nn.NewLayerNorm(hidden, epsilon),
			SelfAttn: selfAttention{
				QProj: nn.NewLinear(hidden, hidden), KProj: nn.NewLinear(hidden, hidden),
				VProj: nn.NewLinear(hidden, hidden), OutProj: nn.NewLinear(hidden, hidden),
				heads: heads,
			},
			LayerNorm2: nn.NewLayerNorm(hidden, epsilon),
			MLP:        mlp{FC1: nn.NewLinear(hidden, intermediate), FC2: nn.NewLinear(intermediate, hidden), act: act},
		})
	}
	return e
}

// forward takes x [B, N, C]; with causal a position does not see later ones.
func (e encoder) forward(b *nn.Build, path string, x *G.Node, causal bool) *G.Node {
	for i, l := range e.Layers {
		site := fmt.Sprintf("%s.layers.%d.self_attn", path, i)
		x = b.Block(func() *G.Node { return l.forward(b, site, x, causal) })
	}
	return x
}

func (l *layer) forward(b *nn.Build, site string, x *G.Node, causal bool) *G.Node {
	n, a := l.LayerNorm1.Forward(x), l.SelfAttn
	s := nn.Site{Path: site, Heads: a.heads, Q: a.QProj.Forward(n), K: a.KProj.Forward(n), V: a.VProj.Forward(n)}
	attend := b.Attend
	if causal {
		attend = b.AttendCausal
	}
	x = a.OutProj.ForwardAdd(attend(s), x)

	act, err := nn.Act(l.MLP.act)
	if err != nil {
		panic(err)
	}
	return l.MLP.FC2.ForwardAdd(act(l.MLP.FC1.Forward(l.LayerNorm2.Forward(x))), x)
}

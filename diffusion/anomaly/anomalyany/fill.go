package anomalyany

import (
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// seenNowhere is ε of L_fill: what stands for an attention of 0, whose logarithm
// there is not.
const seenNowhere = 1e-7

// fillLoss returns
//
//	L_fill = -Σ over the cells of f · ln(ε + Σ over j ∈ J of A^j)
//
// a scalar, of the tokens' maps A^j [1, cells, 1] as they are before the mask, and of
// the weights f of the cells, likewise: those of fillWeights make it the mean over
// the place's shape, times Options.Fill. It is 0 where the words have all of the
// attention in every cell of the shape.
//
// A^j is a softmax over the tokens, so this is the cross-entropy of every cell of the
// shape with the anomaly's words, whose tokens share it. Layout guidance (Chen et al.,
// WACV 2024) asks for a share of the attention, (1 - Σ inside of A / Σ A)², and BoxDiff
// (Xie et al., ICCV 2023) for a mean of the best cells inside. These, like L_att, hardly
// have a gradient where the words are seen next to nowhere, as in the normal part that a
// run begins with: there the softmax is flat. The logarithm is not, and it asks most of
// the cells that are seen least. In trials with the demo model neither of the two, at
// ten times the weight, had half of the overlap with the shape.
//
// Nothing keeps the attention from the outside: there the photograph takes the latent's
// place in every step.
func fillLoss(f *G.Node, maps ...*G.Node) *G.Node {
	sum := maps[0]
	for _, a := range maps[1:] {
		sum = nn.Add(sum, a)
	}
	return nn.Scale(nn.Dot(f, G.Must(G.Log(nn.Affine(sum, 1, seenNowhere)))), -1)
}

// fillWeights are those of the cells of m_a in L_fill, [1, cells, 1]: they add up to
// weight. A place that is everywhere has no shape to fill: 0.
func fillWeights(maps []float32, weight float64) *gt.Dense {
	var inside float32
	for _, m := range maps {
		inside += m
	}
	f := make([]float32, len(maps))
	if int(inside) < len(maps) {
		for i, m := range maps {
			f[i] = m * float32(weight) / inside
		}
	}
	return tensor.FromFloat32s(f, 1, len(f), 1)
}

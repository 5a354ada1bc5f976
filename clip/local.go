package clip

import (
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// Local is what EncodeLocal makes of tokens.
type Local struct {
	Tokens *G.Node   // the hidden states of the last layer, as Encode returns them, [B, n, hidden_size]
	Local  *G.Node   // those of the value-value stream, of the same shape
	Mid    []*G.Node // of the layers that were asked for, of the same shape
}

// EncodeLocal is Encode with a second stream of tokens that keep to their place: it begins as the tokens after the first
// norm, and each layer adds to it what its values say of each other, attention with the values of the usual stream as
// queries and keys, too, without a feed-forward layer (value-value attention, "CLIP Surgery", Li et al., arXiv 2304.05653;
// as PromptAD has it, Li et al., CVPR 2024). What the last norm makes of it, and the projection, is to be compared with
// texts (LocalEmbeds).
//
// Mid are the hidden states behind some layers, counted from 0, with what the attention of the layer after each adds to
// them: as PromptAD's code keeps them. The last layer has none after it.
func (v *Vision) EncodeLocal(b *nn.Build, x *G.Node, mid ...int) Local {
	last := len(v.Encoder.Layers) - 1
	for _, i := range mid {
		if i < 0 || i >= last {
			panic(fmt.Sprintf("clip: tokens behind layer %d, want 0 to %d", i, last-1))
		}
	}
	x = v.PreLayerNorm.Forward(x)
	local, found := x, make([]*G.Node, len(mid))
	for i, l := range v.Encoder.Layers {
		s := l.site(fmt.Sprintf("%s.layers.%d.self_attn", visionPath, i), x)
		out := l.SelfAttn.OutProj
		local = out.ForwardAdd(nn.Attention(s.V, s.V, s.V, s.Heads, false), local)
		x = out.ForwardAdd(b.Attend(s), x)
		if at := slices.Index(mid, i-1); at >= 0 {
			found[at] = x
		}
		x = l.think(x)
	}
	for at, i := range mid { // a layer that was named twice
		found[at] = found[slices.Index(mid, i)]
	}
	return Local{Tokens: x, Local: local, Mid: found}
}

// LocalEmbeds returns tokens of EncodeLocal's second stream, [B, n, hidden_size], in the space of texts, [B, n,
// projection_dim], not normalised.
func (m *Model) LocalEmbeds(local *G.Node) *G.Node {
	return m.VisualProjection.Forward(m.VisionModel.PostLayernorm.Forward(local))
}

package nn

import (
	"fmt"
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

var attentionShapes = []struct {
	batch, heads, queries, keys, dim int
	causal                           bool
}{
	{1, 1, 1, 1, 1, false},
	{2, 2, 5, 3, 4, false},
	{1, 3, 7, 7, 5, false},
	{2, 2, 6, 6, 3, true},
	{1, 1, 1, 1, 2, true},
	{1, 2, 33, 77, 8, false},
}

// Attention as one operation, taken apart, and computed naively are the same,
// and so are the gradients.
func TestAttention(t *testing.T) {
	for _, s := range attentionShapes {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			c := s.heads * s.dim
			in := randomTensors(shapes(gt.Shape{s.batch, s.queries, c}, gt.Shape{s.batch, s.keys, c}, gt.Shape{s.batch, s.keys, c}))
			fused := func(_ *Build, in G.Nodes) *G.Node { return Attention(in[0], in[1], in[2], s.heads, s.causal) }
			apart := func(_ *Build, in G.Nodes) *G.Node {
				return AttentionMix(AttentionProbs(in[0], in[1], s.heads, s.causal), in[2])
			}
			x := numbers(t, in)
			want := attended(x[0], x[1], x[2], s.batch, s.heads, s.queries, s.keys, s.dim, s.causal)
			one := runNumbers(t, compile(t, withInputs(fused, in, every(3))), byName(in))
			two := runNumbers(t, compile(t, withInputs(apart, in, every(3))), byName(in))
			checkClose(t, "fused", one[0], want, 3e-6)
			checkClose(t, "taken apart", two[0], want, 3e-6)
			for i := 1; i < 4; i++ {
				if s.keys > 1 || i == 3 { // with one key, the gradients of q and k are 0 and rounding
					checkClose(t, fmt.Sprint("gradient of input ", i-1), one[i], two[i], 1e-5)
				}
			}
			checkGradAt(t, fused, in, every(3))
			checkGradAt(t, apart, in, every(3))
		})
	}
}

func attended(q, k, v []float32, batch, heads, queries, keys, dim int, causal bool) []float32 {
	c := heads * dim
	return at3(batch, queries, c, func(b, i, ch int) float32 {
		h := ch / dim * dim
		var sum, mixed float64
		for j := range keys {
			if causal && j > i {
				break
			}
			at := (b*keys+j)*c + h
			e := math.Exp(inner(q[(b*queries+i)*c+h:][:dim], k[at:at+dim]) / math.Sqrt(float64(dim)))
			sum, mixed = sum+e, mixed+e*float64(v[(b*keys+j)*c+ch])
		}
		return float32(mixed / sum)
	})
}

// Only the gradients that are asked for are computed, in any combination.
func TestAttentionGradOfSome(t *testing.T) {
	in := randomTensors(shapes(gt.Shape{1, 5, 8}, gt.Shape{1, 3, 8}, gt.Shape{1, 3, 8}))
	fused := func(_ *Build, in G.Nodes) *G.Node { return Attention(in[0], in[1], in[2], 2, false) }
	all := runNumbers(t, compile(t, withInputs(fused, in, every(3))), byName(in))
	for _, wrt := range [][]int{{0}, {1}, {2}, {0, 2}, {1, 2}} {
		got := runNumbers(t, compile(t, withInputs(fused, in, wrt)), byName(in))
		for i, w := range wrt {
			checkClose(t, fmt.Sprintf("gradient of input %d of %v", w, wrt), got[1+i], all[1+w], 1e-6)
		}
	}
}

// Self-attention of one tensor with itself.
func TestAttentionOfOneInput(t *testing.T) {
	checkGrad(t, unary(func(x *G.Node) *G.Node { return Attention(x, x, x, 2, true) }), gt.Shape{2, 4, 6})
}

// The products that attention taken apart is made of have gradients of any order.
func TestAttentionProducts(t *testing.T) {
	checkGrad(t, binary(func(q, k *G.Node) *G.Node { return AttentionScores(q, k, 2, false) }), gt.Shape{2, 3, 6}, gt.Shape{2, 5, 6})
	checkGrad(t, binary(AttentionMix), gt.Shape{2, 2, 3, 5}, gt.Shape{2, 5, 6})
	s := kernels.AttentionShape{B: 2, Heads: 2, Queries: 3, Keys: 5, HeadDim: 3}
	checkGrad(t, binary(func(p, x *G.Node) *G.Node { return mixKeys(p, x, s, 0.7) }), gt.Shape{2, 2, 3, 5}, gt.Shape{2, 3, 6})
}

func TestCausalScores(t *testing.T) {
	in := randomTensors(shapes(gt.Shape{1, 3, 2}, gt.Shape{1, 3, 2}))
	p := compile(t, withInputs(binary(func(q, k *G.Node) *G.Node { return AttentionScores(q, k, 1, true) }), in, nil))
	got := runNumbers(t, p, byName(in))[0]
	for i := range 9 {
		if masked := i%3 > i/3; masked != math.IsInf(float64(got[i]), -1) {
			t.Errorf("score of query %d and key %d is %g", i/3, i%3, got[i])
		}
	}
}

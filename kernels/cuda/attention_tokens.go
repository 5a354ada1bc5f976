package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// AttentionTokens sets p [B, Heads, Queries, len(tokens)] to the probabilities, softmax(Scale·q·kᵀ), with which each query
// attends to the keys that tokens number. The rest of them is never stored. Like all maps that are looked at, they are
// computed with products of float32 numbers, whatever the device's precision is.
func (d *Device) AttentionTokens(p, q, k []float32, tokens []int, s kernels.AttentionShape) {
	const op = "AttentionTokens"
	checkAttention(op, q, k, k, s)
	checkTokens(op, tokens, s)
	wantLen(op, "p", p, rows(s)*len(tokens))
	if len(p) == 0 {
		return
	}
	if s.HeadDim > largestFused {
		d.eachHead(s, func(h head) { h.tokenProbs(address(p), address(q), address(k), tokens) })
		return
	}
	d.forward(forwardCall{AttentionShape: s, probs: address(p), q: address(q), k: address(k), tokens: tokens})
}

// AttentionTokensGrad sets dq and dk, either of which may be nil, to the gradients of [Device.AttentionTokens], given
// dp, that with respect to p; see [kernels.Precision.AttentionTokensGrad].
func (d *Device) AttentionTokensGrad(dq, dk, q, k, dp []float32, tokens []int, s kernels.AttentionShape) {
	const op = "AttentionTokensGrad"
	checkAttention(op, q, k, k, s)
	checkTokens(op, tokens, s)
	wantLen(op, "dp", dp, rows(s)*len(tokens))
	wantOptional(op, "dq", dq, len(q))
	wantOptional(op, "dk", dk, len(k))
	if s.B*s.Heads == 0 || dq == nil && dk == nil {
		return
	}
	if s.HeadDim > largestFused {
		d.eachHead(s, func(h head) {
			h.tokensGrad(address(dq), address(dk), address(q), address(k), address(dp), tokens)
		})
		return
	}
	g := tokensGrad{AttentionShape: s, q: address(q), k: address(k), dp: address(dp), tokens: tokens}
	g.lse, g.p = d.temporary(slotLSE, rows(s)), d.temporary(slotProbs, len(dp))
	if rows(s) > 0 {
		// Attention over k in place of v, which the gradient of q starts from.
		d.forward(forwardCall{AttentionShape: s, out: address(dq), lse: g.lse, probs: g.p,
			q: g.q, k: g.k, v: g.k, tokens: tokens})
	}
	if dq != nil && rows(s) > 0 {
		d.tokensGradQueries(address(dq), g)
	}
	if dk != nil {
		d.tokensGradKeys(address(dk), g)
	}
}

// tokensGrad is what the kernels of AttentionTokensGrad read.
type tokensGrad struct {
	kernels.AttentionShape
	q, k, dp, lse, p uintptr
	tokens           []int
}

// tokensGradQueries turns dq, which holds P·K, into the gradient.
func (d *Device) tokensGradQueries(dq uintptr, g tokensGrad) {
	d.overRows("attention_tokens_grad_queries", rows(g.AttentionShape), dq, g.k, g.p, g.dp, d.list(g.tokens),
		int32(len(g.tokens)), int32(g.B), int32(g.Heads), int32(g.Queries), int32(g.Keys), int32(g.HeadDim), g.Scale)
}

func (d *Device) tokensGradKeys(dk uintptr, g tokensGrad) {
	n := rows(g.AttentionShape)
	weighted := d.temporary(slotWeights, n*g.HeadDim)
	if n > 0 {
		d.overRows("attention_tokens_grad_weights", n, weighted, g.q, g.p, g.dp, int32(len(g.tokens)), int32(g.B),
			int32(g.Heads), int32(g.Queries), int32(g.HeadDim), g.Scale)
	}
	// The gradient with respect to v depends on neither v nor the result.
	d.grad(gradCall{AttentionShape: g.AttentionShape, dv: dk, q: g.q, k: g.k, v: g.k, dout: weighted, lse: g.lse})
	if len(g.tokens) == 0 || n == 0 {
		return
	}
	const threads = 8 * warp // what the kernel has shared memory for
	d.launch("attention_tokens_grad_keys", [3]uint32{uint32(len(g.tokens)), uint32(g.B * g.Heads), 1},
		[3]uint32{threads, 1, 1}, 0, dk, g.q, g.p, g.dp, d.list(g.tokens), int32(len(g.tokens)), int32(g.Heads),
		int32(g.Queries), int32(g.Keys), int32(g.HeadDim), g.Scale)
}

func checkTokens(op string, tokens []int, s kernels.AttentionShape) {
	for _, j := range tokens {
		if j < 0 || j >= s.Keys {
			panic(fmt.Sprintf("cuda: %s: token %d of %d keys", op, j, s.Keys))
		}
	}
}

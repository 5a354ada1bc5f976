package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// Attention sets out [B, Queries, Heads·HeadDim] to softmax(Scale·q·kᵀ)·v for each head, and lse [B, Heads, Queries],
// which may be nil, to the logarithm of each query's sum of exponentials; see [kernels.Precision.Attention].
//
// Up to 160 channels in a head, one kernel does it all and stores no scores. Larger heads go by way of the matrix of
// probabilities of one head at a time.
func (d *Device) Attention(out, lse, q, k, v []float32, s kernels.AttentionShape) {
	d.AttentionWithTokens(out, lse, nil, q, k, v, nil, s)
}

// AttentionWithTokens is [Device.Attention] that also sets p [B, Heads, Queries, len(tokens)] to the probabilities with
// which each query attends to the keys that tokens number: what [Device.AttentionTokens] gives, from the same pass over
// the scores.
func (d *Device) AttentionWithTokens(out, lse, p, q, k, v []float32, tokens []int, s kernels.AttentionShape) {
	const op = "AttentionWithTokens"
	checkAttention(op, q, k, v, s)
	checkTokens(op, tokens, s)
	wantLen(op, "out", out, len(q))
	wantOptional(op, "lse", lse, rows(s))
	wantLen(op, "p", p, rows(s)*len(tokens))
	if rows(s) == 0 {
		return
	}
	if s.HeadDim > largestFused {
		d.attentionByMatrix(out, lse, p, q, k, v, tokens, s)
		return
	}
	d.forward(forwardCall{AttentionShape: s, math: d.math, out: address(out), lse: address(lse), probs: address(p),
		q: address(q), k: address(k), v: address(v), tokens: tokens})
}

// Attention16 is [Device.Attention] of numbers of 16 bits, float16 or bfloat16 as the device's precision is.
func (d *Device) Attention16(out []uint16, lse []float32, q, k, v []uint16, s kernels.AttentionShape) {
	const op = "Attention16"
	memory := d.memory16(op, s)
	checkAttention(op, q, k, v, s)
	wantLen(op, "out", out, len(q))
	wantOptional(op, "lse", lse, rows(s))
	if rows(s) == 0 {
		return
	}
	d.forward(forwardCall{AttentionShape: s, memory: memory, math: memory, out: address(out), lse: address(lse),
		q: address(q), k: address(k), v: address(v)})
}

// memory16 is the type of numbers of 16 bits.
func (d *Device) memory16(op string, s kernels.AttentionShape) format {
	if d.math == f32 {
		panic(fmt.Sprintf("cuda: %s: the device multiplies f32, want f16 or bf16, the type of the operands' numbers (Device.With)", op))
	}
	if s.HeadDim > largestFused {
		panic(fmt.Sprintf("cuda: %s: %+v has heads of more than %d channels, which there are no kernels of 16 bits for",
			op, s, largestFused))
	}
	return d.math
}

// rows is how many queries all heads have.
func rows(s kernels.AttentionShape) int { return s.B * s.Heads * s.Queries }

func checkAttention[T float32 | uint16](op string, q, k, v []T, s kernels.AttentionShape) {
	if s.Keys < 1 || s.HeadDim < 1 {
		panic(fmt.Sprintf("cuda: %s: %+v needs at least one key and one channel", op, s))
	}
	width := s.Heads * s.HeadDim
	wantLen(op, "q", q, s.B*s.Queries*width)
	wantLen(op, "k", k, s.B*s.Keys*width)
	wantLen(op, "v", v, s.B*s.Keys*width)
}

// largestFused is the size of the largest head that the kernels are compiled for.
const largestFused = 160

// fusedSizes are the sizes of heads that there are kernels for.
var fusedSizes = []int{40, 64, 80, largestFused}

// padded is the size of head that a kernel is compiled for to take one of n channels.
func padded(n int) int {
	for _, size := range fusedSizes {
		if n <= size {
			return size
		}
	}
	panic(fmt.Sprintf("cuda: no kernel for heads of %d channels", n))
}

// tileBytes is the size of a tile of rows in shared memory: Tile of src/warp_product.h.
func tileBytes(math format, channels, rows int) int {
	if math != f32 {
		channels = (channels + 15) / 16 * 16
	}
	return rows * (channels*math.bytes() + 16)
}

// blockSizes are a kernel's, as src/attention.h has them: warps of 16 rows each, and how many rows pass by at a time.
type blockSizes struct{ warps, columns int }

func (b blockSizes) rows() int { return 16 * b.warps }

func (b blockSizes) threads() [3]uint32 { return [3]uint32{uint32(warp * b.warps), 1, 1} }

// forwardSizes is ForwardSizes of src/attention.h.
func forwardSizes(math format, size int) blockSizes {
	switch {
	case math != f32 && size > 80:
		return blockSizes{4, 32}
	case math != f32:
		return blockSizes{4, 64}
	case size > 80:
		return blockSizes{2, 16}
	case size > 40:
		return blockSizes{4, 32}
	}
	return blockSizes{4, 64}
}

// forwardCall is one launch of a forward kernel. Addresses that are 0 are of results that are not wanted.
type forwardCall struct {
	kernels.AttentionShape
	memory, math    format
	out, lse, probs uintptr
	q, k, v         uintptr
	tokens          []int
}

func (d *Device) forward(c forwardCall) {
	size := padded(c.HeadDim)
	b := forwardSizes(c.math, size)
	shared := tileBytes(c.math, size, b.rows()) + 2*tileBytes(c.math, size, b.columns)
	d.launch(fmt.Sprintf("attention_forward_%v_%v_%d", c.memory, c.math, size),
		[3]uint32{blocks(c.Queries, b.rows()), uint32(c.B * c.Heads), 1}, b.threads(), shared,
		c.out, c.lse, c.probs, c.q, c.k, c.v, d.list(c.tokens), int32(len(c.tokens)),
		int32(c.Heads), int32(c.Queries), int32(c.Keys), int32(c.HeadDim), c.Scale, flag(c.Causal))
}

package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// AttentionGrad sets dq, dk and dv to the gradients of [Device.Attention] with respect to q, k and v, given its
// result out and dout, the gradient with respect to out. Any of dq, dk and dv may be nil, and the work for it is
// skipped. lse is what Attention returned there; nil means that it is computed. See [kernels.Precision.AttentionGrad].
func (d *Device) AttentionGrad(dq, dk, dv, q, k, v, out, dout, lse []float32, s kernels.AttentionShape) {
	c := gradOf("AttentionGrad", dq, dk, dv, q, k, v, out, dout, lse, s)
	if s.B*s.Heads == 0 {
		return
	}
	if s.HeadDim > largestFused {
		d.attentionGradByMatrix(dq, dk, dv, q, k, v, dout, s)
		return
	}
	c.math = d.math
	d.grad(c)
}

// AttentionGrad16 is [Device.AttentionGrad] of numbers of 16 bits, float16 or bfloat16 as the device's precision is. Gradients
// below the least float16, 6e-8, are lost when they are written: callers scale dout.
func (d *Device) AttentionGrad16(dq, dk, dv, q, k, v, out, dout []uint16, lse []float32, s kernels.AttentionShape) {
	const op = "AttentionGrad16"
	memory := d.memory16(op, s)
	c := gradOf(op, dq, dk, dv, q, k, v, out, dout, lse, s)
	if s.B*s.Heads == 0 {
		return
	}
	c.memory, c.math = memory, memory
	d.grad(c)
}

// gradSizes is GradSizes of src/attention.h.
func gradSizes(math format, size int) blockSizes {
	half := math != f32
	switch {
	case half && size > 80:
		return blockSizes{2, 32}
	case half && size > 64:
		return blockSizes{4, 32}
	case half:
		return blockSizes{4, 64}
	case size > 80:
		return blockSizes{1, 16}
	case size > 40:
		return blockSizes{2, 16}
	}
	return blockSizes{2, 32}
}

// gradCall is what the kernels of the gradient take. Addresses of gradients that are 0 are not wanted; out may be 0
// if dv alone is.
type gradCall struct {
	kernels.AttentionShape
	memory, math   format
	dq, dk, dv     uintptr
	q, k, v        uintptr
	out, dout, lse uintptr
}

// gradOf is what the kernels take of operands whose lengths it has checked; the precisions are left to the caller.
func gradOf[T float32 | uint16](op string, dq, dk, dv, q, k, v, out, dout []T, lse []float32,
	s kernels.AttentionShape) gradCall {
	checkAttention(op, q, k, v, s)
	wantLen(op, "out", out, len(q))
	wantLen(op, "dout", dout, len(q))
	wantOptional(op, "dq", dq, len(q))
	wantOptional(op, "dk", dk, len(k))
	wantOptional(op, "dv", dv, len(v))
	wantOptional(op, "lse", lse, rows(s))
	return gradCall{AttentionShape: s, dq: address(dq), dk: address(dk), dv: address(dv),
		q: address(q), k: address(k), v: address(v), out: address(out), dout: address(dout), lse: address(lse)}
}

func (d *Device) grad(c gradCall) {
	if c.lse == 0 {
		c.lse = d.temporary(slotLSE, rows(c.AttentionShape))
		d.forward(forwardCall{AttentionShape: c.AttentionShape, memory: c.memory, math: c.math,
			lse: c.lse, q: c.q, k: c.k})
	}
	heads, n := c.B*c.Heads, rows(c.AttentionShape)
	largest, factor, delta := d.temporary(slotLargest, n), d.temporary(slotFactor, heads), uintptr(0)
	sizes := []any{int32(c.B), int32(c.Heads), int32(c.Queries), int32(c.HeadDim)}
	if n > 0 {
		d.overRows(fmt.Sprintf("attention_grad_largest_%v", c.memory), n, append([]any{largest, c.dout}, sizes...)...)
	}
	d.launch("attention_grad_factor", [3]uint32{uint32(heads), 1, 1}, [3]uint32{warp, 1, 1}, 0, factor, largest,
		int32(c.Queries))
	if (c.dq != 0 || c.dk != 0) && n > 0 {
		delta = d.temporary(slotDelta, n)
		d.overRows(fmt.Sprintf("attention_grad_delta_%v_%v", c.memory, c.math), n,
			append([]any{delta, factor, c.out, c.dout}, sizes...)...)
	}
	if c.dq != 0 && n > 0 {
		d.gradKernel("queries", c, c.Queries, []any{c.dq}, delta, factor)
	}
	if c.dk != 0 || c.dv != 0 {
		d.gradKernel("keys", c, c.Keys, []any{c.dk, c.dv}, delta, factor)
	}
}

// gradKernel runs the kernel that has blocks of so many queries or keys.
func (d *Device) gradKernel(of string, c gradCall, n int, results []any, delta, factor uintptr) {
	size := padded(c.HeadDim)
	b := gradSizes(c.math, size)
	shared := 2*tileBytes(c.math, size, b.rows()) + 2*tileBytes(c.math, size, b.columns)
	d.launch(fmt.Sprintf("attention_grad_%s_%v_%v_%d", of, c.memory, c.math, size),
		[3]uint32{blocks(n, b.rows()), uint32(c.B * c.Heads), 1}, b.threads(), shared,
		append(results, c.q, c.k, c.v, c.dout, c.lse, delta, factor,
			int32(c.Heads), int32(c.Queries), int32(c.Keys), int32(c.HeadDim), c.Scale, flag(c.Causal))...)
}

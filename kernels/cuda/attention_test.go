//go:build unix

package cuda

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/x448/float16"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

type attentionShape = kernels.AttentionShape

// attentionCase is attention of some shape with what package kernels computes, to which a device's results are held.
type attentionCase struct {
	attentionShape
	q, k, v, dout   []float32
	out, lse        []float32
	dq, dk, dv      []float32
	tokens          []int
	p, dp, dpq, dpk []float32 // of the tokens, and the gradients of their probabilities
}

func newAttentionCase(s attentionShape) *attentionCase {
	if s.Scale == 0 {
		s.Scale = float32(1 / math.Sqrt(float64(s.HeadDim)))
	}
	width := s.Heads * s.HeadDim
	nq, nk := s.B*s.Queries*width, s.B*s.Keys*width
	c := &attentionCase{attentionShape: s, q: kerneltest.Normal(1, nq), k: kerneltest.Normal(2, nk),
		v: kerneltest.Normal(3, nk), dout: kerneltest.Normal(4, nq), tokens: []int{s.Keys - 1, s.Keys / 2, s.Keys - 1}}
	for i := range c.q {
		c.q[i] *= 3 // scores far enough apart for the running maximum to matter
	}
	c.out, c.lse = make([]float32, nq), make([]float32, rows(s))
	kernels.Float32.Attention(c.out, c.lse, c.q, c.k, c.v, s)
	c.dq, c.dk, c.dv = make([]float32, nq), make([]float32, nk), make([]float32, nk)
	kernels.Float32.AttentionGrad(c.dq, c.dk, c.dv, c.q, c.k, c.v, c.out, c.dout, c.lse, s)
	c.dp = kerneltest.Normal(5, rows(s)*len(c.tokens))
	c.p, c.dpq, c.dpk = make([]float32, len(c.dp)), make([]float32, nq), make([]float32, nk)
	kernels.AttentionTokens(c.p, c.q, c.k, c.tokens, s)
	kernels.Float32.AttentionTokensGrad(c.dpq, c.dpk, c.q, c.k, c.dp, c.tokens, s)
	return c
}

// tolerance is what results may be off, relative to the largest: operands of products are rounded, where exponentials
// turn the absolute errors of scores, which are up to 15, into relative ones; and sums of some hundred numbers of
// float32 are rounded, in both implementations.
func tolerance(precision format) float64 { return 16*precision.roundoff() + 96*f32.roundoff() }

// check holds the device to c, forward and backward.
func (c *attentionCase) check(t *testing.T, h onHost) {
	t.Helper()
	s, allowed := c.attentionShape, tolerance(h.math)
	out, lse, p := make([]float32, len(c.out)), make([]float32, len(c.lse)), make([]float32, len(c.p))
	h.run(many{out, lse, p}, many{c.q, c.k, c.v}, func(r, o many) {
		h.AttentionWithTokens(r[0], r[1], r[2], o[0], o[1], o[2], c.tokens, s)
	})
	near(t, "out", out, c.out, allowed)
	near(t, "lse", lse, c.lse, allowed)
	near(t, "p", p, c.p, allowed)
	dq, dk, dv := make([]float32, len(c.dq)), make([]float32, len(c.dk)), make([]float32, len(c.dv))
	h.run(many{dq, dk, dv}, many{c.q, c.k, c.v, c.out, c.dout, c.lse}, func(r, o many) {
		h.AttentionGrad(r[0], r[1], r[2], o[0], o[1], o[2], o[3], o[4], o[5], s)
	})
	near(t, "dq", dq, c.dq, allowed)
	near(t, "dk", dk, c.dk, allowed)
	near(t, "dv", dv, c.dv, allowed)
}

// checkMaps holds the maps of chosen tokens and their gradients to c; they are always of float32 products.
func (c *attentionCase) checkMaps(t *testing.T, h onHost) {
	t.Helper()
	s, allowed := c.attentionShape, tolerance(f32)
	p, dq, dk := make([]float32, len(c.p)), make([]float32, len(c.dpq)), make([]float32, len(c.dpk))
	h.run(many{p, dq, dk}, many{c.q, c.k, c.dp}, func(r, o many) {
		h.AttentionTokens(r[0], o[0], o[1], c.tokens, s)
		h.AttentionTokensGrad(r[1], r[2], o[0], o[1], o[2], c.tokens, s)
	})
	near(t, "p", p, c.p, allowed)
	near(t, "gradient of p to q", dq, c.dpq, allowed)
	near(t, "gradient of p to k", dk, c.dpk, allowed)
}

// TestAttentionBlocks takes shapes with several blocks of queries and of keys and remainders of both, for every size of
// head that there is a kernel for and beyond.
func TestAttentionBlocks(t *testing.T) {
	var cases []*attentionCase
	for _, s := range []attentionShape{
		{B: 2, Heads: 2, Queries: 70, Keys: 131, HeadDim: 40},
		{B: 1, Heads: 2, Queries: 131, Keys: 70, HeadDim: 64, Causal: true},
		{B: 1, Heads: 1, Queries: 70, Keys: 131, HeadDim: 64, Causal: true},
		{B: 1, Heads: 2, Queries: 65, Keys: 97, HeadDim: 80},
		{B: 1, Heads: 1, Queries: 67, Keys: 67, HeadDim: 80, Causal: true},
		{B: 2, Heads: 1, Queries: 66, Keys: 77, HeadDim: 158},
		{B: 1, Heads: 2, Queries: 66, Keys: 35, HeadDim: 160, Causal: true},
		{B: 2, Heads: 2, Queries: 37, Keys: 70, HeadDim: 161},
		{B: 1, Heads: 1, Queries: 66, Keys: 66, HeadDim: 200, Causal: true},
		{B: 1, Heads: 1, Queries: 20, Keys: 20, HeadDim: 33, Scale: -0.25},
	} {
		cases = append(cases, newAttentionCase(s))
	}
	for _, precision := range []format{f32, f16, bf16} {
		h := emulated(t, true, precision)
		for _, c := range cases {
			t.Run(fmt.Sprintf("%v/%+v", precision, c.attentionShape), func(t *testing.T) {
				c.check(t, h)
				if precision == f32 {
					c.checkMaps(t, h)
				}
			})
		}
	}
}

// TestAttentionSizes takes one head of the sizes that Stable Diffusion 1.5 has for pictures of 512 × 512.
// CUDA_EMULATE_ALL=1 asks for all heads, for every precision at the largest size, and for the VAE's head of 512
// channels: ten minutes and more (go test -timeout 30m).
func TestAttentionSizes(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of emulation")
	}
	all := os.Getenv("CUDA_EMULATE_ALL") != ""
	shapes := []attentionShape{
		{B: 1, Heads: 8, Queries: 64, Keys: 64, HeadDim: 160},
		{B: 1, Heads: 8, Queries: 256, Keys: 256, HeadDim: 160},
		{B: 1, Heads: 8, Queries: 1024, Keys: 1024, HeadDim: 80},
		{B: 1, Heads: 8, Queries: 4096, Keys: 77, HeadDim: 40},
		{B: 1, Heads: 8, Queries: 4096, Keys: 4096, HeadDim: 40},
	}
	if all {
		shapes = append(shapes, attentionShape{B: 1, Heads: 1, Queries: 4096, Keys: 4096, HeadDim: 512})
	}
	for _, s := range shapes {
		if !all {
			s.Heads = 1
		}
		reference := sync.OnceValue(func() *attentionCase { return newAttentionCase(s) })
		for _, precision := range []format{f32, f16, bf16} {
			if !all && precision == bf16 && s.Keys == 4096 {
				continue // as long again as everything else
			}
			t.Run(fmt.Sprintf("%v/%+v", precision, s), func(t *testing.T) {
				t.Parallel()
				reference().check(t, emulated(t, false, precision))
			})
		}
	}
}

// TestAttention16 has operands and results of 16 bits.
func TestAttention16(t *testing.T) {
	for _, precision := range []format{f16, bf16} {
		h := emulated(t, true, precision)
		for _, s := range []attentionShape{
			{B: 2, Heads: 2, Queries: 70, Keys: 75, HeadDim: 40},
			{B: 1, Heads: 3, Queries: 40, Keys: 77, HeadDim: 63},
			{B: 1, Heads: 1, Queries: 66, Keys: 66, HeadDim: 80, Causal: true},
			{B: 1, Heads: 2, Queries: 35, Keys: 77, HeadDim: 160},
		} {
			t.Run(fmt.Sprintf("%v/%+v", precision, s), func(t *testing.T) { check16(t, h, newAttentionCase(s)) })
		}
	}
}

// check16 holds results of 16 bits to c, all of whose operands they were rounded from.
func check16(t *testing.T, h onHost, c *attentionCase) {
	t.Helper()
	narrow := func(x []float32) []uint16 {
		y, err := h.Make16(len(x))
		must(err)
		must(h.Upload16(y, to16(h.math, x)))
		return y
	}
	wide := func(x []uint16) []float32 {
		y := make([]uint16, len(x))
		must(h.Download16(y, x))
		return from16(h.math, y)
	}
	q, k, v, dout, out := narrow(c.q), narrow(c.k), narrow(c.v), narrow(c.dout), narrow(c.out)
	lse, err := h.Make(len(c.lse))
	must(err)
	dq, dk, dv := narrow(c.dq), narrow(c.dk), narrow(c.dv)
	h.Attention16(out, lse, q, k, v, c.attentionShape)
	h.AttentionGrad16(dq, dk, dv, q, k, v, out, dout, lse, c.attentionShape)
	must(h.Synchronize())
	for name, pair := range map[string][2][]float32{
		"out": {wide(out), c.out}, "dq": {wide(dq), c.dq}, "dk": {wide(dk), c.dk}, "dv": {wide(dv), c.dv},
	} {
		near(t, name, pair[0], pair[1], tolerance(h.math))
	}
	for _, x := range [][]uint16{q, k, v, dout, out, dq, dk, dv} {
		must(h.Free16(x))
	}
	must(h.Free(lse))
}

func to16(precision format, x []float32) []uint16 {
	y := make([]uint16, len(x))
	for i, f := range x {
		if y[i] = uint16(math.Float32bits(f) >> 16); precision == f16 {
			y[i] = float16.Fromfloat32(f).Bits()
		}
	}
	return y
}

func from16(precision format, x []uint16) []float32 {
	y := make([]float32, len(x))
	for i, u := range x {
		if y[i] = math.Float32frombits(uint32(u) << 16); precision == f16 {
			y[i] = float16.Frombits(u).Float32()
		}
	}
	return y
}

// TestSmallGradients has gradients far below the least number of float16, as losses on maps give.
func TestSmallGradients(t *testing.T) {
	c := newAttentionCase(attentionShape{B: 2, Heads: 2, Queries: 40, Keys: 77, HeadDim: 40})
	for i, magnitude := range []float32{1e-12, 1e12} {
		for _, x := range [][]float32{c.dout, c.dq, c.dk, c.dv} {
			kernels.Scale(x, x, magnitude)
		}
		for _, precision := range []format{f32, f16, bf16} {
			t.Run(fmt.Sprintf("%v/%g", precision, []float32{1e-12, 1}[i]), func(t *testing.T) {
				c.check(t, emulated(t, true, precision))
			})
		}
	}
}

// TestErrors has a device whose first error stays, and calls that contradict their shape.
func TestErrors(t *testing.T) {
	h := emulated(t, true, f32)
	x, err := h.Make(4)
	must(err)
	h.launch("no_such_kernel", [3]uint32{1, 1, 1}, [3]uint32{warp, 1, 1}, 0)
	h.Softmax(x, x, 2, 2)
	if err := h.Synchronize(); err == nil || !strings.Contains(err.Error(), "no_such_kernel") {
		t.Errorf("error %v, want the first one, of no_such_kernel", err)
	}
	s := attentionShape{B: 1, Heads: 1, Queries: 2, Keys: 2, HeadDim: 2, Scale: 1}
	for name, f := range map[string]func(){
		"length": func() { h.Attention(x, nil, x, x, x[:2], s) },
		"token":  func() { h.AttentionTokens(x, x, x, []int{0, 2}, s) },
		"no key": func() { h.AttentionTokens(x, x, nil, nil, attentionShape{B: 1, Heads: 1, Queries: 2, HeadDim: 2}) },
		"16":     func() { h.Attention16(nil, nil, nil, nil, nil, s) },
		"matrix": func() {
			square := kernels.Matrix{Data: x, Stride: 2}
			h.BatchMatMul(1, func(int) (o, a, b kernels.Matrix) { return square, kernels.Matrix{Data: x, Stride: 1}, square }, 2, 2, 2, 1)
		},
	} {
		func() {
			defer func() {
				if text, ok := recover().(string); !ok || !strings.HasPrefix(text, "cuda: ") {
					t.Errorf("%s: no panic with a message", name)
				}
			}()
			f()
		}()
	}
}

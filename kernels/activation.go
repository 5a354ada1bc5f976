package kernels

import "github.com/sdgraph/sdgraph/kernels/internal/vec"

// elementGrain is the fewest numbers worth handing to another core: a few microseconds of elementwise work.
const elementGrain = 1 << 13

// SiLUForward sets out = x·σ(x), σ the logistic function (Elfwing et al. 2017, torch.nn.functional.silu). The slices
// have one length; out may be x.
func SiLUForward(out, x []float32) { swish("SiLUForward", out, x, 1) }

// SiLUGrad sets dx = dy·silu'(x). The slices have one length; dx may be dy or x.
func SiLUGrad(dx, dy, x []float32) { swishGrad("SiLUGrad", dx, dy, x, 1) }

// quickGELU is the factor of CLIP's cheap stand-in for GELU.
const quickGELU = 1.702

// QuickGELU sets out = x·σ(1.702x), the activation of OpenAI's CLIP ("quick_gelu" in transformers). The slices have
// one length; out may be x.
func QuickGELU(out, x []float32) { swish("QuickGELU", out, x, quickGELU) }

// QuickGELUGrad sets dx = dy·quickgelu'(x). The slices have one length; dx may be dy or x.
func QuickGELUGrad(dx, dy, x []float32) { swishGrad("QuickGELUGrad", dx, dy, x, quickGELU) }

func swish(op string, out, x []float32, beta float32) {
	wantLen(op, "x", x, len(out))
	Range(len(out), elementGrain, func(lo, hi int) { vec.Swish(out[lo:hi], x[lo:hi], beta) })
}

func swishGrad(op string, dx, dy, x []float32, beta float32) {
	wantLen(op, "dy", dy, len(dx))
	wantLen(op, "x", x, len(dx))
	Range(len(dx), elementGrain, func(lo, hi int) { vec.SwishGrad(dx[lo:hi], dy[lo:hi], x[lo:hi], beta) })
}

// GELU sets out = x·Φ(x), Φ the standard normal distribution function (Hendrycks and Gimpel 2016): the exact form, not
// the tanh approximation. The slices have one length; out may be x.
func GELU(out, x []float32) {
	wantLen("GELU", "x", x, len(out))
	Range(len(out), elementGrain, func(lo, hi int) { vec.GELU(out[lo:hi], x[lo:hi]) })
}

// GELUGrad sets dx = dy·gelu'(x). The slices have one length; dx may be dy or x.
func GELUGrad(dx, dy, x []float32) {
	wantLen("GELUGrad", "dy", dy, len(dx))
	wantLen("GELUGrad", "x", x, len(dx))
	Range(len(dx), elementGrain, func(lo, hi int) { vec.GELUGrad(dx[lo:hi], dy[lo:hi], x[lo:hi]) })
}

// Clamp limits x to [lo, hi]. The slices have one length; out may be x.
func Clamp(out, x []float32, lo, hi float32) {
	wantLen("Clamp", "x", x, len(out))
	Range(len(out), elementGrain, func(from, to int) {
		vec.Clamp(out[from:to], x[from:to], lo, hi)
	})
}

// ClampGrad sets dx to dy where x is in [lo, hi], to 0 elsewhere. The slices have one length; dx may be dy or x.
func ClampGrad(dx, dy, x []float32, lo, hi float32) {
	wantLen("ClampGrad", "dy", dy, len(dx))
	wantLen("ClampGrad", "x", x, len(dx))
	Range(len(dx), elementGrain, func(from, to int) {
		for i, v := range x[from:to] {
			d := float32(0)
			if lo <= v && v <= hi {
				d = dy[from+i]
			}
			dx[from+i] = d
		}
	})
}

// GEGLU sets out[r,i] = x[r,i]·gelu(x[r,n+i]) for x of shape [rows, 2n] and out of shape [rows, n] (Shazeer 2020): the
// first half of a row is the value, the second the gate, as in diffusers. out must not overlap x.
func GEGLU(out, x []float32, rows, n int) {
	wantLen("GEGLU", "out", out, rows*n)
	wantLen("GEGLU", "x", x, rows*2*n)
	Range(rows, rowGrain(2*n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row, y := x[r*2*n:][:2*n], out[r*n:][:n]
			vec.GELU(y, row[n:])
			vec.Mul(y, y, row[:n])
		}
	})
}

// GEGLUGrad sets dx, of shape [rows, 2n] like x, to the gradient of [GEGLU] for dy of shape [rows, n]. dx must not
// overlap x or dy.
func GEGLUGrad(dx, dy, x []float32, rows, n int) {
	wantLen("GEGLUGrad", "dx", dx, rows*2*n)
	wantLen("GEGLUGrad", "dy", dy, rows*n)
	wantLen("GEGLUGrad", "x", x, rows*2*n)
	Range(rows, rowGrain(2*n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			value, gate, d := x[r*2*n:][:n], x[r*2*n+n:][:n], dy[r*n:][:n]
			dvalue, dgate := dx[r*2*n:][:n], dx[r*2*n+n:][:n]
			vec.GELU(dvalue, gate)
			vec.Mul(dvalue, dvalue, d)
			vec.Mul(dgate, d, value)
			vec.GELUGrad(dgate, dgate, gate)
		}
	})
}

// rowGrain is the number of rows of the given width that make up one piece of work.
func rowGrain(width int) int { return max(1, elementGrain/max(1, width)) }

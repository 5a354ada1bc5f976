package cuda

import (
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// quickGELU is the factor of CLIP's stand-in for GELU.
const quickGELU = 1.702

// SiLUForward sets out = x·σ(x), σ the logistic function. The slices have one length; out may be x.
func (d *Device) SiLUForward(out, x []float32) { d.swish("SiLUForward", out, x, 1) }

// SiLUGrad sets dx = dy·silu'(x). The slices have one length; dx may be dy or x.
func (d *Device) SiLUGrad(dx, dy, x []float32) { d.swishGrad("SiLUGrad", dx, dy, x, 1) }

// QuickGELU sets out = x·σ(1.702x), the activation of OpenAI's CLIP. The slices have one length; out may be x.
func (d *Device) QuickGELU(out, x []float32) { d.swish("QuickGELU", out, x, quickGELU) }

// QuickGELUGrad sets dx = dy·quickgelu'(x). The slices have one length; dx may be dy or x.
func (d *Device) QuickGELUGrad(dx, dy, x []float32) {
	d.swishGrad("QuickGELUGrad", dx, dy, x, quickGELU)
}

// activate applies act to x. It is a kernel of its own.
func (d *Device) activate(x []float32, act kernels.Activation) {
	switch act {
	case kernels.SiLU:
		d.SiLUForward(x, x)
	case kernels.ReLU:
		d.Clamp(x, x, 0, float32(math.Inf(1)))
	case kernels.ReLU6:
		d.Clamp(x, x, 0, 6)
	}
}

func (d *Device) swish(op string, out, x []float32, beta float32) {
	wantLen(op, "x", x, len(out))
	d.overElements("swish_forward", len(out), address(out), address(x), beta, int64(len(out)))
}

func (d *Device) swishGrad(op string, dx, dy, x []float32, beta float32) {
	wantLen(op, "dy", dy, len(dx))
	wantLen(op, "x", x, len(dx))
	d.overElements("swish_grad", len(dx), address(dx), address(dy), address(x), beta, int64(len(dx)))
}

// GELU sets out = x·Φ(x), Φ the standard normal distribution function: the exact form, not the tanh approximation. The
// slices have one length; out may be x.
func (d *Device) GELU(out, x []float32) {
	wantLen("GELU", "x", x, len(out))
	d.overElements("gelu_forward", len(out), address(out), address(x), int64(len(out)))
}

// GELUGrad sets dx = dy·gelu'(x). The slices have one length; dx may be dy or x.
func (d *Device) GELUGrad(dx, dy, x []float32) {
	wantLen("GELUGrad", "dy", dy, len(dx))
	wantLen("GELUGrad", "x", x, len(dx))
	d.overElements("gelu_grad", len(dx), address(dx), address(dy), address(x), int64(len(dx)))
}

// GEGLU sets out[r,i] = x[r,i]·gelu(x[r,n+i]) for x of shape [rows, 2n] and out of shape [rows, n]. out must not
// overlap x.
func (d *Device) GEGLU(out, x []float32, rows, n int) {
	wantLen("GEGLU", "out", out, rows*n)
	wantLen("GEGLU", "x", x, rows*2*n)
	d.overElements("geglu_forward", len(out), address(out), address(x), int64(len(out)), int32(n))
}

// GEGLUGrad sets dx, of shape [rows, 2n] like x, to the gradient of [Device.GEGLU] for dy of shape [rows, n]. dx may be
// x, and must not overlap dy.
func (d *Device) GEGLUGrad(dx, dy, x []float32, rows, n int) {
	wantLen("GEGLUGrad", "dx", dx, rows*2*n)
	wantLen("GEGLUGrad", "dy", dy, rows*n)
	wantLen("GEGLUGrad", "x", x, rows*2*n)
	d.overElements("geglu_grad", len(dy), address(dx), address(dy), address(x), int64(len(dy)), int32(n))
}

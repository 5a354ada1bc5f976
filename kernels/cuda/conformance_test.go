//go:build unix

package cuda

import (
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

// TestConformance runs the kernels through the suite that every implementation passes, with every access checked.
func TestConformance(t *testing.T) {
	for _, precision := range []format{f32, f16, bf16} {
		t.Run(precision.String(), func(t *testing.T) {
			t.Parallel()
			kerneltest.Run(t, emulated(t, true, precision).functions())
		})
	}
	t.Run("skewed", func(t *testing.T) {
		t.Parallel()
		h := emulated(t, true, f32)
		h.skewed = true
		kerneltest.Run(t, h.functions())
	})
}

// one and two make kernels of the suite of functions of the device that take so many operands.
func (h onHost) one(f func(out, x []float32)) func(out, x []float32) {
	return func(out, x []float32) { h.run(many{out}, many{x}, func(r, o many) { f(r[0], o[0]) }) }
}

func (h onHost) two(f func(out, a, b []float32)) func(out, a, b []float32) {
	return func(out, a, b []float32) { h.run(many{out}, many{a, b}, func(r, o many) { f(r[0], o[0], o[1]) }) }
}

func (h onHost) elements(f *kerneltest.Functions) {
	f.Add, f.Mul = h.two(h.Add), h.two(h.Mul)
	f.SiLUForward, f.GELU, f.QuickGELU = h.one(h.SiLUForward), h.one(h.GELU), h.one(h.QuickGELU)
	f.SiLUGrad, f.GELUGrad, f.QuickGELUGrad = h.two(h.SiLUGrad), h.two(h.GELUGrad), h.two(h.QuickGELUGrad)
	f.Scale = func(out, x []float32, by float32) {
		h.one(func(out, x []float32) { h.Scale(out, x, by) })(out, x)
	}
	f.AddScaled = func(out, x []float32, by float32) {
		h.run(many{out}, many{out, x}, func(r, o many) { h.AddScaled(r[0], o[1], by) })
	}
	f.Copy = h.one(h.Copy)
	f.Fill = func(out []float32, v float32) {
		h.run(many{out}, many{}, func(r, _ many) { h.Fill(r[0], v) })
	}
	f.Affine = func(out, x []float32, factor, offset float32) {
		h.one(func(out, x []float32) { h.Affine(out, x, factor, offset) })(out, x)
	}
	f.Clamp = func(out, x []float32, lo, hi float32) {
		h.one(func(out, x []float32) { h.Clamp(out, x, lo, hi) })(out, x)
	}
	f.ClampGrad = func(dx, dy, x []float32, lo, hi float32) {
		h.two(func(dx, dy, x []float32) { h.ClampGrad(dx, dy, x, lo, hi) })(dx, dy, x)
	}
	f.GEGLU = func(out, x []float32, rows, n int) {
		h.one(func(out, x []float32) { h.GEGLU(out, x, rows, n) })(out, x)
	}
	f.GEGLUGrad = func(dx, dy, x []float32, rows, n int) {
		h.two(func(dx, dy, x []float32) { h.GEGLUGrad(dx, dy, x, rows, n) })(dx, dy, x)
	}
}

func (h onHost) reductions(f *kerneltest.Functions) {
	f.Dot, f.ScaleBy, f.OneMinusMaxGrad = h.two(h.Dot), h.two(h.ScaleBy), h.two(h.OneMinusMaxGrad)
	f.Mean, f.MeanGrad, f.OneMinusMax = h.one(h.Mean), h.one(h.MeanGrad), h.one(h.OneMinusMax)
	f.Largest = func(out []float32, x [][]float32) {
		h.run(many{out}, x, func(r, o many) { h.Largest(r[0], o) })
	}
	f.LargestGrad = func(dx, dy []float32, x [][]float32, i int) {
		h.run(many{dx}, append(many{dy}, x...), func(r, o many) { h.LargestGrad(r[0], o[0], o[1:], i) })
	}
	f.CosineSimilarity = func(out, a, b []float32, rows, c int) {
		h.two(func(out, a, b []float32) { h.CosineSimilarity(out, a, b, rows, c) })(out, a, b)
	}
	f.CosineSimilarityGrad = func(da, dy, a, b []float32, rows, c int) {
		h.run(many{da}, many{dy, a, b}, func(r, o many) { h.CosineSimilarityGrad(r[0], o[0], o[1], o[2], rows, c) })
	}
	f.Waves = func(out, t, frequencies []float32, sin, cos int) {
		h.two(func(out, t, f []float32) { h.Waves(out, t, f, sin, cos) })(out, t, frequencies)
	}
}

func (h onHost) rows(f *kerneltest.Functions) {
	f.AffineChannels = func(out, x, factor, offset []float32, rows, c int) {
		h.run(many{out}, many{x, factor, offset}, func(r, o many) { h.AffineChannels(r[0], o[0], o[1], o[2], rows, c) })
	}
	f.AddRows = func(out, x, t []float32, b, rows, c int) {
		h.two(func(out, x, t []float32) { h.AddRows(out, x, t, b, rows, c) })(out, x, t)
	}
	f.SumRows = func(out, x []float32, b, rows, c int) {
		h.one(func(out, x []float32) { h.SumRows(out, x, b, rows, c) })(out, x)
	}
	f.Softmax = func(out, x []float32, rows, n int) {
		h.one(func(out, x []float32) { h.Softmax(out, x, rows, n) })(out, x)
	}
	f.SoftmaxGrad = func(dx, dy, y []float32, rows, n int) {
		h.two(func(dx, dy, y []float32) { h.SoftmaxGrad(dx, dy, y, rows, n) })(dx, dy, y)
	}
	f.LayerNorm = func(out, x, gamma, beta []float32, rows, c int, eps float32) {
		h.run(many{out}, many{x, gamma, beta}, func(r, o many) { h.LayerNorm(r[0], o[0], o[1], o[2], rows, c, eps) })
	}
	f.LayerNormGrad = func(dx, dy, x, gamma []float32, rows, c int, eps float32) {
		h.run(many{dx}, many{dy, x, gamma}, func(r, o many) { h.LayerNormGrad(r[0], o[0], o[1], o[2], rows, c, eps) })
	}
	f.GroupNorm = func(out, x, gamma, beta []float32, b, hw, c, groups int, eps float32, act kernels.Activation) {
		h.run(many{out}, many{x, gamma, beta}, func(r, o many) {
			h.GroupNorm(r[0], o[0], o[1], o[2], b, hw, c, groups, eps, act)
		})
	}
	f.GroupNormGrad = func(dx, dy, x, gamma, beta []float32, b, hw, c, groups int, eps float32,
		act kernels.Activation) {
		h.run(many{dx}, many{dy, x, gamma, beta}, func(r, o many) {
			h.GroupNormGrad(r[0], o[0], o[1], o[2], o[3], b, hw, c, groups, eps, act)
		})
	}
}

func (h onHost) shapes(f *kerneltest.Functions) {
	f.UpsampleNearest = func(out, x []float32, b, height, w, c, factor int) {
		h.one(func(out, x []float32) { h.UpsampleNearest(out, x, b, height, w, c, factor) })(out, x)
	}
	f.UpsampleNearestGrad = func(dx, dy []float32, b, height, w, c, factor int) {
		h.one(func(dx, dy []float32) { h.UpsampleNearestGrad(dx, dy, b, height, w, c, factor) })(dx, dy)
	}
	f.ConcatChannels = func(out []float32, rows int, parts [][]float32, widths []int) {
		h.run(many{out}, parts, func(r, o many) { h.ConcatChannels(r[0], rows, o, widths) })
	}
	f.SplitChannels = func(part, x []float32, rows, total, offset, width int) {
		h.one(func(part, x []float32) { h.SplitChannels(part, x, rows, total, offset, width) })(part, x)
	}
	f.SplitChannelsGrad = func(dx, dy []float32, rows, total, offset, width int) {
		h.one(func(dx, dy []float32) { h.SplitChannelsGrad(dx, dy, rows, total, offset, width) })(dx, dy)
	}
	f.ChannelsLast = func(out, x []float32, b, c, hw int) {
		h.one(func(out, x []float32) { h.ChannelsLast(out, x, b, c, hw) })(out, x)
	}
	f.ChannelsFirst = func(out, x []float32, b, c, hw int) {
		h.one(func(out, x []float32) { h.ChannelsFirst(out, x, b, c, hw) })(out, x)
	}
	f.Resample = func(out, x []float32, b, height, w, c int, rows, cols kernels.Taps) {
		h.one(func(out, x []float32) { h.Resample(out, x, b, height, w, c, rows, cols) })(out, x)
	}
}

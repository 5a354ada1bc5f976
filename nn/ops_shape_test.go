package nn

import (
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

var shapeCases = []opCase{
	{"reshape", unary(func(x *G.Node) *G.Node { return SiLU(Reshape(x, 5, 6)) }), shapes(gt.Shape{2, 3, 5}),
		each(func(x float64) float64 { return x * sigmoid(x) })},
	{"channels last", unary(ChannelsLast), shapes(gt.Shape{2, 3, 2, 5}), func(in [][]float32) []float32 {
		return at3(2, 10, 3, func(b, p, c int) float32 { return in[0][(b*3+c)*10+p] })
	}},
	{"channels first", unary(func(x *G.Node) *G.Node { return ChannelsFirst(x, 2, 5) }), shapes(gt.Shape{2, 10, 3}), func(in [][]float32) []float32 {
		return at3(2, 3, 10, func(b, c, p int) float32 { return in[0][(b*10+p)*3+c] })
	}},
	{"concat", func(_ *Build, in G.Nodes) *G.Node { return Concat(in[0], in[1], in[0]) }, shapes(gt.Shape{2, 3, 1}, gt.Shape{2, 3, 4}), func(in [][]float32) []float32 {
		return at3(2, 3, 6, func(b, p, c int) float32 {
			if c == 0 || c == 5 {
				return in[0][b*3+p]
			}
			return in[1][(b*3+p)*4+c-1]
		})
	}},
	{"slice channels", unary(func(x *G.Node) *G.Node { return SliceChannels(x, 1, 4) }), shapes(gt.Shape{2, 3, 5}), func(in [][]float32) []float32 {
		return at3(2, 3, 3, func(b, p, c int) float32 { return in[0][(b*3+p)*5+c+1] })
	}},
	{"slice positions", unary(func(x *G.Node) *G.Node { return SlicePositions(x, 1, 3) }), shapes(gt.Shape{2, 4, 3}), func(in [][]float32) []float32 {
		return at3(2, 2, 3, func(b, p, c int) float32 { return in[0][(b*4+p+1)*3+c] })
	}},
	{"gather positions", unary(func(x *G.Node) *G.Node { return GatherPositions(x, [][]int{{0, 2}, {2, 1}, {0, 0}}) }), shapes(gt.Shape{2, 4, 3}), func(in [][]float32) []float32 {
		return at3(6, 2, 3, func(b, p, c int) float32 { return in[0][(b/3*4+[]int{0, 2, 2, 1, 0, 0}[b%3*2+p])*3+c] })
	}},
	{"batch entries", unary(func(x *G.Node) *G.Node { return Entries(x, 1, 0, 1) }), shapes(gt.Shape{3, 2, 2}), func(in [][]float32) []float32 {
		return at3(3, 2, 2, func(b, p, c int) float32 { return in[0][[]int{1, 0, 1}[b]*4+p*2+c] })
	}},
	{"upsample", unary(func(x *G.Node) *G.Node { return Upsample(x, 2, 3, 2) }), shapes(gt.Shape{2, 6, 3}), func(in [][]float32) []float32 {
		return at3(2, 24, 3, func(b, p, c int) float32 { return in[0][(b*6+p/6/2*3+p%6/2)*3+c] })
	}},
	{"resample", unary(func(x *G.Node) *G.Node {
		return Resample(x, 4, 3, kernels.BilinearTaps(4, 7), kernels.BilinearTaps(3, 2))
	}), shapes(gt.Shape{2, 12, 3}), func(in [][]float32) []float32 {
		return resampled(in[0], 2, 3, kernels.BilinearTaps(4, 7), kernels.BilinearTaps(3, 2))
	}},
	{"bicubic resize", unary(func(x *G.Node) *G.Node { return BicubicResize(x, 8, 6, 3, 5, true) }), shapes(gt.Shape{1, 48, 2}), func(in [][]float32) []float32 {
		return resampled(in[0], 1, 2, kernels.BicubicTaps(8, 3, true), kernels.BicubicTaps(6, 5, true))
	}},
	{"gaussian smooth", unary(func(x *G.Node) *G.Node { return GaussianSmooth(x, 4, 5, 3, StandardGaussian(0.5)) }), shapes(gt.Shape{1, 20, 2}), func(in [][]float32) []float32 {
		taps := func(n int) kernels.Taps {
			return kernels.GaussianTaps(n, 3, func(d float64) float64 { return math.Exp(-2 * d * d) })
		}
		return resampled(in[0], 1, 2, taps(4), taps(5))
	}},
}

// at3 is the tensor [b, n, c] with the elements that f gives.
func at3(b, n, c int, f func(b, n, c int) float32) []float32 {
	var out []float32
	for i := range b {
		for j := range n {
			for k := range c {
				out = append(out, f(i, j, k))
			}
		}
	}
	return out
}

// resampled applies two filters to [batch, positions, c] as matrices.
func resampled(x []float32, batch, c int, rows, cols kernels.Taps) []float32 {
	return at3(batch, rows.Out*cols.Out, c, func(b, p, ch int) float32 {
		r, q := p/cols.Out, p%cols.Out
		sum := 0.0
		for i, wr := range rows.Weight[r] {
			for j, wc := range cols.Weight[q] {
				at := (b*rows.In+rows.Start[r]+i)*cols.In + cols.Start[q] + j
				sum += float64(wr) * float64(wc) * float64(x[at*c+ch])
			}
		}
		return float32(sum)
	})
}

// A linear operation's gradient is its adjoint: ⟨A·x, y⟩ = ⟨x, Aᵀ·y⟩.
func TestResampleAdjoint(t *testing.T) {
	for _, c := range []struct {
		name       string
		rows, cols kernels.Taps
	}{
		{"bicubic up", kernels.BicubicTaps(4, 9, false), kernels.BicubicTaps(3, 8, false)},
		{"bicubic down", kernels.BicubicTaps(16, 5, false), kernels.BicubicTaps(9, 1, false)},
		{"bicubic down, antialiased", kernels.BicubicTaps(16, 5, true), kernels.BicubicTaps(9, 2, true)},
		{"gaussian", kernels.GaussianTaps(6, 3, StandardGaussian(0.5)), kernels.GaussianTaps(5, 5, StandardGaussian(2))},
	} {
		t.Run(c.name, func(t *testing.T) {
			const batch, channels = 2, 3
			x := normal(1, batch*c.rows.In*c.cols.In*channels)
			shape := gt.Shape{batch, c.rows.In * c.cols.In, channels}
			p := compile(t, withInputs(unary(func(x *G.Node) *G.Node {
				return Resample(x, c.rows.In, c.cols.In, c.rows, c.cols)
			}), []*gt.Dense{dense(x, shape)}, []int{0}))
			out := runNumbers(t, p, map[string]*gt.Dense{"in0": dense(x, shape)})
			left := inner(out[0], normal(99, len(out[0])))
			right := inner(x, out[1])
			if math.Abs(left-right) > 1e-5*(1+math.Abs(left)) {
				t.Errorf("⟨A·x, y⟩ = %g, ⟨x, Aᵀ·y⟩ = %g", left, right)
			}
		})
	}
}

func inner(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

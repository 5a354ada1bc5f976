package nn

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

// layerCases are the operations that hold weights.
func layerCases(t *testing.T) []opCase {
	type layers struct {
		Linear, Bare Linear
		Group        GroupNorm
		Layer        LayerNorm
		Position     Embedding
		Token        *Weight
	}
	l := loaded(t, layers{
		Linear: NewLinear(5, 7), Bare: NewLinearNoBias(5, 7),
		Group: NewGroupNorm(6, 3, 1e-5), Layer: NewLayerNorm(5, 1e-5),
		Position: NewEmbedding(4, 5), Token: NewWeight(5),
	})
	cases := []opCase{
		{"linear", unary(l.Linear.Forward), shapes(gt.Shape{2, 3, 5}), func(in [][]float32) []float32 {
			return linearOf(in[0], l.Linear.Weight, l.Linear.Bias, nil)
		}},
		{"linear of a row", unary(l.Linear.Forward), shapes(gt.Shape{1, 5}), func(in [][]float32) []float32 {
			return linearOf(in[0], l.Linear.Weight, l.Linear.Bias, nil)
		}},
		{"linear without bias", unary(l.Bare.Forward), shapes(gt.Shape{3, 5}), func(in [][]float32) []float32 {
			return linearOf(in[0], l.Bare.Weight, nil, nil)
		}},
		{"linear plus residual", binary(l.Linear.ForwardAdd), shapes(gt.Shape{2, 3, 5}, gt.Shape{2, 3, 7}), func(in [][]float32) []float32 {
			return linearOf(in[0], l.Linear.Weight, l.Linear.Bias, in[1])
		}},
		{"linear without bias plus residual", binary(l.Bare.ForwardAdd), shapes(gt.Shape{2, 3, 5}, gt.Shape{2, 3, 7}), func(in [][]float32) []float32 {
			return linearOf(in[0], l.Bare.Weight, nil, in[1])
		}},
		{"group norm", unary(func(x *G.Node) *G.Node { return l.Group.Forward(FeatureMap{x, 5, 1}).X }), shapes(gt.Shape{2, 5, 6}), func(in [][]float32) []float32 {
			return grouped(in[0], 2, 5, l.Group)
		}},
		{"group norm and silu", unary(func(x *G.Node) *G.Node { return l.Group.ForwardSiLU(FeatureMap{x, 5, 1}).X }), shapes(gt.Shape{2, 5, 6}), func(in [][]float32) []float32 {
			return each(func(x float64) float64 { return x * sigmoid(x) })([][]float32{grouped(in[0], 2, 5, l.Group)})
		}},
		{"layer norm", unary(l.Layer.Forward), shapes(gt.Shape{2, 3, 5}), func(in [][]float32) []float32 {
			one := GroupNorm{Weight: l.Layer.Weight, Bias: l.Layer.Bias, Groups: 1, Epsilon: l.Layer.Epsilon}
			return grouped(in[0], 6, 1, one)
		}},
		{"add positions", unary(l.Position.AddPositions), shapes(gt.Shape{2, 3, 5}), func(in [][]float32) []float32 {
			return at3(2, 3, 5, func(b, p, c int) float32 { return in[0][(b*3+p)*5+c] + l.Position.Weight.Float32()[p*5+c] })
		}},
		{"prepend token", unary(func(x *G.Node) *G.Node { return PrependToken(l.Token, x) }), shapes(gt.Shape{2, 3, 5}), func(in [][]float32) []float32 {
			return at3(2, 4, 5, func(b, p, c int) float32 {
				if p == 0 {
					return l.Token.Float32()[c]
				}
				return in[0][(b*3+p-1)*5+c]
			})
		}},
	}
	return append(cases, convCases(t)...)
}

func convCases(t *testing.T) []opCase {
	var cases []opCase
	for _, c := range []struct {
		kh, kw, stride int
		pad            kernels.Padding
		h, w           int
	}{
		{3, 3, 1, kernels.Pad(1), 4, 5},
		{3, 3, 2, kernels.Pad(1), 6, 5},
		{3, 3, 2, kernels.Padding{Bottom: 1, Right: 1}, 6, 4},
		{1, 1, 1, kernels.Padding{}, 3, 4},
		{1, 1, 1, kernels.Padding{Top: 1, Right: 2}, 3, 4},
		{1, 1, 2, kernels.Padding{}, 5, 4},
		{2, 2, 2, kernels.Padding{}, 4, 6},
		{2, 3, 1, kernels.Padding{Top: 1, Left: 2, Right: 1}, 4, 3},
		{1, 4, 2, kernels.Padding{Bottom: 1, Left: 3}, 3, 6},
	} {
		l := loaded(t, Conv2D{Weight: NewWeight(4, 3, c.kh, c.kw), Bias: NewWeight(4), Stride: c.stride, Pad: c.pad})
		h, w := (c.h+c.pad.Top+c.pad.Bottom-c.kh)/c.stride+1, (c.w+c.pad.Left+c.pad.Right-c.kw)/c.stride+1
		name := fmt.Sprintf("convolution %d×%d, stride %d, padding %v", c.kh, c.kw, c.stride, c.pad)
		x, y := gt.Shape{2, c.h * c.w, 3}, gt.Shape{2, h * w, 4}
		cases = append(cases,
			opCase{name, unary(func(x *G.Node) *G.Node { return sized(l.Forward(FeatureMap{x, c.h, c.w}), h, w) }), shapes(x),
				func(in [][]float32) []float32 { return convolved(in[0], 2, c.h, c.w, h, w, l, nil) }},
			opCase{name + ", residual", binary(func(x, r *G.Node) *G.Node { return sized(l.ForwardAdd(FeatureMap{x, c.h, c.w}, r), h, w) }), shapes(x, y),
				func(in [][]float32) []float32 { return convolved(in[0], 2, c.h, c.w, h, w, l, in[1]) }})
	}
	return cases
}

// A fused activation has the result and the gradients of one of its own.
func TestFusedActivations(t *testing.T) {
	six := func(x *G.Node) *G.Node { return Clamp(x, 0, 6) }
	in := []*gt.Dense{dense(normal(1, 2*20*3), gt.Shape{2, 20, 3}), dense(normal(2, 2*20*4), gt.Shape{2, 20, 4})}
	for act, apart := range map[kernels.Activation]func(x *G.Node) *G.Node{kernels.ReLU: ReLU, kernels.ReLU6: six, kernels.SiLU: SiLU} {
		for _, size := range []int{1, 3} {
			plain := loaded(t, NewConv2D(3, 4, size, 1))
			values := plain.Weight.Float32()
			for i := range values {
				values[i] *= 4 // for some results to be above 6
			}
			fused := plain
			fused.Act = act
			both := [2][][]float32{}
			for i, build := range []forward{
				binary(func(x, r *G.Node) *G.Node { return fused.ForwardAdd(FeatureMap{x, 4, 5}, r).X }),
				binary(func(x, r *G.Node) *G.Node { return apart(plain.ForwardAdd(FeatureMap{x, 4, 5}, r).X) }),
			} {
				both[i] = runNumbers(t, compile(t, withInputs(build, in, every(2))), byName(in))
			}
			for i, got := range both[0] {
				checkClose(t, fmt.Sprintf("%v of %d×%d: output %d", act, size, size, i), got, both[1][i], 1e-6)
			}
		}
	}
}

// sized panics unless m is a picture of h×w.
func sized(m FeatureMap, h, w int) *G.Node {
	if m.H != h || m.W != w {
		panic(fmt.Sprintf("picture of %d×%d, want %d×%d", m.H, m.W, h, w))
	}
	return m.X
}

// linearOf is x·wᵀ + bias + residual.
func linearOf(x []float32, w, bias *Weight, residual []float32) []float32 {
	n, k := w.Shape()[0], w.Shape()[1]
	return at3(1, len(x)/k, n, func(_, r, c int) float32 {
		sum := inner(x[r*k:(r+1)*k], w.Float32()[c*k:(c+1)*k])
		if bias != nil {
			sum += float64(bias.Float32()[c])
		}
		if residual != nil {
			sum += float64(residual[r*n+c])
		}
		return float32(sum)
	})
}

func convolved(x []float32, batch, h, w, ho, wo int, l Conv2D, residual []float32) []float32 {
	s := l.Weight.Shape()
	out, in, kh, kw := s[0], s[1], s[2], s[3]
	return at3(batch, ho*wo, out, func(b, p, o int) float32 {
		sum := float64(l.Bias.Float32()[o])
		for c := range in {
			for ky := range kh {
				for kx := range kw {
					y, x0 := p/wo*l.Stride-l.Pad.Top+ky, p%wo*l.Stride-l.Pad.Left+kx
					if y >= 0 && y < h && x0 >= 0 && x0 < w {
						sum += float64(l.Weight.Float32()[((o*in+c)*kh+ky)*kw+kx]) * float64(x[((b*h+y)*w+x0)*in+c])
					}
				}
			}
		}
		if residual != nil {
			sum += float64(residual[(b*ho*wo+p)*out+o])
		}
		return activated(l.Act, sum)
	})
}

func activated(act kernels.Activation, x float64) float32 {
	switch act {
	case kernels.SiLU:
		x *= sigmoid(x)
	case kernels.ReLU:
		x = max(x, 0)
	case kernels.ReLU6:
		x = min(max(x, 0), 6)
	}
	return float32(x)
}

// grouped is the group norm of x [b, n, C].
func grouped(x []float32, batch, n int, l GroupNorm) []float32 {
	c := l.Weight.Shape()[0]
	size := c / l.Groups
	return at3(batch, n, c, func(b, p, ch int) float32 {
		var sum, squares float64
		for q := range n {
			for k := range size {
				v := float64(x[(b*n+q)*c+ch/size*size+k])
				sum, squares = sum+v, squares+v*v
			}
		}
		count := float64(n * size)
		mean := sum / count
		std := math.Sqrt(squares/count - mean*mean + float64(l.Epsilon))
		return float32((float64(x[(b*n+p)*c+ch])-mean)/std*float64(l.Weight.Float32()[ch]) + float64(l.Bias.Float32()[ch]))
	})
}

// Weights in half precision go through the same operations.
func TestHalfPrecisionWeights(t *testing.T) {
	for _, dtype := range []gt.Dtype{tensor.Float16, tensor.BFloat16} {
		type layers struct {
			Linear Linear
			Conv   Conv2D
			Norm   GroupNorm
		}
		l := layers{NewLinear(4, 6), NewConv2D(6, 4, 3, 1), NewGroupNorm(4, 2, 1e-5)}
		if err := Randomize(&l, 3, dtype); err != nil {
			t.Fatal(err)
		}
		checkGrad(t, unary(func(x *G.Node) *G.Node {
			m := FeatureMap{l.Linear.Forward(l.Norm.Forward(FeatureMap{x, 3, 3}).X), 3, 3}
			return l.Conv.ForwardAdd(m, x).X
		}), gt.Shape{2, 9, 4})
	}
}

func TestEmbedding(t *testing.T) {
	table := loaded(t, NewEmbedding(10, 3))
	in := []*gt.Dense{dense([]float32{9, 0, 3, 3}, gt.Shape{2, 2})}
	got := runNumbers(t, compile(t, withInputs(unary(table.Lookup), in, nil)), byName(in))
	want := at3(1, 4, 3, func(_, i, c int) float32 { return table.Weight.Float32()[[]int{9, 0, 3, 3}[i]*3+c] })
	checkSame(t, "rows", got, [][]float32{want})
}

func TestSelectPositions(t *testing.T) {
	in := []*gt.Dense{dense(normal(1, 24), gt.Shape{2, 4, 3}), vector1(3, 1)}
	build := binary(SelectPositions)
	got := runNumbers(t, compile(t, withInputs(build, in, nil)), byName(in))
	x := numbers(t, in)[0]
	checkSame(t, "positions", got, [][]float32{append(append([]float32(nil), x[9:12]...), x[15:18]...)})
	checkGradAt(t, build, in, []int{0})
}

// From diffusers: get_timestep_embedding(t, 4, flip_sin_to_cos, downscale_freq_shift).
func TestTimestepEmbedding(t *testing.T) {
	f := func(v float64) float32 { return float32(v) }
	for _, c := range []struct {
		flip  bool
		shift float64
		want  []float32
	}{
		{true, 0, []float32{f(math.Cos(2)), f(math.Cos(0.02)), f(math.Sin(2)), f(math.Sin(0.02))}},
		{false, 0, []float32{f(math.Sin(2)), f(math.Sin(0.02)), f(math.Cos(2)), f(math.Cos(0.02))}},
		{false, 1, []float32{f(math.Sin(2)), f(math.Sin(0.0002)), f(math.Cos(2)), f(math.Cos(0.0002))}},
	} {
		in := []*gt.Dense{vector1(2)}
		p := compile(t, withInputs(unary(func(x *G.Node) *G.Node { return TimestepEmbedding(x, 4, c.flip, c.shift) }), in, nil))
		checkClose(t, fmt.Sprintf("flip %v, shift %g", c.flip, c.shift), runNumbers(t, p, byName(in))[0], c.want, 1e-6)
	}
}

func TestAct(t *testing.T) {
	// 1·Φ(1), 1·sigmoid(1.702), 1·sigmoid(1)
	for name, want := range map[string]float32{"gelu": 0.84134475, "quick_gelu": 0.8457958, "silu": 0.7310586, "swish": 0.7310586} {
		act, err := Act(name)
		if err != nil {
			t.Fatal(err)
		}
		p := compile(t, withInputs(unary(act), []*gt.Dense{vector1(1)}, nil))
		checkClose(t, name, runNumbers(t, p, map[string]*gt.Dense{"in0": vector1(1)})[0], []float32{want}, 1e-6)
	}
	if _, err := Act("mish"); err == nil {
		t.Error("an unknown activation is no error")
	}
}

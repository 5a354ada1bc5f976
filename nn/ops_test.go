package nn

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// opCase is an operation, the shapes of its inputs and the same thing computed
// naively.
type opCase struct {
	name   string
	build  forward
	shapes []gt.Shape
	want   func(in [][]float32) []float32
}

func TestOps(t *testing.T) {
	for _, group := range [][]opCase{activationCases, arithmeticCases, shapeCases, reduceCases, layerCases(t)} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) { checkOp(t, c) })
		}
	}
}

// checkOp compares an operation's result with the naive one, its gradient with
// finite differences, and both with gorgonia's machine bit for bit.
func checkOp(t *testing.T, c opCase) {
	in := randomTensors(c.shapes)
	got := runNumbers(t, compile(t, withInputs(c.build, in, nil)), byName(in))
	checkClose(t, "forward", got[0], c.want(numbers(t, in)), 2e-6)
	checkGradAt(t, c.build, in, every(len(in)))
	both := withInputs(c.build, in, every(len(in)))
	checkSame(t, "against gorgonia's machine", runNumbers(t, compile(t, both), byName(in)), onTapeMachine(t, both, byName(in)))
}

// each is a reference that works number by number.
func each(f func(x float64) float64) func([][]float32) []float32 {
	return func(in [][]float32) []float32 {
		out := make([]float32, len(in[0]))
		for i, x := range in[0] {
			out[i] = float32(f(float64(x)))
		}
		return out
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func geluOf(x float64) float64 { return x * 0.5 * (1 + math.Erf(x/math.Sqrt2)) }

func unary(f func(*G.Node) *G.Node) forward {
	return func(_ *Build, in G.Nodes) *G.Node { return f(in[0]) }
}

func binary(f func(a, b *G.Node) *G.Node) forward {
	return func(_ *Build, in G.Nodes) *G.Node { return f(in[0], in[1]) }
}

func shapes(s ...gt.Shape) []gt.Shape { return s }

var activationCases = []opCase{
	{"silu", unary(SiLU), shapes(gt.Shape{2, 3, 7}), each(func(x float64) float64 { return x * sigmoid(x) })},
	{"gelu", unary(GELU), shapes(gt.Shape{2, 3, 7}), each(geluOf)},
	{"quick gelu", unary(QuickGELU), shapes(gt.Shape{5, 5}), each(func(x float64) float64 { return x * sigmoid(1.702*x) })},
	{"geglu", unary(GEGLU), shapes(gt.Shape{2, 3, 10}), func(in [][]float32) []float32 {
		var out []float32
		for at := 0; at < len(in[0]); at += 10 {
			for i := range 5 {
				out = append(out, float32(float64(in[0][at+i])*geluOf(float64(in[0][at+5+i]))))
			}
		}
		return out
	}},
	{"softmax", unary(Softmax), shapes(gt.Shape{2, 3, 7}), func(in [][]float32) []float32 { return softmaxRows(in[0], 7) }},
	{"softmax of one", unary(Softmax), shapes(gt.Shape{3, 1}), func(in [][]float32) []float32 { return softmaxRows(in[0], 1) }},
}

func softmaxRows(x []float32, n int) []float32 {
	var out []float32
	for at := 0; at < len(x); at += n {
		sum := 0.0
		for _, v := range x[at : at+n] {
			sum += math.Exp(float64(v))
		}
		for _, v := range x[at : at+n] {
			out = append(out, float32(math.Exp(float64(v))/sum))
		}
	}
	return out
}

var arithmeticCases = []opCase{
	{"add", binary(Add), shapes(gt.Shape{2, 3, 5}, gt.Shape{2, 3, 5}), func(in [][]float32) []float32 {
		return zip(in, func(a, b float64) float64 { return a + b })
	}},
	{"multiply", binary(Mul), shapes(gt.Shape{2, 3, 5}, gt.Shape{2, 3, 5}), func(in [][]float32) []float32 {
		return zip(in, func(a, b float64) float64 { return a * b })
	}},
	{"square by multiply", unary(func(x *G.Node) *G.Node { return Mul(x, x) }), shapes(gt.Shape{7}),
		each(func(x float64) float64 { return x * x })},
	{"add to itself", unary(func(x *G.Node) *G.Node { return Add(x, x) }), shapes(gt.Shape{7}),
		each(func(x float64) float64 { return 2 * x })},
	{"add scalars", binary(Add), shapes(gt.Shape{}, gt.Shape{}), func(in [][]float32) []float32 {
		return zip(in, func(a, b float64) float64 { return a + b })
	}},
	{"add broadcast", binary(AddBroadcast), shapes(gt.Shape{2, 3, 5}, gt.Shape{2, 5}), func(in [][]float32) []float32 {
		out := make([]float32, 30)
		for i := range out {
			out[i] = in[0][i] + in[1][i/15*5+i%5]
		}
		return out
	}},
	{"affine", unary(func(x *G.Node) *G.Node { return Affine(x, -1.5, 0.25) }), shapes(gt.Shape{3, 3}),
		each(func(x float64) float64 { return -1.5*x + 0.25 })},
	{"scale", unary(func(x *G.Node) *G.Node { return Scale(x, 0.3) }), shapes(gt.Shape{3, 3}),
		each(func(x float64) float64 { return float64(float32(0.3)) * x })},
	{"add constants", unary(func(x *G.Node) *G.Node { return AddConstant(x, []float32{1, 0, -2}) }), shapes(gt.Shape{1, 3}),
		func(in [][]float32) []float32 { return []float32{in[0][0] + 1, in[0][1], in[0][2] - 2} }},
	{"multiply by constants", unary(func(x *G.Node) *G.Node { return MulConstant(x, []float32{1, 0, -2}) }), shapes(gt.Shape{1, 3}),
		func(in [][]float32) []float32 { return []float32{in[0][0], 0, -2 * in[0][2]} }},
	{"affine channels", unary(func(x *G.Node) *G.Node { return AffineChannels(x, []float32{2, 3}, []float32{-1, 4}) }), shapes(gt.Shape{2, 3, 2}),
		func(in [][]float32) []float32 {
			out := make([]float32, 12)
			for i, x := range in[0] {
				out[i] = []float32{2*x - 1, 3*x + 4}[i%2]
			}
			return out
		}},
	{"scale by", binary(scaleBy), shapes(gt.Shape{}, gt.Shape{2, 5}), func(in [][]float32) []float32 {
		out := make([]float32, 10)
		for i, x := range in[1] {
			out[i] = in[0][0] * x
		}
		return out
	}},
}

func zip(in [][]float32, f func(a, b float64) float64) []float32 {
	out := make([]float32, len(in[0]))
	for i := range out {
		out[i] = float32(f(float64(in[0][i]), float64(in[1][i])))
	}
	return out
}

package nn

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

var reduceCases = []opCase{
	{"mean over the first axis", unary(func(x *G.Node) *G.Node { return MeanAxis(x, 0) }), shapes(gt.Shape{3, 2, 5}), func(in [][]float32) []float32 {
		return at3(1, 2, 5, func(_, i, j int) float32 { return (in[0][i*5+j] + in[0][10+i*5+j] + in[0][20+i*5+j]) / 3 })
	}},
	{"mean over the middle axis", unary(func(x *G.Node) *G.Node { return MeanAxis(x, 1) }), shapes(gt.Shape{3, 2, 5}), func(in [][]float32) []float32 {
		return at3(1, 3, 5, func(_, i, j int) float32 { return (in[0][i*10+j] + in[0][i*10+5+j]) / 2 })
	}},
	{"mean over the last axis", unary(func(x *G.Node) *G.Node { return MeanAxis(x, 1) }), shapes(gt.Shape{3, 2}), func(in [][]float32) []float32 {
		return at3(1, 1, 3, func(_, _, i int) float32 { return (in[0][2*i] + in[0][2*i+1]) / 2 })
	}},
	{"mean", unary(Mean), shapes(gt.Shape{3, 2, 5}), func(in [][]float32) []float32 {
		sum := 0.0
		for _, v := range in[0] {
			sum += float64(v)
		}
		return []float32{float32(sum / 30)}
	}},
	{"dot", binary(Dot), shapes(gt.Shape{3, 7}, gt.Shape{3, 7}), func(in [][]float32) []float32 {
		return []float32{float32(inner(in[0], in[1]))}
	}},
	{"dot with itself", unary(func(x *G.Node) *G.Node { return Dot(x, x) }), shapes(gt.Shape{7}), func(in [][]float32) []float32 {
		return []float32{float32(inner(in[0], in[0]))}
	}},
	{"cosine similarity", binary(CosineSimilarity), shapes(gt.Shape{3, 7}, gt.Shape{3, 7}), func(in [][]float32) []float32 {
		sum := 0.0
		for at := 0; at < 21; at += 7 {
			a, b := in[0][at:at+7], in[1][at:at+7]
			sum += inner(a, b) / math.Sqrt(inner(a, a)*inner(b, b))
		}
		return []float32{float32(sum / 3)}
	}},
	{"largest", func(_ *Build, in G.Nodes) *G.Node { return Largest(in...) }, shapes(gt.Shape{}, gt.Shape{}, gt.Shape{}), func(in [][]float32) []float32 {
		return []float32{max(in[0][0], in[1][0], in[2][0])}
	}},
}

// gradientAt is build's value at in and its gradients, for a scalar build.
func gradientAt(t *testing.T, build forward, in ...*gt.Dense) [][]float32 {
	t.Helper()
	p := compile(t, func(b *Build) []*G.Node {
		var nodes G.Nodes
		for i, d := range in {
			nodes = append(nodes, b.Input([]string{"in0", "in1", "in2"}[i], d.Shape()...))
		}
		y := build(b, nodes)
		return append([]*G.Node{y}, b.Grad(y, nodes...)...)
	})
	return runNumbers(t, p, byName(in))
}

func vector1(v ...float32) *gt.Dense { return dense(v, gt.Shape{len(v)}) }

func scalarOf(v float32) *gt.Dense { return gt.New(gt.FromScalar(v)) }

// Where a function has a corner, the gradient is the one that PyTorch gives.
func TestCorners(t *testing.T) {
	clamp := unary(func(x *G.Node) *G.Node { return Mean(Clamp(x, -1, 2)) })
	largest := func(_ *Build, in G.Nodes) *G.Node { return Largest(in...) }
	for _, c := range []struct {
		name  string
		build forward
		in    []*gt.Dense
		want  [][]float32
	}{
		{"1 - max", unary(OneMinusMax), []*gt.Dense{vector1(0.25, 0.5, 0.125)}, [][]float32{{0.5}, {0, -1, 0}}},
		{"1 - max, ties share", unary(OneMinusMax), []*gt.Dense{vector1(0.5, 0.25, 0.5, 0.5)}, [][]float32{{0.5}, {-1 / 3.0, 0, -1 / 3.0, -1 / 3.0}}},
		{"1 - max, all zero", unary(OneMinusMax), []*gt.Dense{vector1(0, 0)}, [][]float32{{1}, {-0.5, -0.5}}},
		{"1 - max, negative", unary(OneMinusMax), []*gt.Dense{vector1(-3, -2)}, [][]float32{{3}, {0, -1}}},
		{"1 - max above 1", unary(OneMinusMax), []*gt.Dense{vector1(1.5, 0.5)}, [][]float32{{-0.5}, {-1, 0}}},
		{"relu", unary(func(x *G.Node) *G.Node { return Mean(ReLU(x)) }), []*gt.Dense{vector1(-1, 0, 2, 4)}, [][]float32{{1.5}, {0, 0, 0.25, 0.25}}},
		{"clamp", clamp, []*gt.Dense{vector1(-3, -1, 0, 2, 5)}, [][]float32{{0.4}, {0, 0.2, 0.2, 0.2, 0}}},
		{"largest", largest, []*gt.Dense{scalarOf(1), scalarOf(3), scalarOf(2)}, [][]float32{{3}, {0}, {1}, {0}}},
		{"largest, ties", largest, []*gt.Dense{scalarOf(1), scalarOf(3), scalarOf(3)}, [][]float32{{3}, {0}, {1}, {0}}},
		{"cosine of parallels", binary(CosineSimilarity), []*gt.Dense{vector1(3, 4), vector1(6, 8)}, [][]float32{{1}, {0, 0}, {0, 0}}},
		{"cosine of a right angle", binary(CosineSimilarity), []*gt.Dense{vector1(2, 0), vector1(0, 4)}, [][]float32{{0}, {0, 0.5}, {0.25, 0}}},
		{"cosine with zero", binary(CosineSimilarity), []*gt.Dense{vector1(0, 0), vector1(0, 4)}, [][]float32{{0}, {0, 1e8}, {0, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := gradientAt(t, c.build, c.in...)
			for i := range c.want {
				scale := 1.0
				for _, v := range c.want[i] {
					scale = max(scale, math.Abs(float64(v)))
				}
				for k, want := range c.want[i] {
					if d := math.Abs(float64(got[i][k] - want)); !(d <= 1e-6*scale) {
						t.Errorf("value %d is %v, want %v", i, got[i], c.want[i])
						break
					}
				}
			}
		})
	}
}

func TestNaNStays(t *testing.T) {
	nan := float32(math.NaN())
	for name, build := range map[string]forward{
		"1 - max": unary(OneMinusMax),
		"clamp":   unary(func(x *G.Node) *G.Node { return Mean(Clamp(x, -1, 1)) }),
		"relu":    unary(func(x *G.Node) *G.Node { return Mean(ReLU(x)) }),
		"mean":    unary(Mean),
		"softmax": unary(func(x *G.Node) *G.Node { return Mean(Softmax(x)) }),
	} {
		p := compile(t, withInputs(build, []*gt.Dense{vector1(1, nan, 2)}, nil))
		got := runNumbers(t, p, map[string]*gt.Dense{"in0": vector1(1, nan, 2)})
		if v := got[0][0]; v == v {
			t.Errorf("%s of [1, NaN, 2] is %g, want NaN", name, v)
		}
	}
}

package nn

import (
	"errors"
	"math"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// TestBatchNorm compares a folded norm with the norm behind the layer, of every precision that files have. One channel
// has no variance, one next to none and one a large one: float16 would lose the last two.
func TestBatchNorm(t *testing.T) {
	const in, out = 3, 4
	gamma, beta := []float32{1, -2, 0.5, 3}, []float32{0.25, 0, -1, 2}
	mean, variance := []float32{0.5, -1, 200, 0}, []float32{1, 0, 9e4, 1e-6}
	x := normal(1, 2*in)
	for _, epsilon := range []float64{1e-5, 1e-3} {
		for _, dtype := range []gt.Dtype{gt.Float32, tensor.Float16} {
			for _, bias := range [][]float32{nil, {1, 2, 3, -4}} {
				l := Linear{Weight: NewWeight(out, in)}
				l.Weight.bind("conv.weight", tensor.FromFloat32sAs(dtype, normal(2, out*in), out, in))
				if bias != nil {
					l.Bias = NewWeight(out)
					l.Bias.bind("conv.bias", tensor.FromFloat32s(bias, out))
				}
				n := NewBatchNorm(out, epsilon)
				for w, v := range map[*Weight][]float32{n.Weight: gamma, n.Bias: beta, n.RunningMean: mean, n.RunningVar: variance} {
					w.bind("bn", tensor.FromFloat32s(v, out))
				}
				var f Linear
				f.Weight, f.Bias = n.Fold(l.Weight, l.Bias)
				got := runOn(t, x, gt.Shape{2, in}, f.Forward)
				plain := runOn(t, x, gt.Shape{2, in}, l.Forward)
				for i, y := range plain {
					c := i % out
					want := (float64(y)-float64(mean[c]))/math.Sqrt(float64(variance[c])+epsilon)*float64(gamma[c]) + float64(beta[c])
					if d := math.Abs(float64(got[i]) - want); d > 3e-6*max(1, math.Abs(want)) {
						t.Errorf("ε %g, %v, bias %v: %d is %g, want %g", epsilon, dtype, bias, i, got[i], want)
					}
				}
				if w, b := n.Fold(l.Weight, l.Bias); w != f.Weight || b != f.Bias {
					t.Error("the second Fold computes everything again")
				}
				if f.Weight.Name() != "conv.weight" {
					t.Errorf("the folded weight is called %q", f.Weight.Name())
				}
			}
		}
	}
}

func runOn(t *testing.T, x []float32, shape gt.Shape, f func(*G.Node) *G.Node) []float32 {
	t.Helper()
	p := compile(t, func(b *Build) []*G.Node { return G.Nodes{f(b.Input("x", shape...))} })
	out, err := p.Run(t.Context(), map[string]*gt.Dense{"x": dense(x, shape)})
	if err != nil {
		t.Fatal(err)
	}
	return out[0].Data().([]float32)
}

// TestBatchNormConvolution folds into a convolution of 3×3, whose numbers are reordered and not kept twice.
func TestBatchNormConvolution(t *testing.T) {
	type layers struct {
		Conv Conv2D
		Norm *BatchNorm
	}
	m := &layers{Conv2D{Weight: NewWeight(2, 3, 3, 3), Stride: 1}, NewBatchNorm(2, 1e-5)}
	if err := Randomize(m, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	for c, v := range m.Norm.RunningVar.Float32() {
		if v < 0.5 {
			t.Errorf("the random variance of channel %d is %g", c, v)
		}
	}
	w, _ := m.Norm.Fold(m.Conv.Weight, nil)
	got, plain, scale := elementsOf(w.Conv()), elementsOf(m.Conv.Weight.Conv()), m.Norm.scale()
	for i, v := range plain {
		if want := float32(scale[i/27] * float64(v)); got[i] != want {
			t.Fatalf("%d is %g, want %g", i, got[i], want)
		}
	}
}

func TestBatchNormMisuse(t *testing.T) {
	n := NewBatchNorm(2, 1e-5)
	for _, c := range []struct{ weight, bias *Weight }{
		{NewWeight(3, 2), nil}, {NewWeight(), nil}, {NewWeight(2, 3), NewWeight(3)},
	} {
		_, err := Compile(func(b *Build) []*G.Node {
			n.Fold(c.weight, c.bias)
			return G.Nodes{b.Input("x", 1)}
		})
		if err == nil || !strings.Contains(err.Error(), "a batch norm of 2 channels is not that of the weight") {
			t.Errorf("%v", err)
		}
	}
}

// TestNegativeVariance has it in the list of what does not fit.
func TestNegativeVariance(t *testing.T) {
	n := &struct{ Bn1 *BatchNorm }{NewBatchNorm(2, 1e-5)}
	two := func(a, b float32) *gt.Dense { return tensor.FromFloat32s([]float32{a, b}, 2) }
	weights := source{"bn1.weight": two(-1, 1), "bn1.bias": two(-1, 1), "bn1.running_mean": two(-1, 1), "bn1.running_var": two(1, -0.5)}
	const want = "1 a variance below zero:\n  bn1.running_var: -0.5 at [1]"
	if err := Load(t.Context(), n, weights); !errors.Is(err, tensor.ErrDamaged) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
	weights["bn1.running_var"] = two(1, 0)
	if err := Load(t.Context(), n, weights); err != nil {
		t.Error(err)
	}
}

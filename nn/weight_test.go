package nn

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

func elementsOf(e kernels.Elements) []float32 {
	v := make([]float32, e.Len())
	e.Float32(v)
	return v
}

// TestWeight asks for a convolution's numbers in all their forms, from several
// goroutines, in every precision.
func TestWeight(t *testing.T) {
	for _, dtype := range []gt.Dtype{gt.Float32, tensor.Float16, tensor.BFloat16} {
		w := NewWeight(2, 3, 2, 2)
		w.bind("conv.weight", counting(dtype, 2, 3, 2, 2))
		plain := tensor.Float32s(counting(gt.Float32, 24))
		var reordered []float32 // [out][tap][in]
		for out := range 2 {
			for tap := range 4 {
				for in := range 3 {
					reordered = append(reordered, plain[out*12+in*4+tap])
				}
			}
		}
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if diff := cmp.Diff(plain, elementsOf(w.Elements())); diff != "" {
					t.Errorf("%v: Elements (-want +got):\n%s", dtype, diff)
				}
				if diff := cmp.Diff(plain, w.Float32()); diff != "" {
					t.Errorf("%v: Float32 (-want +got):\n%s", dtype, diff)
				}
				if diff := cmp.Diff(reordered, elementsOf(w.Conv())); diff != "" {
					t.Errorf("%v: Conv (-want +got):\n%s", dtype, diff)
				}
			})
		}
		wait.Wait()
		if first, second := w.Float32(), w.Float32(); &first[0] != &second[0] {
			t.Errorf("%v: Float32 converts every time", dtype)
		}
	}
}

// TestWeightForgetsItsOldValue loads a weight a second time.
func TestWeightForgetsItsOldValue(t *testing.T) {
	w := NewWeight(1, 2, 1, 1)
	for _, v := range [][]float32{{1, 2}, {3, 4}} {
		w.bind("w", tensor.FromFloat32sAs(tensor.Float16, v, 1, 2, 1, 1))
		for _, got := range [][]float32{w.Float32(), elementsOf(w.Conv()), elementsOf(w.Elements())} {
			if diff := cmp.Diff(v, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}

func TestWeightMisuse(t *testing.T) {
	empty, linear, conv := NewWeight(3, 2), NewWeight(3, 2), NewWeight(1, 2, 2, 3)
	linear.bind("linear", counting(gt.Float32, 3, 2))
	conv.bind("conv", counting(gt.Float32, 1, 2, 2, 3))
	if empty.Loaded() || empty.Value() != nil || !linear.Loaded() {
		t.Error("Loaded is wrong")
	}
	for name, c := range map[string]struct {
		misuse func()
		want   string
	}{
		"Elements": {func() { empty.Elements() }, "shape (3, 2) is used before it is loaded"},
		"Float32":  {func() { empty.Float32() }, "shape (3, 2) is used before it is loaded"},
		"Conv":     {func() { empty.Conv() }, "shape (3, 2) is used before it is loaded"},
		"linear":   {func() { linear.Conv() }, "weight linear of shape (3, 2) is not that of a convolution"},
		"deep":     {func() { empty.Depthwise() }, "shape (3, 2) is used before it is loaded"},
		"flat":     {func() { linear.Depthwise() }, "weight linear of shape (3, 2) is not that of a convolution"},
		"full":     {func() { conv.Depthwise() }, "weight conv of shape (1, 2, 2, 3) is not that of a depthwise convolution"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r, _ := recover().(string); !strings.Contains(r, c.want) {
					t.Errorf("panic %q, want %q", r, c.want)
				}
			}()
			c.misuse()
		})
	}
}

// TestKeepPacked: a model's products are the same to the bit, and stay so when its weights are loaded again.
func TestKeepPacked(t *testing.T) {
	type layers struct {
		Linear Linear
		Conv   Conv2D
		Small  Conv2D
		Depth  Depthwise2D
	}
	l := layers{NewLinear(4, 6), NewConv2D(6, 8, 3, 1), NewConv2D(8, 4, 1, 1), NewDepthwise2D(4, 3, 1)}
	l.Small.Act = kernels.ReLU
	if err := KeepPacked(l); err == nil {
		t.Error("a struct that is no pointer is no error")
	}
	in := []*gt.Dense{dense(normal(1, 36), gt.Shape{1, 9, 4})}
	p := func() *Program {
		return compile(t, withInputs(unary(func(x *G.Node) *G.Node {
			return l.Depth.Forward(l.Small.Forward(l.Conv.Forward(FeatureMap{l.Linear.Forward(x), 3, 3}))).X
		}), in, nil))
	}
	results := func() (all [][][]float32) {
		for _, seed := range []uint64{1, 2, 2} {
			if err := Randomize(&l, seed, tensor.Float16); err != nil {
				t.Fatal(err)
			}
			all = append(all, runNumbers(t, p(), byName(in)))
		}
		return all
	}
	want := results()
	if err := KeepPacked(&l); err != nil {
		t.Fatal(err)
	}
	for i, got := range results() {
		checkSame(t, "kept", got, want[i])
	}
	if !l.Linear.Weight.keep || !l.Conv.Weight.keep || !l.Small.Weight.keep || l.Depth.Weight.keep || l.Linear.Bias.keep {
		t.Error("other weights are kept packed than those of products")
	}
	folded, _ := NewBatchNorm(8, 1e-5).Fold(l.Conv.Weight, nil)
	if !folded.keep {
		t.Error("a folded weight is not kept packed")
	}
}

func TestPrepare(t *testing.T) {
	m := newRandomModel()
	if err := Prepare(m); err == nil || !strings.Contains(err.Error(), "is not loaded") {
		t.Errorf("without values: error %v", err)
	}
	if err := Prepare(*m); err == nil {
		t.Error("a struct that is no pointer was prepared")
	}
	drawn := 0
	if err := Randomize(m, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	value := m.Conv.Weight.value
	m.Conv.Weight.bindTo("conv", func() *gt.Dense { drawn++; return value() })
	if err := Prepare(m); err != nil || drawn != 1 {
		t.Errorf("error %v, value asked for %d times, want once", err, drawn)
	}
	if m.Conv.Weight.Conv(); drawn != 1 {
		t.Error("Conv made it anew")
	}
}

package nn

import (
	"errors"
	"slices"
	"testing"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/tensor"
)

// held is a source in memory.
type held map[string]*gt.Dense

func (h held) Names() []string                    { return nil }
func (h held) Get(name string) (*gt.Dense, error) { return h[name], nil }

// TestPieces finds parts of tensors and transposed ones, in every dtype, and says what is no part.
func TestPieces(t *testing.T) {
	numbers := []float32{1, 2, 3, 4, 5, 6}
	for _, dtype := range []gt.Dtype{gt.Float32, tensor.Float16, tensor.BFloat16} {
		src := Pieces(held{"qkv": tensor.FromFloat32sAs(dtype, numbers, 3, 2), "scalar": tensor.FromFloat32s([]float32{1})}, map[string]Piece{
			"k": {Name: "qkv", Part: 1, Parts: 3}, "all": {Name: "qkv"}, "turned": {Name: "qkv", Transposed: true},
			"half": {Name: "qkv", Parts: 2}, "of a scalar": {Name: "scalar", Parts: 1}, "missing": {Name: "x", Parts: 3},
		})
		for name, want := range map[string][]float32{"k": {3, 4}, "all": numbers, "turned": {1, 3, 5, 2, 4, 6}} {
			d, err := src.Get(name)
			if err != nil {
				t.Fatal(err)
			}
			if got := tensor.Float32s(d); d.Dtype() != dtype || !slices.Equal(got, want) {
				t.Errorf("%s of %v: %v, want %v", name, dtype, got, want)
			}
		}
		for _, name := range []string{"half", "of a scalar"} {
			if _, err := src.Get(name); !errors.Is(err, tensor.ErrDamaged) {
				t.Errorf("%s: error %v", name, err)
			}
		}
		if _, err := src.Get("unknown"); err == nil {
			t.Error("a tensor that is not there")
		}
		if !slices.Contains(src.Names(), "turned") {
			t.Errorf("names %v", src.Names())
		}
	}
}

// TestLayerScale folds factors into a layer's outputs.
func TestLayerScale(t *testing.T) {
	both := loaded(t, struct {
		Linear Linear
		Scale  *LayerScale
	}{NewLinear(3, 2), NewLayerScale(2)})
	l, s := both.Linear, both.Scale
	folded := s.Fold(l)
	for c, f := range s.Lambda1.Float32() {
		for i, v := range l.Weight.Float32()[c*3:][:3] {
			if got := folded.Weight.Float32()[c*3+i]; got != v*f {
				t.Errorf("weight %d, %d is %v, want %v", c, i, got, v*f)
			}
		}
		if got := folded.Bias.Float32()[c]; got != l.Bias.Float32()[c]*f {
			t.Errorf("bias %d is %v", c, got)
		}
	}
	if again := s.Fold(l); again != folded {
		t.Error("other weights at the second time")
	}
	defer func() {
		if recover() == nil {
			t.Error("a scale of 2 channels is folded into 3")
		}
	}()
	s.Fold(NewLinear(2, 3))
}

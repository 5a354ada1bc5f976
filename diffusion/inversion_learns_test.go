package diffusion_test

import (
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// fixed are words that do not learn.
type fixed []float32

func (f fixed) Parameters() []diffusion.Parameter {
	return []diffusion.Parameter{{Name: "vectors", Shape: []int{len(f)}, Values: f}}
}
func (f fixed) Vectors([]float32, int, int) []float32                { return f }
func (f fixed) Backward([]float32, int, int, []float32, [][]float32) {}

// scratched is the small model's picture with a white bar across it, and where that is.
func scratched() diffusion.Example {
	picture := images.ForModel(demo.Picture())
	n := picture.Shape()[3]
	mask := make([]float32, n*n)
	for y := 52; y < 64; y++ {
		for x := 36; x < 92; x++ {
			mask[y*n+x] = 1
			for c := range 3 {
				tensor.Float32s(picture)[c*n*n+y*n+x] = 0.95
			}
		}
	}
	return diffusion.Example{Picture: picture, Mask: mask}
}

// TestInvertLearns has the small model know a defect better by the learned word than by the one that it began as: the
// losses of the same draws are lower.
func TestInvertLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the model for seconds")
	}
	p, err := demo.Open(t.Context(), diffusion.WithoutCLIP())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	examples := []diffusion.Example{scratched()}
	o := diffusion.DefaultInversion()
	o.Word, o.Initial, o.Templates = "<bar>", "scratch", []string{"a photo of a hazelnut with a {} on it"}
	o.Steps, o.Rate, o.Seed = 80, 0.01, 11
	learned, err := diffusion.Invert(t.Context(), p, examples, o)
	if err != nil {
		t.Fatal(err)
	}
	initial, err := p.WordVectors(t.Context(), "scratch")
	if err != nil {
		t.Fatal(err)
	}
	d := initial.Shape()[1]
	o.Steps, o.Seed = 20, 12
	losses := func(vectors []float32) (sum float32) {
		v, err := diffusion.NewInversionOf(t.Context(), p, examples, fixed(vectors), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range v.Steps(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, l := range v.Losses() {
			sum += l
		}
		return sum
	}
	before := losses(slices.Repeat(tensor.Float32s(initial)[:d], 4))
	after := losses(tensor.Float32s(learned.Vectors))
	t.Logf("loss %.3g before, %.3g after", before, after)
	if !(after < 0.8*before) {
		t.Errorf("the loss of the same draws is %.3g with the initial word and %.3g with the learned one, want a fifth less", before, after)
	}
}

package vision

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestLPIPS has the squared differences of features be lpips's distances: of each layer, and all together.
func TestLPIPS(t *testing.T) {
	network, g := loaded(t, "vgg16")
	heads := make([][]float32, len(lpipsTaps))
	for i := range heads {
		heads[i] = g.numbers(t, fmt.Sprint("lin", i))
	}
	l, err := newLPIPS(network.(*VGG16), heads)
	if err != nil {
		t.Fatal(err)
	}
	seen := func(name string) (features [][]float32) {
		x, h, w := g.pixels(t, name)
		l.Scaling().Scale(x)
		for _, d := range run(t, tensor.FromFloat32s(x, 1, h*w, 3), func(b *nn.Build, in *G.Node) []*G.Node {
			return l.Features(b, nn.FeatureMap{X: in, H: h, W: w})
		}) {
			features = append(features, slices.Clone(tensor.Float32s(d)))
		}
		return features
	}
	a, b := seen("a"), seen("b")
	got := make([]float32, len(a)+1)
	for i := range a {
		for k, v := range a[i] {
			got[i] += (v - b[i][k]) * (v - b[i][k])
		}
		got[len(a)] += got[i]
	}
	for i, want := range g.numbers(t, "distances") { // those of deep layers are small with random weights
		if e := math.Abs(float64(got[i]-want)) / float64(want); !(e < 1e-4) {
			t.Errorf("distance %d is %g, want %g: %.2g of it", i, got[i], want, e)
		}
	}
}

// TestLPIPSHeads has as many published weights as the network has channels, as their authors clip them.
func TestLPIPSHeads(t *testing.T) {
	l, err := NewLPIPS(NewVGG16())
	if err != nil {
		t.Fatal(err)
	}
	for i, channels := range []int{64, 128, 256, 512, 512} {
		if head := l.heads[i]; len(head) != channels || slices.Min(head) < 0 || slices.Max(head) > 2 {
			t.Errorf("layer %d has %d weights, from %g to %g", i, len(head), slices.Min(head), slices.Max(head))
		}
	}
	if _, err := NewLPIPS(newVGG16(2, 16, 5)); !errors.Is(err, nn.ErrArgument) {
		t.Errorf("a network of half the channels: %v", err)
	}
}

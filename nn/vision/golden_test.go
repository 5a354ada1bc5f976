package vision

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// narrow are networks with fewer channels: those of testdata/NAME.safetensors, by their names.
func narrow() map[string]Network {
	resNet := func(s resNetSizes) Network {
		const by = 32
		s.inner, s.out, s.stem, s.classes = s.inner/by, s.out/by, s.stem/by, 5
		return newResNet(s)
	}
	return map[string]Network{
		"efficientnet_lite0": newEfficientNetLite0(0.1, 5),
		"resnet18":           resNet(resNet18Sizes),
		"wide_resnet50_2":    resNet(wideResNet50Sizes),
	}
}

// golden is a file of testdata, whose tensors under io.* are no weights.
type golden struct{ *tensor.File }

func (g golden) Names() []string {
	var all []string
	for _, n := range g.File.Names() {
		if len(n) < 3 || n[:3] != "io." {
			all = append(all, n)
		}
	}
	return all
}

func openGolden(t *testing.T, name string) golden {
	t.Helper()
	f, err := tensor.Open("testdata/" + name + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return golden{f}
}

// TestGoldens compares layers and logits with those of torchvision and efficientnet-lite-pytorch, of two pictures whose
// sizes are odd. Direct convolutions differ by the order of their sums only.
func TestGoldens(t *testing.T) {
	wanted := map[string][]string{
		"efficientnet_lite0": {"blocks.2", "blocks.4", "blocks.10", "blocks.15"},
		"resnet18":           {"layer1", "layer2", "layer3", "layer4"},
		"wide_resnet50_2":    {"layer1", "layer2", "layer3", "layer4"},
	}
	for name, network := range narrow() {
		g := openGolden(t, name)
		if err := network.Load(t.Context(), g); err != nil {
			t.Fatal(err)
		}
		x, err := g.Get("io.input")
		if err != nil {
			t.Fatal(err)
		}
		h, w := x.Shape()[2], x.Shape()[3]
		layers := wanted[name]
		out := run(t, x, func(b *nn.Build, in *G.Node) []*G.Node {
			picture := nn.FeatureMap{X: nn.ChannelsLast(in), H: h, W: w}
			nodes := []*G.Node{network.Logits(b, picture)}
			for _, m := range network.Features(b, picture, layers...) {
				nodes = append(nodes, nn.ChannelsFirst(m.X, m.H, m.W))
			}
			return nodes
		})
		for i, layer := range append([]string{"logits"}, layers...) {
			want, err := g.Get("io." + layer)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Shape(), out[i].Shape()); diff != "" {
				t.Fatalf("%s: shape of %s (-want +got):\n%s", name, layer, diff)
			}
			if e := relative(tensor.Float32s(out[i]), tensor.Float32s(want)); !(e < 5e-5) {
				t.Errorf("%s: %s differs by %.2g of its largest value", name, layer, e)
			}
		}
	}
}

// run runs a graph once, on the host.
func run(t *testing.T, x *gt.Dense, build func(b *nn.Build, in *G.Node) []*G.Node) []*gt.Dense {
	t.Helper()
	p, err := nn.Compile(func(b *nn.Build) []*G.Node { return build(b, b.Input("x", x.Shape()...)) })
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Run(context.Background(), map[string]*gt.Dense{"x": x})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// relative is the largest difference, as a share of the largest value that is wanted.
func relative(got, want []float32) float64 {
	var worst, largest float64
	for i, v := range want {
		worst = max(worst, math.Abs(float64(got[i])-float64(v)))
		largest = max(largest, math.Abs(float64(v)))
	}
	return worst / largest
}

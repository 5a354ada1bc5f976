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
		"efficientnet_lite0":    newEfficientNetLite0(0.1, 5),
		"inception_v3_fidelity": newInceptionV3(32, 21),
		"resnet18":              resNet(resNet18Sizes),
		"vgg16":                 newVGG16(32, 16, 5),
		"wide_resnet50_2":       resNet(wideResNet50Sizes),
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

// get returns one of the tensors that are no weights.
func (g golden) get(t *testing.T, name string) *gt.Dense {
	t.Helper()
	d, err := g.Get("io." + name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (g golden) numbers(t *testing.T, name string) []float32 {
	t.Helper()
	return tensor.Float32s(g.get(t, name))
}

func (g golden) shape(t *testing.T, name string) gt.Shape {
	t.Helper()
	return g.get(t, name).Shape()
}

// pixels are the levels of a picture [1, 3, height, width], from 0 to 1, one pixel after the other.
func (g golden) pixels(t *testing.T, name string) (values []float32, h, w int) {
	t.Helper()
	s, levels := g.shape(t, name), g.numbers(t, name)
	h, w = s[2], s[3]
	for i := range h * w {
		for c := range 3 {
			values = append(values, levels[c*h*w+i]/255)
		}
	}
	return values, h, w
}

// loaded is a narrow network with the weights of its golden.
func loaded(t *testing.T, name string) (Network, golden) {
	t.Helper()
	network, g := narrow()[name], openGolden(t, name)
	if err := network.Load(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	return network, g
}

// TestGoldens compares layers and logits with those of torchvision and efficientnet-lite-pytorch, of two pictures whose
// sizes are odd. Direct convolutions differ by the order of their sums only.
func TestGoldens(t *testing.T) {
	wanted := map[string][]string{
		"efficientnet_lite0": {"blocks.2", "blocks.4", "blocks.10", "blocks.15"},
		"resnet18":           {"layer1", "layer2", "layer3", "layer4"},
		"vgg16":              {"features.3", "features.8", "features.15", "features.22", "features.29", "features.30"},
		"wide_resnet50_2":    {"layer1", "layer2", "layer3", "layer4"},
	}
	for name, layers := range wanted {
		network, g := loaded(t, name)
		x := tensor.FromFloat32s(g.numbers(t, "input"), g.shape(t, "input")...)
		h, w := x.Shape()[2], x.Shape()[3]
		out := run(t, x, func(b *nn.Build, in *G.Node) []*G.Node {
			picture := nn.FeatureMap{X: nn.ChannelsLast(in), H: h, W: w}
			nodes := []*G.Node{network.(Classifier).Logits(b, picture)}
			for _, m := range network.Features(b, picture, layers...) {
				nodes = append(nodes, nn.ChannelsFirst(m.X, m.H, m.W))
			}
			return nodes
		})
		for i, layer := range append([]string{"logits"}, layers...) {
			want := g.numbers(t, layer)
			if diff := cmp.Diff(g.shape(t, layer), out[i].Shape()); diff != "" {
				t.Fatalf("%s: shape of %s (-want +got):\n%s", name, layer, diff)
			}
			if e := relative(tensor.Float32s(out[i]), want); !(e < 5e-5) {
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

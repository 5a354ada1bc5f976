package vision

import (
	stdcmp "cmp"
	"testing"

	"github.com/google/go-cmp/cmp"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

func random(t *testing.T, name string) Network {
	t.Helper()
	n := narrow()[name]
	if err := nn.Randomize(n, 1, gt.Float32); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestShapes builds every network at its real size, for sizes of which none is a multiple of the strides.
func TestShapes(t *testing.T) {
	type shape struct{ channels, h, w int }
	channels := map[string]int{"efficientnet_lite0": 1280, "inception_v3_fidelity": 2048, "resnet18": 512, "vgg16": 4096, "wide_resnet50_2": 2048}
	classes := map[string]int{"inception_v3_fidelity": 1008}
	least := map[string]int{"inception_v3_fidelity": 75 - 49} // what it cannot do without
	for name, want := range map[string]map[string]shape{
		"efficientnet_lite0": {"blocks.0": {16, 25, 33}, "blocks.2": {24, 13, 17}, "blocks.4": {40, 7, 9}, "blocks.10": {112, 4, 5}, "blocks.15": {320, 2, 3}},
		"inception_v3_fidelity": {
			"MaxPool_1": {64, 17, 21}, "MaxPool_2": {192, 7, 9}, "Mixed_5b": {256, 7, 9}, "Mixed_5c": {288, 7, 9}, "Mixed_5d": {288, 7, 9},
			"Mixed_6a": {768, 3, 4}, "Mixed_6e": {768, 3, 4}, "Mixed_7a": {1280, 1, 1}, "Mixed_7b": {2048, 1, 1}, "Mixed_7c": {2048, 1, 1},
		},
		"vgg16": {
			"features.3": {64, 49, 65}, "features.8": {128, 24, 32}, "features.15": {256, 12, 16}, "features.22": {512, 6, 8}, "features.29": {512, 3, 4},
			"features.30": {512, 1, 2},
		},
		"resnet18":        {"layer1": {64, 13, 17}, "layer2": {128, 7, 9}, "layer3": {256, 4, 5}, "layer4": {512, 2, 3}},
		"wide_resnet50_2": {"layer1": {256, 13, 17}, "layer2": {512, 7, 9}, "layer3": {1024, 4, 5}, "layer4": {2048, 2, 3}},
	} {
		network, err := New(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := nn.Compile(func(b *nn.Build) []*G.Node {
			h, w := 49+least[name], 65+least[name]
			picture := nn.FeatureMap{X: b.Input("x", 2, h*w, 3), H: h, W: w}
			var out []*G.Node
			for layer, s := range want {
				m := network.Features(b, picture, layer)[0]
				if got := m.X.Shape(); m.H != s.h || m.W != s.w || !got.Eq(gt.Shape{2, s.h * s.w, s.channels}) {
					t.Errorf("%s: %s is %d×%d, %v, want %+v", name, layer, m.H, m.W, got, s)
				}
				out = append(out, m.X)
			}
			logits := network.(Classifier).Logits(b, picture)
			if got := logits.Shape(); !got.Eq(gt.Shape{2, stdcmp.Or(classes[name], 1000)}) {
				t.Errorf("%s: logits of shape %v", name, got)
			}
			pooled := network.Pooled(b, picture)
			if got, want := pooled.Shape(), (gt.Shape{2, channels[name]}); !got.Eq(want) {
				t.Errorf("%s: pooled features of shape %v, want %v", name, got, want)
			}
			return append(out, logits, pooled)
		}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFeaturesInAnyOrder has each layer under its name, and nothing computed behind the last one.
func TestFeaturesInAnyOrder(t *testing.T) {
	network := random(t, "resnet18")
	x := gt.New(gt.WithShape(1, 33*40, 3), gt.Of(gt.Float32))
	count := func(layers ...string) (nodes int, channels []int) {
		run(t, x, func(b *nn.Build, in *G.Node) []*G.Node {
			var out []*G.Node
			for _, m := range network.Features(b, nn.FeatureMap{X: in, H: 33, W: 40}, layers...) {
				channels = append(channels, m.X.Shape()[2])
				out = append(out, m.X)
			}
			nodes = len(b.Graph.AllNodes())
			return out
		})
		return nodes, channels
	}
	upTo3, channels := count("layer3", "layer1", "layer3")
	if diff := cmp.Diff([]int{8, 2, 8}, channels); diff != "" {
		t.Errorf("channels (-want +got):\n%s", diff)
	}
	if upTo4, _ := count("layer4"); upTo4 <= upTo3 {
		t.Errorf("%d nodes up to layer3, %d up to layer4", upTo3, upTo4)
	}
}

func TestLayers(t *testing.T) {
	for name, network := range narrow() {
		layers := network.Layers()
		run(t, gt.New(gt.WithShape(1, 75*75, 3), gt.Of(gt.Float32)), func(b *nn.Build, in *G.Node) []*G.Node {
			if err := nn.Randomize(network, 1, gt.Float32); err != nil {
				t.Fatal(err)
			}
			out := network.Features(b, nn.FeatureMap{X: in, H: 75, W: 75}, layers...)
			if len(out) != len(layers) || len(layers) < 4 {
				t.Errorf("%s: %d feature maps of %d layers", name, len(out), len(layers))
			}
			return G.Nodes{out[0].X}
		})
	}
}

// TestOnDevice runs narrow networks on a device whose memory the host cannot read.
func TestOnDevice(t *testing.T) {
	for name := range narrow() {
		network := random(t, name)
		nntest.CheckDevice(t, func(b *nn.Build, in G.Nodes) []*G.Node {
			picture := nn.FeatureMap{X: in[0], H: 75, W: 80}
			return G.Nodes{network.(Classifier).Logits(b, picture), network.Features(b, picture, network.Layers()[2])[0].X}
		}, []*gt.Dense{nntest.Normal(1, 1, 75*80, 3)})
	}
}

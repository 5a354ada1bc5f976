package vision

import (
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestInception takes a picture all the way that torch-fidelity does: resized as TensorFlow 1 did, scaled, through the
// network, to means of its layers and to logits with and without the last bias.
func TestInception(t *testing.T) {
	network, g := loaded(t, "inception_v3_fidelity")
	n := network.(*InceptionV3)
	levels, h, w := g.pixels(t, "picture")
	const side = 299
	x, err := images.ResizeMap(levels, h, w, 3, side, side, images.TensorFlow1Bilinear)
	if err != nil {
		t.Fatal(err)
	}
	n.Scaling().Scale(x)
	out := run(t, tensor.FromFloat32s(x, 1, side*side, 3), func(b *nn.Build, in *G.Node) []*G.Node {
		picture := nn.FeatureMap{X: in, H: side, W: side}
		nodes := []*G.Node{n.Logits(b, picture), n.LogitsUnbiased(b, picture), n.Pooled(b, picture)}
		for _, m := range n.Features(b, picture, "Mixed_6e", "MaxPool_2", "MaxPool_1") {
			nodes = append(nodes, nn.GlobalMean(m))
		}
		return nodes
	})
	for i, name := range []string{"logits", "logits_unbiased", "2048", "768", "192", "64"} {
		if e := relative(tensor.Float32s(out[i]), g.numbers(t, name)); !(e < 2e-5) {
			t.Errorf("%s differs by %.2g of its largest value", name, e)
		}
	}
}

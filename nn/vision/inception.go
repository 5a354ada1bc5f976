package vision

import (
	"context"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
)

// InceptionV3 is the Inception v3 (Szegedy et al., arXiv 1512.00567) that Inception Scores and Fréchet distances are
// computed with: Google's of 2015-12-05, as torch-fidelity has it, with its names, Conv2d_1a_3x3 to Mixed_7c and fc.
// Its weights are torch-fidelity's weights-inception-2015-12-05-6726825d.pth.
//
// torchvision's and timm's have these names, too, and are another network: there the average pools count the padding, the
// last block has one of them in the place of a max pool, and there are 1000 classes.
//
// It sees 299×299 pixels, to which images.TensorFlow1Bilinear resizes a picture, as numbers, before Scaling.
type InceptionV3 struct {
	Conv1a *ConvNorm `weight:"Conv2d_1a_3x3"` // stride 2, 3 to 32; like the others of 3×3 here without padding, but for Conv2b
	Conv2a *ConvNorm `weight:"Conv2d_2a_3x3"`
	Conv2b *ConvNorm `weight:"Conv2d_2b_3x3"` // to 64, and a max pool behind it
	Conv3b *ConvNorm `weight:"Conv2d_3b_1x1"`
	Conv4a *ConvNorm `weight:"Conv2d_4a_3x3"` // to 192, and a max pool behind it

	Mixed5b *InceptionA `weight:"Mixed_5b"` // 35×35 positions
	Mixed5c *InceptionA `weight:"Mixed_5c"`
	Mixed5d *InceptionA `weight:"Mixed_5d"`
	Mixed6a *InceptionB `weight:"Mixed_6a"` // 17×17
	Mixed6b *InceptionC `weight:"Mixed_6b"`
	Mixed6c *InceptionC `weight:"Mixed_6c"`
	Mixed6d *InceptionC `weight:"Mixed_6d"`
	Mixed6e *InceptionC `weight:"Mixed_6e"`
	Mixed7a *InceptionD `weight:"Mixed_7a"` // 8×8
	Mixed7b *InceptionE `weight:"Mixed_7b"`
	Mixed7c *InceptionE `weight:"Mixed_7c"`

	FC nn.Linear `weight:"fc"` // 2048 to 1008 classes: those of ImageNet are number 1 to 1000
}

// inceptionName is the network's.
const inceptionName = "Inception v3 of torch-fidelity"

// NewInceptionV3 returns the network without weights: Load, or nn.Randomize, gives it some.
func NewInceptionV3() *InceptionV3 { return newInceptionV3(1, 1008) }

// newInceptionV3 has all widths divided.
func newInceptionV3(by, classes int) *InceptionV3 {
	w := divided(by)
	n := &InceptionV3{
		Conv1a: w.square(3, 32, 3, 2, 0), Conv2a: w.square(32, 32, 3, 1, 0), Conv2b: w.square(32, 64, 3, 1, 1),
		Conv3b: w.square(64, 80, 1, 1, 0), Conv4a: w.square(80, 192, 3, 1, 0),
		Mixed5b: w.inceptionA(192, 32), Mixed5c: w.inceptionA(256, 64), Mixed5d: w.inceptionA(288, 64),
		Mixed6a: w.inceptionB(288),
		Mixed6b: w.inceptionC(128), Mixed6c: w.inceptionC(160), Mixed6d: w.inceptionC(160), Mixed6e: w.inceptionC(192),
		Mixed7a: w.inceptionD(768),
		Mixed7b: w.inceptionE(1280, averageOfNeighbours), Mixed7c: w.inceptionE(2048, largestOfNeighbours),
		FC: nn.NewLinear(w.of(2048), classes),
	}
	if err := nn.KeepPacked(n); err != nil {
		panic(err) // no two fields have one path
	}
	return n
}

// Scaling returns (level - 128) / 128.
func (n *InceptionV3) Scaling() Scaling {
	const half = 128. / 255
	return Scaling{[3]float32{half, half, half}, [3]float32{half, half, half}}
}

// Layers returns the names that Features takes: "MaxPool_1" and "MaxPool_2", which torch-fidelity calls 64 and 192 by
// their channels, and "Mixed_5b" to "Mixed_7c". Of "MaxPool_1", "MaxPool_2" and "Mixed_6e", with 768 channels, it reads
// the mean over all positions; that of "Mixed_7c" is Pooled.
func (n *InceptionV3) Layers() []string { return names(n.stages()) }

// Features returns what the named layers make of a picture [B, H·W, 3], after their last ReLU or pool, in the order of
// the names. Nothing behind the last one enters the graph. A name that Layers has not, and a picture of another shape or
// of fewer than 75 pixels in height or width, are a panic, which nn.Compile turns into an error.
func (n *InceptionV3) Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap {
	check(inceptionName, picture)
	return features(inceptionName, picture, n.stages(), layers)
}

// Pooled returns the mean of Mixed_7c over all positions, [B, 2048], no number below 0: what fc reads, and what Fréchet
// and kernel Inception distances are of.
func (n *InceptionV3) Pooled(b *nn.Build, picture nn.FeatureMap) *G.Node {
	check(inceptionName, picture)
	return nn.GlobalMean(through(picture, n.stages()))
}

// Logits returns what the network says of each class, [B, 1008], before a softmax.
func (n *InceptionV3) Logits(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return n.FC.Forward(n.Pooled(b, picture))
}

// LogitsUnbiased returns Logits without the bias of fc, [B, 1008]: what torch-fidelity's Inception Score takes the
// softmax of, as the first implementation does (Salimans et al., arXiv 1606.03498).
func (n *InceptionV3) LogitsUnbiased(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return nn.Linear{Weight: n.FC.Weight}.Forward(n.Pooled(b, picture))
}

func (n *InceptionV3) stages() []stage {
	return []stage{
		{"MaxPool_1", func(x nn.FeatureMap) nn.FeatureMap {
			return largestOfSecond(n.Conv2b.forward(n.Conv2a.forward(n.Conv1a.forward(x))))
		}},
		{"MaxPool_2", func(x nn.FeatureMap) nn.FeatureMap { return largestOfSecond(n.Conv4a.forward(n.Conv3b.forward(x))) }},
		{"Mixed_5b", n.Mixed5b.forward}, {"Mixed_5c", n.Mixed5c.forward}, {"Mixed_5d", n.Mixed5d.forward},
		{"Mixed_6a", n.Mixed6a.forward},
		{"Mixed_6b", n.Mixed6b.forward}, {"Mixed_6c", n.Mixed6c.forward}, {"Mixed_6d", n.Mixed6d.forward}, {"Mixed_6e", n.Mixed6e.forward},
		{"Mixed_7a", n.Mixed7a.forward},
		{"Mixed_7b", n.Mixed7b.forward}, {"Mixed_7c", n.Mixed7c.forward},
	}
}

// largestOfSecond is a max pool of 3×3, stride 2.
func largestOfSecond(x nn.FeatureMap) nn.FeatureMap {
	return nn.MaxPool(x, kernels.PoolShape{KH: 3, KW: 3, Stride: 2})
}

// averageOfNeighbours is a mean over 3×3 positions, of those that there are.
func averageOfNeighbours(x nn.FeatureMap) nn.FeatureMap {
	return nn.AveragePool(x, kernels.PoolShape{KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1)})
}

func largestOfNeighbours(x nn.FeatureMap) nn.FeatureMap {
	return nn.MaxPool(x, kernels.PoolShape{KH: 3, KW: 3, Stride: 1, Pad: kernels.Pad(1)})
}

// Load gives the network the weights of a source by torch-fidelity's names. One error, tensor.ErrDamaged, lists all that
// does not fit; of another architecture, such as torchvision's Inception v3, it says which that looks like.
func (n *InceptionV3) Load(ctx context.Context, src nn.Source) error {
	return load(ctx, n, inceptionName, src)
}

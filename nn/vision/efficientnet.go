package vision

import (
	"context"
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
)

// EfficientNetLite0 is the smallest of Google's networks for phones (Tan and Le, arXiv 1905.11946, without
// squeeze-and-excitation and with ReLU6), with the names of efficientnet-lite-pytorch: _conv_stem, _bn0, _blocks.0 to
// _blocks.15, _conv_head, _bn1, a mean over all positions, _fc.
type EfficientNetLite0 struct {
	ConvStem nn.Conv2D      `weight:"_conv_stem"` // 3×3, stride 2, 3 to 32
	Bn0      *nn.BatchNorm  `weight:"_bn0"`
	Blocks   []*MBConvBlock `weight:"_blocks"`
	ConvHead nn.Conv2D      `weight:"_conv_head"` // 1×1, 320 to 1280
	Bn1      *nn.BatchNorm  `weight:"_bn1"`
	FC       nn.Linear      `weight:"_fc"` // to the 1000 classes of ImageNet
}

// MBConvBlock is an inverted bottleneck (Sandler et al., arXiv 1801.04381), _blocks.N: [B, H·W, in] to
// [B, ⌈H/stride⌉·⌈W/stride⌉, out]. ReLU6 comes behind the first two convolutions, and the input is added to the third
// where it has the same shape.
type MBConvBlock struct {
	ExpandConv    *nn.Conv2D     `weight:"_expand_conv"` // 1×1; nil in the first block, which does not expand
	Bn0           *nn.BatchNorm  `weight:"_bn0"`
	DepthwiseConv nn.Depthwise2D `weight:"_depthwise_conv"` // 3×3 or 5×5
	Bn1           *nn.BatchNorm  `weight:"_bn1"`
	ProjectConv   nn.Conv2D      `weight:"_project_conv"` // 1×1
	Bn2           *nn.BatchNorm  `weight:"_bn2"`
}

// liteName is the network's.
const liteName = "EfficientNet-Lite0"

// liteEpsilon is TensorFlow's for all norms.
const liteEpsilon = 1e-3

// liteStages are the runs of equal blocks.
var liteStages = []struct{ kernel, stride, expand, out, repeats int }{
	{3, 1, 1, 16, 1}, {3, 2, 6, 24, 2}, {5, 2, 6, 40, 2}, {3, 2, 6, 80, 3}, {5, 1, 6, 112, 3}, {5, 2, 6, 192, 4}, {3, 1, 6, 320, 1},
}

// NewEfficientNetLite0 returns the network without weights: Load, or nn.Randomize, gives it some; package lite0 has
// trained ones.
func NewEfficientNetLite0() *EfficientNetLite0 { return newEfficientNetLite0(1, 1000) }

// newEfficientNetLite0 has the blocks' widths times a factor, rounded as the reference implementation does.
func newEfficientNetLite0(width float64, classes int) *EfficientNetLite0 {
	const stem, head = 32, 1280
	norm := func(channels int) *nn.BatchNorm { return nn.NewBatchNorm(channels, liteEpsilon) }
	n := &EfficientNetLite0{ConvStem: convolution(3, stem, 3, 2), Bn0: norm(stem)}
	in := stem
	for _, s := range liteStages {
		out, stride := roundChannels(float64(s.out)*width), s.stride
		for range s.repeats {
			inner := in * s.expand
			k := &MBConvBlock{
				DepthwiseConv: depthwise(inner, s.kernel, stride), Bn1: norm(inner),
				ProjectConv: convolution(inner, out, 1, 1), Bn2: norm(out),
			}
			if s.expand > 1 {
				expand := convolution(in, inner, 1, 1)
				k.ExpandConv, k.Bn0 = &expand, norm(inner)
			}
			n.Blocks = append(n.Blocks, k)
			in, stride = out, 1
		}
	}
	n.ConvHead, n.Bn1, n.FC = convolution(in, head, 1, 1), norm(head), nn.NewLinear(head, classes)
	if err := nn.KeepPacked(n); err != nil {
		panic(err) // no two fields have one path
	}
	return n
}

// roundChannels returns the multiple of 8 that is nearest to a number of channels, or the next one where that is less
// than 90 % of it.
func roundChannels(c float64) int {
	const unit = 8
	n := max(unit, int(c+unit/2)/unit*unit)
	if float64(n) < 0.9*c {
		n += unit
	}
	return n
}

// Scaling returns (level - 127) / 128.
func (n *EfficientNetLite0) Scaling() Scaling {
	const mean, deviation = 127. / 255, 128. / 255
	return Scaling{[3]float32{mean, mean, mean}, [3]float32{deviation, deviation, deviation}}
}

// Layers returns the names that Features takes: "blocks.0" to "blocks.15".
func (n *EfficientNetLite0) Layers() []string { return names(n.stages()) }

// Features returns what the named blocks make of a picture [B, H·W, 3], in the order of the names. "blocks.2", "blocks.4",
// "blocks.10" and "blocks.15" are the last ones at a quarter, an eighth, a 16th and a 32nd of the picture's height and
// width, rounded up, with 24, 40, 112 and 320 channels. Nothing behind the last block that is named enters the graph. A
// name that Layers has not, and a picture of another shape, are a panic, which nn.Compile turns into an error.
func (n *EfficientNetLite0) Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap {
	return features(liteName, n.stem(picture), n.stages(), layers)
}

// Pooled returns the mean over all positions behind _conv_head and its ReLU6, [B, 1280], each number from 0 to 6: what _fc
// reads.
func (n *EfficientNetLite0) Pooled(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return nn.GlobalMean(normed(n.ConvHead, n.Bn1, kernels.ReLU6).Forward(through(n.stem(picture), n.stages())))
}

// Logits returns what the network says of each class, [B, 1000], before a softmax.
func (n *EfficientNetLite0) Logits(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return n.FC.Forward(n.Pooled(b, picture))
}

func (n *EfficientNetLite0) stem(picture nn.FeatureMap) nn.FeatureMap {
	check(liteName, picture)
	c := normed(n.ConvStem, n.Bn0, kernels.ReLU6)
	c.Pad = same(picture, c.Weight, c.Stride)
	return c.Forward(picture)
}

func (n *EfficientNetLite0) stages() []stage {
	all := make([]stage, len(n.Blocks))
	for i, k := range n.Blocks {
		all[i] = stage{fmt.Sprint("blocks.", i), k.forward}
	}
	return all
}

func (k *MBConvBlock) forward(x nn.FeatureMap) nn.FeatureMap {
	h := x
	if k.ExpandConv != nil {
		h = normed(*k.ExpandConv, k.Bn0, kernels.ReLU6).Forward(h)
	}
	d := k.DepthwiseConv
	d.Pad, d.Act = same(h, d.Weight, d.Stride), kernels.ReLU6
	d.Weight, d.Bias = k.Bn1.Fold(d.Weight, d.Bias)
	h = d.Forward(h)
	p := normed(k.ProjectConv, k.Bn2, kernels.NoActivation)
	if in, out := x.X.Shape()[2], p.Weight.Shape()[0]; d.Stride == 1 && in == out {
		return p.ForwardAdd(h, x.X)
	}
	return p.Forward(h)
}

// same is TensorFlow's padding "same" for a feature map: as much as the stride needs, the smaller half above and to the
// left.
func same(m nn.FeatureMap, weight *nn.Weight, stride int) kernels.Padding {
	around := func(n, kernel int) (before, after int) {
		total := max(((n+stride-1)/stride-1)*stride+kernel-n, 0)
		return total / 2, total - total/2
	}
	var p kernels.Padding
	p.Top, p.Bottom = around(m.H, weight.Shape()[2])
	p.Left, p.Right = around(m.W, weight.Shape()[3])
	return p
}

// Load gives the network the weights of a source by the names of efficientnet-lite-pytorch, or those of timm's
// tf_efficientnet_lite0. One error, tensor.ErrDamaged, lists all that does not fit; of another architecture it says
// which that looks like.
func (n *EfficientNetLite0) Load(ctx context.Context, src nn.Source) error {
	return load(ctx, n, liteName, src, nn.WithRename(fromTimm))
}

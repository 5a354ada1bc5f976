package vision

import (
	"context"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
)

// ResNet is a residual network (He et al., arXiv 1512.03385; the wide one Zagoruyko and Komodakis, arXiv 1605.07146) as
// torchvision has it: conv1, bn1, a max pool, layer1 to layer4, a mean over all positions, fc. timm's files have the same
// names.
type ResNet struct {
	Conv1                          nn.Conv2D // 7×7, stride 2, 3 to 64
	Bn1                            *nn.BatchNorm
	Layer1, Layer2, Layer3, Layer4 []*Block  // each but the first halves height and width
	FC                             nn.Linear // to the 1000 classes of ImageNet

	name string
}

// Block is a residual block, such as layer1.0, [B, H·W, in] to [B, H/stride·W/stride, out]: two convolutions of 3×3, or a
// bottleneck of 1×1, 3×3 and 1×1, each with its norm. ReLU comes behind each, and behind the last one when the input was
// added. The stride is that of the first 3×3.
type Block struct {
	Conv1      nn.Conv2D
	Bn1        *nn.BatchNorm
	Conv2      nn.Conv2D
	Bn2        *nn.BatchNorm
	Conv3      *nn.Conv2D // of a bottleneck, else nil
	Bn3        *nn.BatchNorm
	Downsample *Downsample // nil where the input is added as it is
}

// Downsample brings a block's input to the shape of its output, layer2.0.downsample.
type Downsample struct {
	Conv nn.Conv2D     `weight:"0"` // 1×1, with the block's stride
	Norm *nn.BatchNorm `weight:"1"`
}

// resNetEpsilon is torchvision's for all norms.
const resNetEpsilon = 1e-5

// resNetSizes are what residual networks differ in.
type resNetSizes struct {
	name       string
	blocks     [4]int
	bottleneck bool
	inner, out int // channels within and behind the blocks of layer1; doubled by each layer
	stem       int
	classes    int
}

var (
	resNet18Sizes     = resNetSizes{name: "ResNet-18", blocks: [4]int{2, 2, 2, 2}, inner: 64, out: 64, stem: 64, classes: 1000}
	wideResNet50Sizes = resNetSizes{name: "Wide ResNet-50-2", blocks: [4]int{3, 4, 6, 3}, bottleneck: true, inner: 128, out: 256, stem: 64, classes: 1000}
)

// NewResNet18 returns a ResNet-18 without weights: Load, or nn.Randomize, gives it some. Its layers have 64, 128, 256 and
// 512 channels.
func NewResNet18() *ResNet { return newResNet(resNet18Sizes) }

// NewWideResNet50 returns a Wide ResNet-50-2 without weights: Load, or nn.Randomize, gives it some. Its layers have 256,
// 512, 1024 and 2048 channels.
func NewWideResNet50() *ResNet { return newResNet(wideResNet50Sizes) }

func newResNet(s resNetSizes) *ResNet {
	n := &ResNet{Conv1: convolution(3, s.stem, 7, 2), Bn1: nn.NewBatchNorm(s.stem, resNetEpsilon), name: s.name}
	in := s.stem
	for i, layer := range []*[]*Block{&n.Layer1, &n.Layer2, &n.Layer3, &n.Layer4} {
		stride := min(i, 1) + 1
		for range s.blocks[i] {
			*layer = append(*layer, newBlock(in, s.inner<<i, s.out<<i, stride, s.bottleneck))
			in, stride = s.out<<i, 1
		}
	}
	n.FC = nn.NewLinear(in, s.classes)
	return n
}

func newBlock(in, inner, out, stride int, bottleneck bool) *Block {
	norm := func(channels int) *nn.BatchNorm { return nn.NewBatchNorm(channels, resNetEpsilon) }
	k := &Block{Bn1: norm(inner)}
	if bottleneck {
		last := convolution(inner, out, 1, 1)
		k.Conv1, k.Conv2, k.Conv3 = convolution(in, inner, 1, 1), convolution(inner, inner, 3, stride), &last
		k.Bn2, k.Bn3 = norm(inner), norm(out)
	} else {
		k.Conv1, k.Conv2, k.Bn2 = convolution(in, inner, 3, stride), convolution(inner, out, 3, 1), norm(out)
	}
	if stride != 1 || in != out {
		k.Downsample = &Downsample{Conv: convolution(in, out, 1, stride), Norm: norm(out)}
	}
	return k
}

// Scaling returns ImageNet.
func (n *ResNet) Scaling() Scaling { return ImageNet }

// Layers returns the names that Features takes: "layer1" to "layer4". Their feature maps are a quarter to a 32nd of the
// picture's height and width, rounded up.
func (n *ResNet) Layers() []string { return names(n.stages()) }

// Features returns what the named layers make of a picture [B, H·W, 3], after the last ReLU of each, in the order of the
// names. Nothing behind the last one enters the graph. A name that Layers has not, and a picture of another shape, are a
// panic, which nn.Compile turns into an error.
func (n *ResNet) Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap {
	return features(n.name, n.stem(picture), n.stages(), layers)
}

// Pooled returns the mean of layer4 over all positions, [B, 512] or [B, 2048], no number below 0: what fc reads.
func (n *ResNet) Pooled(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return nn.GlobalMean(through(n.stem(picture), n.stages()))
}

// Logits returns what the network says of each class, [B, 1000], before a softmax.
func (n *ResNet) Logits(b *nn.Build, picture nn.FeatureMap) *G.Node {
	return n.FC.Forward(n.Pooled(b, picture))
}

// stem is all that comes before layer1.
func (n *ResNet) stem(picture nn.FeatureMap) nn.FeatureMap {
	check(n.name, picture)
	x := normed(n.Conv1, n.Bn1, kernels.ReLU).Forward(picture)
	return nn.MaxPool(x, kernels.PoolShape{KH: 3, KW: 3, Stride: 2, Pad: kernels.Pad(1)})
}

func (n *ResNet) stages() []stage {
	layer := func(name string, blocks []*Block) stage {
		return stage{name, func(x nn.FeatureMap) nn.FeatureMap {
			for _, k := range blocks {
				x = k.forward(x)
			}
			return x
		}}
	}
	return []stage{layer("layer1", n.Layer1), layer("layer2", n.Layer2), layer("layer3", n.Layer3), layer("layer4", n.Layer4)}
}

func (k *Block) forward(x nn.FeatureMap) nn.FeatureMap {
	shortcut := x
	if d := k.Downsample; d != nil {
		shortcut = normed(d.Conv, d.Norm, kernels.NoActivation).Forward(x)
	}
	h := normed(k.Conv1, k.Bn1, kernels.ReLU).Forward(x)
	if k.Conv3 == nil {
		return normed(k.Conv2, k.Bn2, kernels.ReLU).ForwardAdd(h, shortcut.X)
	}
	h = normed(k.Conv2, k.Bn2, kernels.ReLU).Forward(h)
	return normed(*k.Conv3, k.Bn3, kernels.ReLU).ForwardAdd(h, shortcut.X)
}

// Load gives the network the weights of a source by torchvision's names, which are timm's, too. One error,
// tensor.ErrDamaged, lists all that does not fit; of another architecture it says which that looks like.
func (n *ResNet) Load(ctx context.Context, src nn.Source) error { return load(ctx, n, n.name, src) }

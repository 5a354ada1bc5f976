package vision

import (
	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
)

// ConvNorm is a convolution with its norm, and ReLU behind that.
type ConvNorm struct {
	Conv nn.Conv2D
	Bn   *nn.BatchNorm
}

func (k *ConvNorm) forward(x nn.FeatureMap) nn.FeatureMap {
	return normed(k.Conv, k.Bn, kernels.ReLU).Forward(x)
}

// chain is what several of them make of x, one after the other.
func chain(x nn.FeatureMap, all ...*ConvNorm) nn.FeatureMap {
	for _, k := range all {
		x = k.forward(x)
	}
	return x
}

// joined has the channels of all maps, which are of one size, one after the other.
func joined(maps ...nn.FeatureMap) nn.FeatureMap {
	parts := make([]*G.Node, len(maps))
	for i, m := range maps {
		parts[i] = m.X
	}
	return maps[0].With(nn.Concat(parts...))
}

// InceptionA is Mixed_5b to Mixed_5d, [B, H·W, in] to [B, H·W, 224 + pool]: a convolution of 1×1, one of 5×5, two of 3×3
// and an average pool side by side, each behind or before one of 1×1.
type InceptionA struct {
	Branch1x1     *ConvNorm `weight:"branch1x1"`
	Branch5x5x1   *ConvNorm `weight:"branch5x5_1"`
	Branch5x5x2   *ConvNorm `weight:"branch5x5_2"`
	Branch3x3dbl1 *ConvNorm `weight:"branch3x3dbl_1"`
	Branch3x3dbl2 *ConvNorm `weight:"branch3x3dbl_2"`
	Branch3x3dbl3 *ConvNorm `weight:"branch3x3dbl_3"`
	BranchPool    *ConvNorm `weight:"branch_pool"`
}

func (k *InceptionA) forward(x nn.FeatureMap) nn.FeatureMap {
	return joined(
		k.Branch1x1.forward(x),
		chain(x, k.Branch5x5x1, k.Branch5x5x2),
		chain(x, k.Branch3x3dbl1, k.Branch3x3dbl2, k.Branch3x3dbl3),
		k.BranchPool.forward(averageOfNeighbours(x)))
}

// InceptionB is Mixed_6a, [B, H·W, in] to half the height and width, 480 + in channels: convolutions of stride 2, and a
// max pool.
type InceptionB struct {
	Branch3x3     *ConvNorm `weight:"branch3x3"`
	Branch3x3dbl1 *ConvNorm `weight:"branch3x3dbl_1"`
	Branch3x3dbl2 *ConvNorm `weight:"branch3x3dbl_2"`
	Branch3x3dbl3 *ConvNorm `weight:"branch3x3dbl_3"`
}

func (k *InceptionB) forward(x nn.FeatureMap) nn.FeatureMap {
	return joined(k.Branch3x3.forward(x), chain(x, k.Branch3x3dbl1, k.Branch3x3dbl2, k.Branch3x3dbl3), largestOfSecond(x))
}

// InceptionC is Mixed_6b to Mixed_6e, [B, H·W, 768] to the same shape: convolutions of 7×7 taken apart into rows of seven
// and columns of seven.
type InceptionC struct {
	Branch1x1     *ConvNorm `weight:"branch1x1"`
	Branch7x7x1   *ConvNorm `weight:"branch7x7_1"`
	Branch7x7x2   *ConvNorm `weight:"branch7x7_2"` // 1×7
	Branch7x7x3   *ConvNorm `weight:"branch7x7_3"` // 7×1
	Branch7x7dbl1 *ConvNorm `weight:"branch7x7dbl_1"`
	Branch7x7dbl2 *ConvNorm `weight:"branch7x7dbl_2"` // 7×1
	Branch7x7dbl3 *ConvNorm `weight:"branch7x7dbl_3"` // 1×7
	Branch7x7dbl4 *ConvNorm `weight:"branch7x7dbl_4"` // 7×1
	Branch7x7dbl5 *ConvNorm `weight:"branch7x7dbl_5"` // 1×7
	BranchPool    *ConvNorm `weight:"branch_pool"`
}

func (k *InceptionC) forward(x nn.FeatureMap) nn.FeatureMap {
	return joined(
		k.Branch1x1.forward(x),
		chain(x, k.Branch7x7x1, k.Branch7x7x2, k.Branch7x7x3),
		chain(x, k.Branch7x7dbl1, k.Branch7x7dbl2, k.Branch7x7dbl3, k.Branch7x7dbl4, k.Branch7x7dbl5),
		k.BranchPool.forward(averageOfNeighbours(x)))
}

// InceptionD is Mixed_7a, [B, H·W, in] to half the height and width, 512 + in channels.
type InceptionD struct {
	Branch3x3x1   *ConvNorm `weight:"branch3x3_1"`
	Branch3x3x2   *ConvNorm `weight:"branch3x3_2"`
	Branch7x7x3x1 *ConvNorm `weight:"branch7x7x3_1"`
	Branch7x7x3x2 *ConvNorm `weight:"branch7x7x3_2"` // 1×7
	Branch7x7x3x3 *ConvNorm `weight:"branch7x7x3_3"` // 7×1
	Branch7x7x3x4 *ConvNorm `weight:"branch7x7x3_4"`
}

func (k *InceptionD) forward(x nn.FeatureMap) nn.FeatureMap {
	return joined(
		chain(x, k.Branch3x3x1, k.Branch3x3x2),
		chain(x, k.Branch7x7x3x1, k.Branch7x7x3x2, k.Branch7x7x3x3, k.Branch7x7x3x4),
		largestOfSecond(x))
}

// InceptionE is Mixed_7b and Mixed_7c, [B, H·W, in] to [B, H·W, 2048]: branches that part again into a row of three and a
// column of three. The two blocks differ in their pool.
type InceptionE struct {
	Branch1x1      *ConvNorm `weight:"branch1x1"`
	Branch3x3x1    *ConvNorm `weight:"branch3x3_1"`
	Branch3x3x2a   *ConvNorm `weight:"branch3x3_2a"` // 1×3
	Branch3x3x2b   *ConvNorm `weight:"branch3x3_2b"` // 3×1
	Branch3x3dbl1  *ConvNorm `weight:"branch3x3dbl_1"`
	Branch3x3dbl2  *ConvNorm `weight:"branch3x3dbl_2"`
	Branch3x3dbl3a *ConvNorm `weight:"branch3x3dbl_3a"` // 1×3
	Branch3x3dbl3b *ConvNorm `weight:"branch3x3dbl_3b"` // 3×1
	BranchPool     *ConvNorm `weight:"branch_pool"`

	pool func(nn.FeatureMap) nn.FeatureMap
}

func (k *InceptionE) forward(x nn.FeatureMap) nn.FeatureMap {
	one := k.Branch3x3x1.forward(x)
	two := chain(x, k.Branch3x3dbl1, k.Branch3x3dbl2)
	return joined(
		k.Branch1x1.forward(x),
		k.Branch3x3x2a.forward(one), k.Branch3x3x2b.forward(one),
		k.Branch3x3dbl3a.forward(two), k.Branch3x3dbl3b.forward(two),
		k.BranchPool.forward(k.pool(x)))
}

// divided makes blocks with so many times fewer channels.
type divided int

// of is a number of channels, of which a picture's three stay.
func (by divided) of(channels int) int {
	if channels == 3 {
		return 3
	}
	return max(1, channels/int(by))
}

// conv is an unloaded convolution with TensorFlow's epsilon for its norm.
func (by divided) conv(in, out, height, width, stride int, pad kernels.Padding) *ConvNorm {
	const epsilon = 1e-3
	c := nn.Conv2D{Weight: nn.NewWeight(by.of(out), by.of(in), height, width), Stride: stride, Pad: pad}
	return &ConvNorm{Conv: c, Bn: nn.NewBatchNorm(by.of(out), epsilon)}
}

func (by divided) square(in, out, k, stride, pad int) *ConvNorm {
	return by.conv(in, out, k, k, stride, kernels.Pad(pad))
}

// row is of 1×k, and column of k×1; both keep the size.
func (by divided) row(in, out, k int) *ConvNorm {
	return by.conv(in, out, 1, k, 1, kernels.Padding{Left: k / 2, Right: k / 2})
}

func (by divided) column(in, out, k int) *ConvNorm {
	return by.conv(in, out, k, 1, 1, kernels.Padding{Top: k / 2, Bottom: k / 2})
}

func (by divided) inceptionA(in, pool int) *InceptionA {
	return &InceptionA{
		Branch1x1:   by.square(in, 64, 1, 1, 0),
		Branch5x5x1: by.square(in, 48, 1, 1, 0), Branch5x5x2: by.square(48, 64, 5, 1, 2),
		Branch3x3dbl1: by.square(in, 64, 1, 1, 0), Branch3x3dbl2: by.square(64, 96, 3, 1, 1), Branch3x3dbl3: by.square(96, 96, 3, 1, 1),
		BranchPool: by.square(in, pool, 1, 1, 0),
	}
}

func (by divided) inceptionB(in int) *InceptionB {
	return &InceptionB{
		Branch3x3:     by.square(in, 384, 3, 2, 0),
		Branch3x3dbl1: by.square(in, 64, 1, 1, 0), Branch3x3dbl2: by.square(64, 96, 3, 1, 1), Branch3x3dbl3: by.square(96, 96, 3, 2, 0),
	}
}

// inceptionC has so many channels between the parts of its 7×7.
func (by divided) inceptionC(inner int) *InceptionC {
	const in, out = 768, 192
	return &InceptionC{
		Branch1x1:   by.square(in, out, 1, 1, 0),
		Branch7x7x1: by.square(in, inner, 1, 1, 0), Branch7x7x2: by.row(inner, inner, 7), Branch7x7x3: by.column(inner, out, 7),
		Branch7x7dbl1: by.square(in, inner, 1, 1, 0), Branch7x7dbl2: by.column(inner, inner, 7), Branch7x7dbl3: by.row(inner, inner, 7),
		Branch7x7dbl4: by.column(inner, inner, 7), Branch7x7dbl5: by.row(inner, out, 7),
		BranchPool: by.square(in, out, 1, 1, 0),
	}
}

func (by divided) inceptionD(in int) *InceptionD {
	return &InceptionD{
		Branch3x3x1: by.square(in, 192, 1, 1, 0), Branch3x3x2: by.square(192, 320, 3, 2, 0),
		Branch7x7x3x1: by.square(in, 192, 1, 1, 0), Branch7x7x3x2: by.row(192, 192, 7), Branch7x7x3x3: by.column(192, 192, 7),
		Branch7x7x3x4: by.square(192, 192, 3, 2, 0),
	}
}

func (by divided) inceptionE(in int, pool func(nn.FeatureMap) nn.FeatureMap) *InceptionE {
	return &InceptionE{
		Branch1x1:   by.square(in, 320, 1, 1, 0),
		Branch3x3x1: by.square(in, 384, 1, 1, 0), Branch3x3x2a: by.row(384, 384, 3), Branch3x3x2b: by.column(384, 384, 3),
		Branch3x3dbl1: by.square(in, 448, 1, 1, 0), Branch3x3dbl2: by.square(448, 384, 3, 1, 1),
		Branch3x3dbl3a: by.row(384, 384, 3), Branch3x3dbl3b: by.column(384, 384, 3),
		BranchPool: by.square(in, 192, 1, 1, 0),
		pool:       pool,
	}
}

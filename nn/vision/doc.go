// Package vision has networks that were trained on many pictures, a file each, for what
// their layers see in one: on ImageNet's classes EfficientNet-Lite0, ResNet-18, Wide
// ResNet-50-2, VGG16, on which LPIPS rests, and the Inception v3 of Inception Scores;
// without classes DINOv2. Each struct's fields are the keys of the published checkpoint.
//
//	f, err := vision.Open(ctx, "wide_resnet50_2", "model.safetensors")
//	x, err := f.Scaling().Apply(picture)
//	exec := nn.NewExec(func(b *nn.Build) []*gorgonia.Node {
//		m := nn.FeatureMap{X: b.Given("picture"), H: h, W: w}
//		return []*gorgonia.Node{f.Features(b, m, "layer2")[0].X}
//	})
//
// A picture enters as [B, H·W, 3], of any size that a network does not shrink to
// nothing, with its levels scaled as the network was trained (Scaling). Batch norms
// are folded into the convolutions before them (nn.BatchNorm). The networks are for
// inference: their pools have no gradient.
//
// The weights of EfficientNet-Lite0 ship in package lite0.
package vision

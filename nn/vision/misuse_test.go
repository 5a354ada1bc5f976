package vision

import (
	"context"
	"image"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

// TestMisuse calls what is exported with arguments that are empty or do not fit.
func TestMisuse(t *testing.T) {
	ctx := context.Background()
	features := func(of Network, h, w int, layers []string, shape ...int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node {
				var x *G.Node
				if shape != nil {
					x = b.Input("x", shape...)
				}
				var out []*G.Node
				for _, m := range of.Features(b, nn.FeatureMap{X: x, H: h, W: w}, layers...) {
					out = append(out, m.X)
				}
				return out
			})
			return err
		}
	}
	type last = func(b *nn.Build, picture nn.FeatureMap) *G.Node
	whole := func(of last, h, w int, shape ...int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node {
				return G.Nodes{of(b, nn.FeatureMap{X: b.Input("x", shape...), H: h, W: w})}
			})
			return err
		}
	}
	refused := map[string][]func() error{
		"New": {func() error { _, err := New(""); return err }, func() error { _, err := New("resnet50"); return err }},
		"Open": {
			func() error { _, err := Open(ctx, "", ""); return err },
			func() error { _, err := Open(ctx, "resnet18", ""); return err },
			func() error { _, err := Open(ctx, "resnet18", t.TempDir()); return err },
			func() error { _, err := Open(nil, "resnet18", "testdata/resnet18.safetensors"); return err }, //lint:ignore SA1012 a mistake
			func() error { _, err := Open(ctx, "resnet18", "testdata/resnet18.safetensors"); return err }, // of other widths
		},
		"Scaling.Apply": {
			func() error { _, err := ImageNet.Apply(); return err },
			func() error { _, err := ImageNet.Apply(nil); return err },
			func() error { _, err := ImageNet.Apply(&image.RGBA{}); return err },
			func() error {
				_, err := ImageNet.Apply(image.NewRGBA(image.Rect(0, 0, 1, 2)), image.NewRGBA(image.Rect(0, 0, 2, 1)))
				return err
			},
		},
	}
	for name, of := range map[string]string{
		"EfficientNetLite0": "efficientnet_lite0", "InceptionV3": "inception_v3_fidelity", "ResNet": "resnet18", "VGG16": "vgg16",
	} {
		network := random(t, of)
		layer := network.Layers()[:1]
		empty := map[string]Network{
			"EfficientNetLite0": &EfficientNetLite0{}, "InceptionV3": &InceptionV3{}, "ResNet": &ResNet{}, "VGG16": &VGG16{},
		}[name]
		refused[name+".Features"] = []func() error{
			features(network, 8, 8, nil, 1, 64, 3), features(network, 8, 8, []string{""}, 1, 64, 3),
			features(network, 8, 8, []string{"layer5"}, 1, 64, 3), features(network, 8, 8, layer),
			features(network, 8, 8, layer, 64, 3), features(network, 8, 8, layer, 1, 64, 4), features(network, 8, 9, layer, 1, 64, 3),
			features(network, -8, -8, layer, 1, 64, 3), features(network, 0, 0, layer, 1, 0, 3), features(empty, 8, 8, layer, 1, 64, 3),
		}
		for method, of := range map[string][2]last{"Pooled": {network.Pooled, empty.Pooled}, "Logits": {network.(Classifier).Logits, empty.(Classifier).Logits}} {
			refused[name+"."+method] = []func() error{whole(of[0], 8, 8, 1, 3, 8, 8), whole(of[0], 8, 8), whole(of[1], 8, 8, 1, 64, 3)}
		}
		refused[name+".Load"] = []func() error{
			func() error { return network.Load(ctx, nil) },
			func() error { return network.Load(nil, memory{}) }, //lint:ignore SA1012 a mistake
			func() error { return network.Load(ctx, memory{}) },
			func() error {
				return network.Load(ctx, memory{"conv1.weight": nil, "layer1.0.conv3.weight": nil, "layer4.0.conv2.weight": nil, "layer1.0.conv2.weight": nil})
			},
		}
	}
	inception := random(t, "inception_v3_fidelity").(*InceptionV3)
	refused["InceptionV3.LogitsUnbiased"] = []func() error{
		whole(inception.LogitsUnbiased, 8, 8, 1, 64, 3), whole(inception.LogitsUnbiased, 80, 80, 1, 6400, 4), whole((&InceptionV3{}).LogitsUnbiased, 80, 80, 1, 6400, 3),
	}
	lpips := func(of *LPIPS, shape ...int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node {
				return of.Features(b, nn.FeatureMap{X: b.Input("x", shape...), H: 8, W: 8})
			})
			return err
		}
	}
	measure, err := NewLPIPS(NewVGG16())
	if err != nil {
		t.Fatal(err)
	}
	refused["LPIPS.Features"] = []func() error{lpips(measure, 1, 64, 3), lpips(measure, 64, 3), lpips(&LPIPS{}, 1, 64, 3)}
	refused["NewLPIPS"] = []func() error{
		func() error { _, err := NewLPIPS(nil); return err }, func() error { _, err := NewLPIPS(&VGG16{}); return err },
	}
	dino := narrowDINO(0)
	for method, of := range map[string][2]last{"Pooled": {dino.Pooled, (&DINOv2{}).Pooled}} {
		refused["DINOv2."+method] = []func() error{whole(of[0], 14, 14), whole(of[0], 14, 15, 1, 14*15, 3), whole(of[1], 14, 14, 1, 14*14, 3)}
	}
	refused["DINOv2.Features"] = []func() error{
		features(dino, 14, 14, nil, 1, 14*14, 3), features(dino, 14, 14, []string{"encoder.layer.1"}, 1, 14*14, 3), features(dino, 8, 8, []string{"layernorm"}, 1, 64, 3),
	}
	refused["DINOv2.Load"] = []func() error{
		func() error { return dino.Load(ctx, nil) },
		func() error { return dino.Load(ctx, memory{}) },
		func() error {
			return dino.Load(ctx, memory{"patch_embed.proj.weight": nil, "blocks.0.ls1.gamma": nil, "cls_token": nil})
		},
	}
	refused["NewDINOv2"] = []func() error{func() error { _, err := NewDINOv2(DINOv2Config{}); return err }}
	nntest.Misuse{
		Refused: refused,
		Harmless: map[string][]func(){
			"Scaling.Scale":             {func() { ImageNet.Scale(nil) }, func() { Scaling{}.Scale([]float32{1, 2, 3, 4}) }},
			"EfficientNetLite0.Scaling": {func() { (&EfficientNetLite0{}).Scaling() }},
			"EfficientNetLite0.Layers":  {func() { (&EfficientNetLite0{}).Layers() }},
			"ResNet.Scaling":            {func() { (&ResNet{}).Scaling() }},
			"DINOv2.Scaling":            {func() { (&DINOv2{}).Scaling() }},
			"DINOv2.Layers":             {func() { (&DINOv2{}).Layers() }},
			"DINOv2.Config":             {func() { (&DINOv2{}).Config() }},
			"ResNet.Layers":             {func() { (&ResNet{}).Layers() }},
			"InceptionV3.Scaling":       {func() { (&InceptionV3{}).Scaling() }},
			"InceptionV3.Layers":        {func() { (&InceptionV3{}).Layers() }},
			"VGG16.Scaling":             {func() { (&VGG16{}).Scaling() }},
			"VGG16.Layers":              {func() { (&VGG16{}).Layers() }},
			"LPIPS.Scaling":             {func() { (&LPIPS{}).Scaling() }},
			"File.Changed":              {func() { _ = (&File{}).Changed() }},
			"File.Close":                {func() { _ = (&File{}).Close() }},
		},
		Exempt: map[string]string{
			"Names": "takes nothing", "NewEfficientNetLite0": "takes nothing", "NewInceptionV3": "takes nothing", "NewVGG16": "takes nothing", "NewResNet18": "takes nothing", "NewWideResNet50": "takes nothing",
			"DINOv2Small": "takes a switch", "DINOv2Base": "takes a switch", "DINOv2Large": "takes a switch",
		},
	}.Check(t)
}

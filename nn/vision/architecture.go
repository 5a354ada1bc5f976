package vision

import (
	"fmt"
	"slices"
	"strings"

	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
)

// architecture says whose weights a source has, by its names: the name of a network of this package, words for another
// one, or "" if it cannot tell.
func architecture(src nn.Source) string {
	if src == nil {
		return ""
	}
	all := src.Names()
	has := func(name string) bool { return slices.Contains(all, name) }
	lite := func(names []string) int { return count(names, "_blocks.", "._depthwise_conv.weight") }
	switch blocks := lite(all); {
	case has("conv1.weight") && has("layer4.0.conv2.weight"):
		return residual(src, all)
	case slices.ContainsFunc(all, squeezes):
		return "an EfficientNet with squeeze-and-excitation, not a Lite one"
	case blocks == 16, lite(translated(all)) == 16:
		return liteName
	case blocks > 16:
		return fmt.Sprintf("a larger EfficientNet-Lite, of %d blocks", blocks)
	case has("Mixed_5b.branch1x1.conv.weight"):
		return inception(src, all)
	case has("features.28.weight"):
		return visual(all)
	}
	if name := dino(src, has); name != "" {
		return name
	}
	for _, s := range strangers {
		if has(s.key) {
			return s.name
		}
	}
	return ""
}

// squeezes reports whether a name is one of an EfficientNet's squeeze-and-excitation, in efficientnet-pytorch or timm.
func squeezes(name string) bool {
	return strings.HasPrefix(name, "_blocks.") && strings.Contains(name, "._se_reduce.") ||
		strings.HasPrefix(name, "blocks.") && strings.Contains(name, ".se.conv_reduce.")
}

// translated are names as efficientnet-lite-pytorch has them.
func translated(names []string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = fromTimm(n)
	}
	return all
}

// strangers are networks that this package has not, by a key of theirs. The first whose key is there is meant.
var strangers = []struct{ key, name string }{
	{"features.denseblock1.denselayer1.conv1.weight", "a DenseNet"},
	{"features.3.squeeze.weight", "a SqueezeNet"},
	{"features.10.weight", "an AlexNet or VGG"},
	{"features.1.conv.0.0.weight", "a MobileNet"},
	{"features.0.0.weight", "a network of torchvision's with numbered features, such as ConvNeXt or EfficientNet"},
	{"visual.conv1.weight", "a CLIP of open_clip"},
	{"vision_model.embeddings.class_embedding", "a CLIP of transformers"},
	{"embeddings.patch_embeddings.projection.weight", "a vision transformer of another kind than DINOv2"},
	{"patch_embed.proj.weight", "a vision transformer of another kind than DINOv2"},
	{"text_model.embeddings.token_embedding.weight", "a text encoder of CLIP"},
	{"down_blocks.0.resnets.0.conv1.weight", "a UNet of diffusers"},
	{"encoder.conv_in.weight", "an autoencoder of diffusers"},
}

// inception tells Inceptions apart, whose layers have the same names: by their classes, and by what torchvision trains
// with beside them.
func inception(src nn.Source, all []string) string {
	const classes = 1000 // of torchvision's and timm's
	d, err := src.Get("fc.weight")
	if err == nil && d != nil && d.Dims() == 2 && d.Shape()[0] == classes ||
		slices.ContainsFunc(all, func(name string) bool { return strings.HasPrefix(name, "AuxLogits.") }) {
		return "torchvision's Inception v3, which is another network than that of Inception Scores"
	}
	return inceptionName
}

// visual tells networks of the Visual Geometry Group's apart that have at least 13 convolutions.
func visual(all []string) string {
	switch has := func(name string) bool { return slices.Contains(all, name) }; {
	case has("features.28.running_mean"), has("features.1.running_mean"):
		return "a VGG with batch norms"
	case has("features.34.weight"):
		return "VGG19"
	}
	return vggName
}

// residual names a residual network: by its number of layers, and by how wide its bottlenecks are. It returns "" for a
// number that none has, such as of a file that is not whole.
func residual(src nn.Source, all []string) string {
	blocks, bottlenecks := 0, 0
	for layer := 1; layer <= 4; layer++ {
		blocks += count(all, fmt.Sprintf("layer%d.", layer), ".conv2.weight")
		bottlenecks += count(all, fmt.Sprintf("layer%d.", layer), ".conv3.weight")
	}
	if bottlenecks == 0 {
		return map[int]string{8: "ResNet-18", 16: "ResNet-34"}[blocks]
	}
	layers := map[int]int{16: 50, 33: 101, 50: 152}[blocks]
	if layers == 0 {
		return ""
	}
	shape := func(name string) gt.Shape {
		if d, err := src.Get(name); err == nil && d != nil && d.Dims() == 4 {
			return d.Shape()
		}
		return make(gt.Shape, 4)
	}
	kind, end := "ResNet", ""
	switch inner, last := shape("layer1.0.conv2.weight"), shape("layer1.0.conv3.weight"); {
	case inner[0] != inner[1]:
		kind = "ResNeXt" // convolutions in groups
	case last[0] < 4*inner[0]:
		kind, end = "Wide ResNet", "-2"
	}
	return fmt.Sprintf("%s-%d%s", kind, layers, end)
}

// count returns how many numbers stand between a beginning and an end of names.
func count(all []string, begin, end string) int {
	n := 0
	for _, name := range all {
		rest, begins := strings.CutPrefix(name, begin)
		between, ends := strings.CutSuffix(rest, end)
		if begins && ends && !strings.Contains(between, ".") {
			n++
		}
	}
	return n
}

package detect

import (
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
)

// Backbone is a network whose features are read. Layers have the checkpoint's names, such as "layer2" or "blocks.4". The
// picture is [B, H·W, 3], scaled as Scaling says. Features panics for a layer that it has not.
type Backbone interface {
	Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap
	Scaling() vision.Scaling
}

// Network is a Backbone with what tells it from others: a fitted detector is of use with the same weights only.
type Network struct {
	Backbone
	Name   string // "resnet18", "wide_resnet50_2", "efficientnet_lite0"; others must be told their layers
	SHA256 string // of the file of its weights, in hexadecimal

	// Memory holds what the network has seen, for detectors that look at the same pictures; default: nil, nothing.
	Memory *Memory
}

// habits is what the methods read of a network unless they are told.
type habits struct {
	padim     []string // layers
	channels  int      // of them, that PaDiM chooses
	patchcore []string
	dimension int // of PatchCore's vectors, in the official reading
}

// The two ResNets are the references' own. Of EfficientNet-Lite0 the layers are those of the same strides, 4, 8 and 16;
// its few channels need no more dimensions than they are.
var known = map[string]habits{
	"resnet18":           {[]string{"layer1", "layer2", "layer3"}, 100, []string{"layer2", "layer3"}, 1024},
	"wide_resnet50_2":    {[]string{"layer1", "layer2", "layer3"}, 550, []string{"layer2", "layer3"}, 1024},
	"efficientnet_lite0": {[]string{"blocks.2", "blocks.4", "blocks.10"}, 100, []string{"blocks.4", "blocks.10"}, 152},
}

// maxLayers bounds what a file may ask for.
const maxLayers = 16

// check refuses what is no network.
func (n Network) check() error {
	if n.Backbone == nil {
		return wrong("there is no network whose features could be read")
	}
	return nil
}

// layersOr returns the layers that were chosen, else the habit's.
func (n Network) layersOr(chosen, habit []string) ([]string, error) {
	if len(chosen) == 0 {
		chosen = habit
	}
	switch {
	case len(chosen) == 0:
		return nil, wrong("which layers of the network %q are to be read? Those of resnet18, wide_resnet50_2 and efficientnet_lite0 are known", n.Name)
	case len(chosen) > maxLayers:
		return nil, wrong("%d layers, want at most %d", len(chosen), maxLayers)
	}
	for i, layer := range chosen {
		if layer == "" || slices.Contains(chosen[:i], layer) {
			return nil, wrong("layers %q, want different names", chosen)
		}
	}
	return slices.Clone(chosen), nil
}

// String names the network and its weights.
func (n Network) String() string {
	if n.SHA256 == "" {
		return n.Name
	}
	return fmt.Sprintf("%s (SHA-256 %.12s…)", n.Name, n.SHA256)
}

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
	Name   string // one of vision.Names; some detectors must be told the layers of some
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

	patch  int      // side of a transformer's patches, in pixels
	tokens []string // AnomalyDINO's layers
	middle []string // and those of its subspace
}

// The two ResNets are the references' own. Of EfficientNet-Lite0 the layers are those of the same strides, 4, 8 and 16;
// its few channels need no more dimensions than they are.
var known = map[string]habits{
	"resnet18":           {padim: []string{"layer1", "layer2", "layer3"}, channels: 100, patchcore: []string{"layer2", "layer3"}, dimension: 1024},
	"wide_resnet50_2":    {padim: []string{"layer1", "layer2", "layer3"}, channels: 550, patchcore: []string{"layer2", "layer3"}, dimension: 1024},
	"efficientnet_lite0": {padim: []string{"blocks.2", "blocks.4", "blocks.10"}, channels: 100, patchcore: []string{"blocks.4", "blocks.10"}, dimension: 152, tokens: []string{"blocks.10"}, middle: []string{"blocks.10"}},
	"dinov2_vits14":      dinoHabits(12), "dinov2_vits14_reg": dinoHabits(12),
	"dinov2_vitb14": dinoHabits(12), "dinov2_vitb14_reg": dinoHabits(12),
	"dinov2_vitl14": dinoHabits(24), "dinov2_vitl14_reg": dinoHabits(24),
}

// dinoHabits are those of a transformer of so many layers. SubspaceAD reads layers 22 to 28 of 40.
func dinoHabits(layers int) habits {
	h := habits{patch: 14, tokens: []string{"layernorm"}}
	for i := layers * 22 / 40; i <= layers*28/40; i++ {
		h.middle = append(h.middle, fmt.Sprintf("encoder.layer.%d", i))
	}
	return h
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
		return nil, wrong("which layers of the network %q are to be read? Known are those of resnet18, wide_resnet50_2 and efficientnet_lite0, and for AnomalyDINO of DINOv2", n.Name)
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

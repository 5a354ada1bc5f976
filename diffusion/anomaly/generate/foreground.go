package generate

import (
	"image"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// Foreground says how the part is told from its background; what is generated lies on the part. There are three kinds:
// Everywhere, Found, and those that RealNet has for the categories of MVTec AD and VisA, which ForegroundOf returns.
type Foreground string

const (
	// Everywhere has all of the picture be the part, as it is for materials.
	Everywhere Foreground = "everywhere"
	// Found is images.Foreground, the object on a plain background; where there is none, everywhere.
	Found Foreground = "found"
)

func (f Foreground) check() error {
	if _, known := f.realNet(); f != Everywhere && f != Found && !known {
		return wrong("the foreground is %.40q, want %s, %s, or what ForegroundOf returns for a category of MVTec AD or VisA, such as %s", string(f), Everywhere, Found, realNet+"bottle")
	}
	return nil
}

// mask is white where the part is; nil is everywhere. The note says that no part was found.
func (f Foreground) mask(picture *image.RGBA) (mask *image.Gray, note string) {
	if rule, known := f.realNet(); known {
		if rule.whole() {
			return nil, ""
		}
		if mask = rule.mask(picture); mask == nil {
			note = "RealNet's threshold tells no part from a background, so everything is the part"
		}
		return mask, note
	}
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

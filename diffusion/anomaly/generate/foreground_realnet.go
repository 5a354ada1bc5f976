package generate

import (
	"image"
	"strings"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// realNet begins the foregrounds of RealNet (Zhang et al., CVPR 2024; its data sets' readers): a threshold of the grey
// picture, or of its blue channel, whose mask is closed and opened with squares. A category's name follows.
const realNet = "realnet:"

// ForegroundOf returns RealNet's foreground of a category of MVTec AD or VisA, by its folder's name: a threshold that
// suits that category's photographs. Of others it is Found, and known is false.
func ForegroundOf(category string) (f Foreground, known bool) {
	f = Foreground(realNet + category)
	if _, known = f.realNet(); !known {
		return Found, false
	}
	return f, true
}

// threshold tells a part from its background by lightness.
type threshold struct {
	of          func(grey []uint8) uint8 // nil where the picture is the part
	dark        bool                     // the part is what is not above it
	blue        bool                     // of the blue channel
	close, open int                      // sides of the squares, in pixels
}

var (
	wholePart = threshold{}
	// Of MVTec AD the photographs of objects are closed and opened alike.
	lighterThanOtsu     = threshold{of: images.OpenCVOtsu, close: 6, open: 6}
	lighterThanTriangle = threshold{of: images.OpenCVTriangle, close: 6, open: 6}
	darkerThanOtsu      = threshold{of: images.OpenCVOtsu, dark: true, close: 6, open: 6}
	// Of VisA they are more finely closed, but for circuit boards, whose parts leave gaps.
	lighterInVisA = threshold{of: images.OpenCVOtsu, close: 3, open: 3}
	circuitBoard  = threshold{of: images.OpenCVTriangle, blue: true, close: 8, open: 3}
)

// realNetOf are the categories' thresholds.
var realNetOf = map[string]threshold{
	"carpet": wholePart, "leather": wholePart, "tile": wholePart, "wood": wholePart, "cable": wholePart, "transistor": wholePart,
	"pill":     lighterThanOtsu,
	"hazelnut": lighterThanTriangle, "metal_nut": lighterThanTriangle, "toothbrush": lighterThanTriangle,
	"bottle": darkerThanOtsu, "capsule": darkerThanOtsu, "grid": darkerThanOtsu, "screw": darkerThanOtsu, "zipper": darkerThanOtsu,

	"capsules": wholePart,
	"candle":   lighterInVisA, "cashew": lighterInVisA, "chewinggum": lighterInVisA, "fryum": lighterInVisA,
	"macaroni1": lighterInVisA, "macaroni2": lighterInVisA, "pipe_fryum": lighterInVisA,
	"pcb1": circuitBoard, "pcb2": circuitBoard, "pcb3": circuitBoard, "pcb4": circuitBoard,
}

// realNet is the threshold of a foreground of RealNet's.
func (f Foreground) realNet() (t threshold, known bool) {
	if category, is := strings.CutPrefix(string(f), realNet); is {
		t, known = realNetOf[category]
	}
	return t, known
}

func (t threshold) whole() bool { return t.of == nil }

// mask is white where the part is; nil if nothing is.
func (t threshold) mask(picture *image.RGBA) *image.Gray {
	size, grey := picture.Rect.Size(), images.OpenCVGrey(picture)
	if t.blue {
		for i := range grey {
			grey[i] = picture.Pix[i/size.X*picture.Stride+i%size.X*4+2]
		}
	}
	at, part := t.of(grey), make([]float32, len(grey))
	for i, v := range grey {
		if (v > at) != t.dark {
			part[i] = 1
		}
	}
	// Neither refuses a mask of a picture's size.
	part, _ = images.SquareClosed(part, size.Y, size.X, t.close)
	part, _ = images.SquareOpened(part, size.Y, size.X, t.open)
	mask, any := image.NewGray(image.Rectangle{Max: size}), false
	for i, v := range part {
		mask.Pix[i] = uint8(255 * v)
		any = any || v > 0
	}
	if !any {
		return nil
	}
	return mask
}

package images

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

// inferno is matplotlib's colour map of that name at nine equal distances: its lightness grows evenly, so that
// it is read right in grey and by those who do not tell red from green.
var inferno = [9]color.RGBA{
	{0x00, 0x00, 0x04, 0xff}, {0x21, 0x0c, 0x4a, 0xff}, {0x57, 0x10, 0x6e, 0xff},
	{0x8a, 0x22, 0x6a, 0xff}, {0xbc, 0x37, 0x54, 0xff}, {0xe4, 0x5a, 0x31, 0xff},
	{0xf9, 0x8e, 0x09, 0xff}, {0xf9, 0xcb, 0x35, 0xff}, {0xfc, 0xff, 0xa4, 0xff},
}

// heatOpacity is how much of the picture the colours hide.
const heatOpacity = 0.5

// HeatMap lays a map [H, W] of the picture's size over the picture in grey, so that all colour is the map's:
// from black (0) over violet and orange to light yellow (1). Values outside are clamped.
func HeatMap(picture *image.RGBA, values []float32) (*image.RGBA, error) {
	if err := Check(picture); err != nil {
		return nil, err
	}
	size := picture.Bounds().Size()
	if len(values) != size.X*size.Y {
		return nil, fmt.Errorf("a map of %d values does not lie on a picture of %s", len(values), sizeOf(size))
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for i, v := range values {
		x, y := i%size.X, i/size.X
		if v != v {
			return nil, fmt.Errorf("the map is not a number at pixel %d, %d", x, y)
		}
		under := float64(luma(picture.Pix[y*picture.Stride+4*x:])) / 1000
		for c, shade := range infernoAt(v) {
			mixed := heatOpacity*shade + (1-heatOpacity)*under
			out.Pix[4*i+c] = uint8(math.Round(mixed))
		}
		out.Pix[4*i+3] = 255
	}
	return out, nil
}

// infernoAt returns the red, green and blue of a value, 0 to 255.
func infernoAt(v float32) [3]float64 {
	at := float64(max(0, min(v, 1))) * float64(len(inferno)-1)
	i := min(int(at), len(inferno)-2)
	a, b, f := inferno[i], inferno[i+1], at-float64(i)
	mix := func(x, y uint8) float64 { return float64(x) + f*(float64(y)-float64(x)) }
	return [3]float64{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B)}
}

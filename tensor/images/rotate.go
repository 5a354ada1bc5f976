package images

import (
	"fmt"
	"image"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// Rotate returns a picture turned by degrees around its middle, to the left where they are positive, at the same size.
// Beyond its border the picture is mirrored, the outermost pixels once. It is OpenCV's warpAffine around (w/2, h/2),
// bilinear, with BORDER_REFLECT_101, but that positions are not rounded to a 32nd of a pixel. No picture and degrees that are
// not finite are an error.
func Rotate(picture *image.RGBA, degrees float64) (*image.RGBA, error) {
	if err := Check(picture); err != nil {
		return nil, err
	}
	if math.IsNaN(degrees) || math.IsInf(degrees, 0) {
		return nil, fmt.Errorf("a picture turned by %v degrees", degrees)
	}
	size := picture.Rect.Size()
	out := image.NewRGBA(image.Rectangle{Max: size})
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	cx, cy := float64(size.X)/2, float64(size.Y)/2
	kernels.Range(size.Y, 1+1<<12/size.X, func(lo, hi int) {
		for y := lo; y < hi; y++ {
			for x := range size.X {
				dx, dy := float64(x)-cx, float64(y)-cy
				between(out.Pix[y*out.Stride+4*x:][:4], picture, size, cos*dx-sin*dy+cx, sin*dx+cos*dy+cy)
			}
		}
	})
	return out, nil
}

// between is the colour at a place between pixels, mirrored beyond the border.
func between(to []uint8, picture *image.RGBA, size image.Point, x, y float64) {
	left, top := math.Floor(x), math.Floor(y)
	fx, fy := x-left, y-top
	var sum [4]float64
	for _, c := range [4]struct{ x, y, weight float64 }{
		{left, top, (1 - fx) * (1 - fy)}, {left + 1, top, fx * (1 - fy)}, {left, top + 1, (1 - fx) * fy}, {left + 1, top + 1, fx * fy},
	} {
		at := picture.Pix[reflected(int(c.y), size.Y)*picture.Stride+4*reflected(int(c.x), size.X):][:4]
		for i, v := range at {
			sum[i] += c.weight * float64(v)
		}
	}
	for i, v := range sum {
		to[i] = uint8(v + 0.5)
	}
}

package imageio

import (
	"image"
	"image/draw"
	"reflect"
	"slices"
)

// gridGap is the white between the pictures of a grid.
const gridGap = 8

// Grid lays rows of pictures out on white: every column is as wide as its widest
// picture, every row as high as its highest, with gaps of a few pixels; pictures
// stand at the upper left of their places.
func Grid(rows [][]image.Image) *image.RGBA {
	var widths, heights []int
	for _, row := range rows {
		height := 0
		for k, p := range row {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			size := boundsOf(p).Size()
			widths[k] = max(widths[k], size.X)
			height = max(height, size.Y)
		}
		heights = append(heights, height)
	}
	total := func(sides []int) (n int) {
		for i, side := range sides {
			if i > 0 {
				n += gridGap
			}
			n += side
		}
		return n
	}
	out := image.NewRGBA(image.Rect(0, 0, total(widths), total(heights)))
	draw.Draw(out, out.Bounds(), image.White, image.Point{}, draw.Src)
	at := image.Point{}
	for i, row := range rows {
		at.X = 0
		for k, p := range row {
			if b := boundsOf(p); !b.Empty() {
				draw.Draw(out, image.Rectangle{Min: at, Max: at.Add(b.Size())}, p, b.Min, draw.Over)
			}
			at.X += widths[k] + gridGap
		}
		at.Y += heights[i] + gridGap
	}
	return out
}

// boundsOf is where a picture lies; nowhere if there is none.
func boundsOf(p image.Image) image.Rectangle {
	if v := reflect.ValueOf(p); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return image.Rectangle{}
	}
	return p.Bounds()
}

// FromBytes is a picture of h×w pixels of three bytes, row by row; nil if there are not as many bytes.
func FromBytes(rgb []byte, h, w int) *image.RGBA {
	if CheckSize(w, h) != nil || len(rgb) != 3*h*w {
		return nil
	}
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range h * w {
		copy(m.Pix[4*i:], append(slices.Clip(rgb[3*i:3*i+3]), 255))
	}
	return m
}

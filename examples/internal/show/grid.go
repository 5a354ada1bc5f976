package show

import (
	"image"
	"image/draw"

	"github.com/sdgraph/sdgraph/tensor/images"
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
			size := images.Bounds(p).Size()
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
			if b := images.Bounds(p); !b.Empty() {
				draw.Draw(out, image.Rectangle{Min: at, Max: at.Add(b.Size())}, p, b.Min, draw.Over)
			}
			at.X += widths[k] + gridGap
		}
		at.Y += heights[i] + gridGap
	}
	return out
}

// SideBySide puts pictures in one row, with gaps of a few white pixels, their upper edges at one height: a grid of one
// row.
func SideBySide(pictures ...image.Image) *image.RGBA { return Grid([][]image.Image{pictures}) }

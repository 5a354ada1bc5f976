package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// sheetRow is a generator on a sheet: its name, which may have several lines, and a picture for each column; one without a
// picture leaves its place empty.
type sheetRow struct {
	name  string
	cells []anomaly.Sample
}

// cellSide is the longer side of a picture on the sheet, which six of them keep below the 900 pixels that a README shows.
const cellSide = 128

// coarse is how many levels are shown as one, which nobody sees: it makes the file a third smaller.
const coarse = 4

// compareSheet has a row for each generator and a column for each part, whose title may have several lines. A line is
// drawn around what the mask marks, a little apart.
func compareSheet(columns []string, rows []sheetRow) ([]byte, error) {
	head := []image.Image{nil}
	for _, c := range columns {
		head = append(head, title(c))
	}
	grid := [][]image.Image{head}
	for _, r := range rows {
		row := []image.Image{title(r.name)}
		for _, s := range r.cells {
			cell, err := marked(s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			row = append(row, cell)
		}
		grid = append(grid, row)
	}
	return images.EncodePNG(show.Grid(grid), nil)
}

// title is lines of text, one below the other.
func title(text string) *image.RGBA {
	var lines []*image.RGBA
	var size image.Point
	for line := range strings.SplitSeq(text, "\n") {
		w := show.Writing(line, 1)
		lines, size = append(lines, w), image.Pt(max(size.X, w.Rect.Dx()), size.Y+w.Rect.Dy())
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	y := 0
	for _, w := range lines {
		draw.Draw(out, w.Rect.Add(image.Pt(0, y)), w, image.Point{}, draw.Src)
		y += w.Rect.Dy()
	}
	return out
}

// marked is a sample's picture, no larger than a cell, with a line around the defect; nil of none.
func marked(s anomaly.Sample) (image.Image, error) {
	if s.Picture == nil {
		return nil, nil
	}
	size := s.Picture.Rect.Size()
	to := cellSize(size)
	picture, err := images.StretchTo(size, to).Picture(s.Picture)
	if err != nil {
		return nil, err
	}
	near, err := nearDefect(s.Mask, size, to)
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(image.Rectangle{Max: to})
	draw.Draw(out, out.Rect, picture, picture.Rect.Min, draw.Src)
	for i, v := range out.Pix {
		out.Pix[i] = uint8(min(255, (int(v)+coarse/2)/coarse*coarse))
	}
	inside := func(x, y int) bool { return image.Pt(x, y).In(out.Rect) && near[y*to.X+x] > 0 }
	for y := range to.Y {
		for x := range to.X {
			if !inside(x, y) && (inside(x-1, y) || inside(x+1, y) || inside(x, y-1) || inside(x, y+1)) {
				out.SetRGBA(x, y, color.RGBA{255, 0, 220, 255}) // which no part has
			}
		}
	}
	return out, nil
}

// nearDefect has 1 where a mask, brought from a size to another, is white or nearly so. What is thin would be hidden by a
// line that touches it.
func nearDefect(mask *image.Gray, from, to image.Point) ([]float32, error) {
	const (
		least = 0.25 // of a pixel is white, so that thin lines are not lost where a picture gets smaller
		apart = 2    // pixels
	)
	m, err := maskNumbers(mask, from)
	if err == nil {
		m, err = images.ResizeMap(m, from.Y, from.X, 1, to.Y, to.X, images.PillowBox)
	}
	if err != nil {
		return nil, err
	}
	return images.Grown(images.Above(m, least), to.Y, to.X, apart)
}

// cellSize is the size at which a picture is shown: its longer side is a cell's, in small pictures, too.
func cellSize(size image.Point) image.Point {
	longer := max(size.X, size.Y)
	return image.Pt(max(1, size.X*cellSide/longer), max(1, size.Y*cellSide/longer))
}

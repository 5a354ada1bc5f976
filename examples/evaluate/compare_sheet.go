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

// sheetRow is a generator on a sheet: its name, and a picture for each column; one without a picture leaves its place empty.
type sheetRow struct {
	name  string
	cells []anomaly.Sample
}

// cellSide is the longer side of a picture on the sheet, which six of them keep below the 900 pixels that a README shows.
const cellSide = 128

// compareSheet has a row for each generator and a column for each part, whose title may have several lines. A line around
// what the mask marks is drawn just outside it.
func compareSheet(columns []string, rows []sheetRow) ([]byte, error) {
	head := []image.Image{nil}
	for _, c := range columns {
		var lines [][]image.Image
		for line := range strings.Lines(c) {
			lines = append(lines, []image.Image{show.Writing(strings.TrimSpace(line), 1)})
		}
		head = append(head, show.Grid(lines))
	}
	grid := [][]image.Image{head}
	for _, r := range rows {
		row := []image.Image{show.Writing(r.name, 1)}
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
	mask, err := maskNumbers(s.Mask, size)
	if err == nil {
		mask, err = images.ResizeMap(mask, size.Y, size.X, 1, to.Y, to.X, images.PillowBox)
	}
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(image.Rectangle{Max: to})
	draw.Draw(out, out.Rect, picture, picture.Rect.Min, draw.Src)
	const least = 0.25 // of a pixel, so that thin lines are not lost where a picture gets smaller
	inside := func(x, y int) bool { return image.Pt(x, y).In(out.Rect) && mask[y*to.X+x] > least }
	for y := range to.Y {
		for x := range to.X {
			if !inside(x, y) && (inside(x-1, y) || inside(x+1, y) || inside(x, y-1) || inside(x, y+1)) {
				out.SetRGBA(x, y, color.RGBA{255, 0, 220, 255}) // that no part has
			}
		}
	}
	return out, nil
}

// cellSize is the size at which a picture is shown: its longer side is a cell's, in small pictures, too.
func cellSize(size image.Point) image.Point {
	longer := max(size.X, size.Y)
	return image.Pt(max(1, size.X*cellSide/longer), max(1, size.Y*cellSide/longer))
}

package anomaly

import (
	"cmp"
	"image"
	"math"
)

// FreeShapes are what free forms are like: what a random walk has covered, blurred and cut at half, the
// largest part. Lengths are pixels of a picture whose shorter side has 256. Short walks that are blurred
// much leave nothing.
type FreeShapes struct {
	Steps  [2]int  // from the first to below the second, default 300 to below 18001
	Blur   Range   // deviation of the blur, default 2 to 12
	Closed float64 // probability that small gaps are closed, default 0.5
}

func (s FreeShapes) check() error {
	return cmp.Or(
		counts("free forms' steps", s.Steps, 1, 1_000_000),
		s.Blur.need("free forms' blur", 0.1, 100),
		within("the probability of closed free forms", s.Closed, 0, 1),
	)
}

// draw draws the number of steps, the blur, the point where the walk begins, its steps, which stay or lead
// to one of the eight neighbours, and whether gaps are closed.
func (s FreeShapes) draw(d Draws, f frame) figure {
	steps := d.Whole(s.Steps[0], s.Steps[1])
	deviation := min(100, max(0.1, s.Blur.draw(d)))
	size := image.Pt(cells(f.w, f.scale), cells(f.h, f.scale))
	at := image.Pt(d.Whole(0, size.X), d.Whole(0, size.Y))
	bounds := image.Rectangle{Min: at, Max: at}.Inset(-largestField / 2)
	if !f.open {
		bounds = bounds.Intersect(image.Rectangle{Max: size})
	}
	visited := make([]image.Point, steps)
	for i := range visited {
		visited[i] = at
		step := d.Whole(0, 9)
		at = at.Add(image.Pt(step%3-1, step/3-1))
		at = image.Pt(min(bounds.Max.X-1, max(bounds.Min.X, at.X)), min(bounds.Max.Y-1, max(bounds.Min.Y, at.Y)))
	}
	taps := int(2*deviation+1) | 1
	grid := walked(visited, taps/2+1, size, f.open).blurred(taps, deviation)
	if coin(d, s.Closed) {
		grid = grid.neighbours(larger).neighbours(smaller)
	}
	grid.keepLargest()
	return grid.figure().times(complex(f.scale, 0))
}

// cells are how many pixels of a length a side has.
func cells(side, scale float64) int { return max(1, int(math.Round(side/scale))) }

// walked is the field of what was visited, with a margin, but not beyond a picture's size.
func walked(visited []image.Point, margin int, size image.Point, open bool) *field {
	var part image.Rectangle
	for _, p := range visited {
		part = part.Union(image.Rectangle{Min: p, Max: p.Add(image.Pt(1, 1))})
	}
	part = part.Inset(-margin)
	if !open {
		part = part.Intersect(image.Rectangle{Max: size})
	}
	f := newField(part)
	f.whole, f.bounded = size, !open
	for _, p := range visited {
		f.values[f.index(p)] = 1
	}
	return f
}

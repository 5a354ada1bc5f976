package anomaly

import (
	"image"
	"sort"
)

// ground is where shapes may be.
type ground struct {
	size  image.Point
	place *image.Gray // nil for everywhere
	rows  []int       // how many of its pixels lie above the end of each row
	count int
}

func newGround(size image.Point, place *image.Gray) *ground {
	g := &ground{size: size, place: place, rows: make([]int, size.Y)}
	for y := range size.Y {
		for x := range size.X {
			if g.has(x, y) {
				g.count++
			}
		}
		g.rows[y] = g.count
	}
	return g
}

// has reports whether a pixel is one where shapes may be.
func (g *ground) has(x, y int) bool {
	if x < 0 || y < 0 || x >= g.size.X || y >= g.size.Y {
		return false
	}
	return g.place == nil || g.place.Pix[y*g.place.Stride+x] >= white
}

// pixel is the ground's i-th, row by row.
func (g *ground) pixel(i int) image.Point {
	y := sort.SearchInts(g.rows, i+1)
	left := g.rows[y] - i // that many from the row's end
	for x := g.size.X - 1; x >= 0; x-- {
		if g.has(x, y) {
			if left--; left == 0 {
				return image.Pt(x, y)
			}
		}
	}
	return image.Point{Y: y} // a row has as many as were counted
}

// choices are how often a pixel is drawn at which the ground holds all of a shape.
const choices = 50

// choose draws a pixel of the ground for a figure's middle: the first at which the ground holds all of
// it, or else the one at which it holds most.
func (g *ground) choose(d Draws, f figure) (best image.Point) {
	var points []image.Point
	origin := complex(0.5, 0.5)
	f.cover(origin, image.Rectangle{Min: image.Point{}.Sub(g.size), Max: g.size}, func(x, y int) { points = append(points, image.Pt(x, y)) })
	most := -1
	for range choices {
		at := g.pixel(d.Whole(0, g.count))
		held := 0
		for _, p := range points {
			if g.has(p.X+at.X, p.Y+at.Y) {
				held++
			}
		}
		if held > most {
			best, most = at, held
		}
		if held == len(points) {
			break
		}
	}
	return best
}

package generate

import (
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// PerlinGrid says how cells lie on a picture whose sides they do not divide.
type PerlinGrid string

const (
	// Cropped has the noise be as large as the next powers of two, of which the picture is the upper left part: anomalib's.
	// Where the sides are powers of two both are the same.
	Cropped PerlinGrid = "cropped"
	// Stretched lays the cells over the picture itself; they need not be whole numbers of pixels wide.
	Stretched PerlinGrid = "stretched"
)

// check refuses another grid.
func (g PerlinGrid) check() error {
	if g != Cropped && g != Stretched {
		return wrong("the Perlin noise's grid is %.20q, want %s or %s", string(g), Cropped, Stretched)
	}
	return nil
}

// over is the size that the cells are laid over.
func (g PerlinGrid) over(size image.Point) image.Point {
	if g == Stretched {
		return size
	}
	over := image.Pt(1, 1)
	for over.X < size.X {
		over.X *= 2
	}
	for over.Y < size.Y {
		over.Y *= 2
	}
	return over
}

// mostCells is how many cells a side of the noise may have.
const mostCells = 1024

// Perlin returns Perlin noise [H, W] of so many pixels and cells along either side, 1 to 1024 cells: smooth numbers
// around 0, seldom beyond ±1, as DRAEM and anomalib compute it. It draws the angles of (cells.Y+1)·(cells.X+1)
// gradients, row by row, as shares of a turn: Uniform(0, 1). Arguments out of their range are ErrArgument.
func Perlin(d anomaly.Draws, size, cells image.Point, grid PerlinGrid) ([]float32, error) {
	if err := images.CheckSize(size.X, size.Y); err != nil {
		return nil, wrong("Perlin noise like %w", err)
	}
	if d == nil {
		return nil, wrong("there are no draws: anomaly.NewDraws makes those of a seed")
	}
	if min(cells.X, cells.Y) < 1 || max(cells.X, cells.Y) > mostCells {
		return nil, wrong("Perlin noise of %d×%d cells, want 1 to %d along either side", cells.X, cells.Y, mostCells)
	}
	if err := grid.check(); err != nil {
		return nil, err
	}
	return drawLattice(d, cells).noise(size, grid), nil
}

// lattice has the gradients at the corners of cells, row by row: cosines along y and sines along x.
type lattice struct {
	cells    image.Point
	cos, sin []float32
}

func drawLattice(d anomaly.Draws, cells image.Point) lattice {
	n := (cells.X + 1) * (cells.Y + 1)
	l := lattice{cells, make([]float32, n), make([]float32, n)}
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * d.Uniform(0, 1))
		l.sin[i], l.cos[i] = float32(sin), float32(cos)
	}
	return l
}

// noise computes rows side by side.
func (l lattice) noise(size image.Point, grid PerlinGrid) []float32 {
	over := grid.over(size)
	rows, columns := newAxis(size.Y, over.Y, l.cells.Y), newAxis(size.X, over.X, l.cells.X)
	out := make([]float32, size.X*size.Y)
	kernels.Range(size.Y, max(1, 1<<14/size.X), func(lo, hi int) {
		lines := make([]line, l.cells.X+1)
		for y := lo; y < hi; y++ {
			l.along(lines, rows.cell[y], rows.at[y], rows.fade[y])
			columns.row(out[y*size.X:][:size.X], lines)
		}
	})
	return out
}

// axis is where the pixels of a side lie: in which cell, how far into it, and how much of the cell's other end counts.
type axis struct {
	cell     []int
	at, fade []float32
	first    []int // of each cell, the first of the pixels from which on they lie in it or beyond
}

// newAxis has so many pixels of a side that is cut into cells.
func newAxis(pixels, side, cells int) axis {
	a := axis{make([]int, pixels), make([]float32, pixels), make([]float32, pixels), make([]int, cells+1)}
	for i := range pixels {
		a.cell[i] = i * cells / side
		t := float64(i*cells%side) / float64(side)
		a.at[i], a.fade[i] = float32(t), float32(t*t*t*(t*(6*t-15)+10))
	}
	for c := range a.first {
		a.first[c], _ = slices.BinarySearch(a.cell, c)
	}
	return a
}

// line is what the gradients above and below give along a row of pixels, from a column of corners on: at + rise·b, b
// cells to its right.
type line struct{ at, rise float32 }

// along fades the gradients of the corners above a row of pixels into those below, times √2.
func (l lattice) along(lines []line, cell int, at, fade float32) {
	above := cell * len(lines)
	below := above + len(lines)
	for j := range lines {
		upper, lower := at*l.cos[above+j], (at-1)*l.cos[below+j]
		left, right := l.sin[above+j], l.sin[below+j]
		lines[j] = line{math.Sqrt2 * (upper + fade*(lower-upper)), math.Sqrt2 * (left + fade*(right-left))}
	}
}

// row fades from each line into the next.
func (a axis) row(out []float32, lines []line) {
	for c := range len(a.first) - 1 {
		from, to := a.first[c], a.first[c+1]
		left, right := lines[c], lines[c+1]
		step, rise := right.at-right.rise-left.at, right.rise-left.rise
		at, fade, part := a.at[from:to], a.fade[from:to], out[from:to]
		for i, b := range at {
			part[i] = left.at + left.rise*b + fade[i]*(step+rise*b)
		}
	}
}

package anomaly

import (
	"image"
	"math"
)

// field is a number for each cell of a grid, of which one above a half is inside the shape.
type field struct {
	part   image.Rectangle // of the grid
	values []float32       // row by row; 0 beyond the part

	bounded bool // the grid ends at whole, beyond which a blur sees it mirrored
	whole   image.Point
}

// largestField is how many cells a side has at most: more than AnoStyler's numbers lead to.
const largestField = 2048

func newField(part image.Rectangle) *field {
	return &field{part: part, values: make([]float32, part.Dx()*part.Dy())}
}

// fieldOf is 1 where a figure is, with a margin for a blur.
func fieldOf(f figure, margin int) *field {
	lo, hi := f.box()
	part := image.Rect(int(math.Floor(real(lo))), int(math.Floor(imag(lo))), int(math.Ceil(real(hi))), int(math.Ceil(imag(hi))))
	g := newField(part.Inset(-margin - 1).Intersect(image.Rectangle{}.Inset(-largestField / 2)))
	f.cover(0, g.part, func(x, y int) { g.values[g.index(image.Pt(x, y))] = 1 })
	return g
}

func (f *field) index(p image.Point) int {
	return (p.Y-f.part.Min.Y)*f.part.Dx() + p.X - f.part.Min.X
}

// at is the number of a cell, 0 beyond the part.
func (f *field) at(p image.Point) float32 {
	if f.bounded && !p.In(f.part) {
		p = image.Pt(mirrored(p.X, f.whole.X), mirrored(p.Y, f.whole.Y))
	}
	if !p.In(f.part) {
		return 0
	}
	return f.values[f.index(p)]
}

// each makes a field of the same part of what is given for each cell.
func (f *field) each(value func(p image.Point) float32) *field {
	out := *f
	out.values = make([]float32, 0, len(f.values))
	for y := f.part.Min.Y; y < f.part.Max.Y; y++ {
		for x := f.part.Min.X; x < f.part.Max.X; x++ {
			out.values = append(out.values, value(image.Pt(x, y)))
		}
	}
	return &out
}

// blurred is the field after a Gaussian filter of taps weights along both sides.
func (f *field) blurred(taps int, deviation float64) *field {
	weights := gaussian(taps, deviation)
	along := func(f *field, step image.Point) *field {
		return f.each(func(p image.Point) float32 {
			var sum float64
			for i, w := range weights {
				sum += w * float64(f.at(p.Add(step.Mul(i-taps/2))))
			}
			return float32(sum)
		})
	}
	return along(along(f, image.Pt(1, 0)), image.Pt(0, 1))
}

func larger(a, b float32) float32  { return max(a, b) }
func smaller(a, b float32) float32 { return min(a, b) }

// neighbours is what a function takes of each cell and its four neighbours, those in the part.
func (f *field) neighbours(take func(a, b float32) float32) *field {
	return f.each(func(p image.Point) float32 {
		v := f.at(p)
		for _, q := range []image.Point{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}} {
			if q = p.Add(q); q.In(f.part) {
				v = take(v, f.at(q))
			}
		}
		return v
	})
}

// keepLargest makes all parts 0 but the one that has most cells, by eight neighbours.
func (f *field) keepLargest() {
	part := make([]int, len(f.values)) // 0 where none is known
	var sizes []int
	for y := f.part.Min.Y; y < f.part.Max.Y; y++ {
		for x := f.part.Min.X; x < f.part.Max.X; x++ {
			if p := image.Pt(x, y); f.values[f.index(p)] > 0.5 && part[f.index(p)] == 0 {
				sizes = append(sizes, f.fill(p, part, len(sizes)+1))
			}
		}
	}
	largest := 0
	for i, n := range sizes {
		if n > sizes[largest] {
			largest = i
		}
	}
	for i, n := range part {
		if n > 0 && n != largest+1 {
			f.values[i] = 0
		}
	}
}

// fill gives a number to all cells of a part, from one of them, and returns how many these are.
func (f *field) fill(from image.Point, part []int, number int) (n int) {
	part[f.index(from)] = number
	for stack := []image.Point{from}; len(stack) > 0; n++ {
		p := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for i := range 9 {
			q := p.Add(image.Pt(i%3-1, i/3-1))
			if q.In(f.part) && f.values[f.index(q)] > 0.5 && part[f.index(q)] == 0 {
				part[f.index(q)] = number
				stack = append(stack, q)
			}
		}
	}
	return n
}

// figure is the shape of what is above a half, bilinear between the cells.
func (f *field) figure() figure {
	var outline []complex128
	for y := f.part.Min.Y; y < f.part.Max.Y; y++ {
		for _, x := range f.ends(y) {
			outline = append(outline, complex(float64(x), float64(y)), complex(float64(x), float64(y+1)))
		}
	}
	return figure{outline, func(z complex128, _ float64) bool {
		x, y := real(z)-0.5, imag(z)-0.5
		left, top := math.Floor(x), math.Floor(y)
		tx, ty := float32(x-left), float32(y-top)
		p := image.Pt(int(left), int(top))
		upper := f.near(p)*(1-tx) + f.near(p.Add(image.Pt(1, 0)))*tx
		lower := f.near(p.Add(image.Pt(0, 1)))*(1-tx) + f.near(p.Add(image.Pt(1, 1)))*tx
		return upper*(1-ty)+lower*ty > 0.5
	}}
}

// near is the number of a cell, and beyond a bounded grid, by one cell, that of its last.
func (f *field) near(p image.Point) float32 {
	if f.bounded && p.In(image.Rect(-1, -1, f.whole.X+1, f.whole.Y+1)) {
		p = image.Pt(min(f.whole.X-1, max(0, p.X)), min(f.whole.Y-1, max(0, p.Y)))
	}
	if !p.In(f.part) {
		return 0
	}
	return f.values[f.index(p)]
}

// ends are where a row's first cell that is inside begins and where its last one ends; none without one.
func (f *field) ends(y int) []int {
	row := f.values[f.index(image.Pt(f.part.Min.X, y)):][:f.part.Dx()]
	var ends []int
	for x, v := range row {
		if v <= 0.5 {
			continue
		}
		if ends == nil {
			ends = []int{f.part.Min.X + x, 0}
		}
		ends[1] = f.part.Min.X + x + 1
	}
	return ends
}

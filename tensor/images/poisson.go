package images

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// Poisson returns the destination with the source's colour gradients where the mask [H, W] is at least 0.5: outside the
// mask nothing changes, and at its edge the two meet without a seam (Pérez, Gangnet, Blake, "Poisson image editing",
// SIGGRAPH 2003, equations 7 and 11). With mixed, of two neighbours' differences the larger one counts, the source's or
// the destination's (equation 13), so that what the destination has shows through. All are of one size. What lies beyond
// the picture's border does not count: there the gradients are the source's.
//
// A system that does not converge is an error: conjugate gradients in float64, to a residual of a thousandth of a level,
// which for a region that fills its box are led by the box's exact solution. Large regions take seconds: Poisson ends when
// ctx does.
func Poisson(ctx context.Context, destination, source *image.RGBA, mask []float32, mixed bool) (*image.RGBA, error) {
	if ctx == nil {
		return nil, errors.New("images: there is no context")
	}
	if err := errors.Join(Check(destination), Check(source)); err != nil {
		return nil, err
	}
	size := destination.Rect.Size()
	if got := source.Rect.Size(); got != size || len(mask) != size.X*size.Y {
		return nil, fmt.Errorf("a picture of %d×%d pixels and a mask of %d cannot be blended into one of %d×%d", got.X, got.Y, len(mask), size.X, size.Y)
	}
	out := Cut(destination, destination.Rect)
	regions, err := Regions(mask, size.Y, size.X)
	if err != nil {
		return nil, err
	}
	for _, region := range regions {
		p := newPoisson(region, size)
		var all [3]*colourEquations
		p.each(func(c int) { all[c] = p.equations(destination, source, region, c, mixed) })
		if err := p.solve(ctx, all[:]); err != nil {
			return nil, err
		}
		for k, i := range region {
			pixel := out.Pix[i/size.X*out.Stride+4*(i%size.X):]
			for c := range all {
				pixel[c] = uint8(math.RoundToEven(min(max(all[c].u[k], 0), 255)))
			}
		}
	}
	return out, nil
}

// poisson is a region's equations, without their right sides: for each of its pixels, as many u as it has neighbours in
// the picture, less those in the region.
type poisson struct {
	box    image.Rectangle // around the region
	at     []int           // the pixels' places in the box, row by row
	degree []float64       // neighbours within the picture
	beside [][4]int32      // the neighbours' places in the region; for others that after the last, where numbers are 0
	known  int             // neighbours at the region's edge
}

func newPoisson(region []int, size image.Point) *poisson {
	n := len(region)
	p := &poisson{at: make([]int, n), degree: make([]float64, n), beside: make([][4]int32, n)}
	for _, i := range region {
		if at := image.Pt(i%size.X, i/size.X); !at.In(p.box) {
			p.box = p.box.Union(image.Rectangle{Min: at, Max: at.Add(image.Pt(1, 1))})
		}
	}
	place := make([]int32, p.box.Dx()*p.box.Dy()) // in the region, counted from 1
	for k, i := range region {
		p.at[k] = (i/size.X-p.box.Min.Y)*p.box.Dx() + i%size.X - p.box.Min.X
		place[p.at[k]] = int32(k + 1)
	}
	for k, i := range region {
		for m, to := range neighbours(i%size.X, i/size.X) {
			p.beside[k][m] = int32(n)
			if !to.In(image.Rectangle{Max: size}) {
				continue
			}
			p.degree[k]++
			inside := int32(0)
			if to.In(p.box) {
				inside = place[(to.Y-p.box.Min.Y)*p.box.Dx()+to.X-p.box.Min.X]
			}
			if inside > 0 {
				p.beside[k][m] = inside - 1
			} else {
				p.known++
			}
		}
	}
	return p
}

func neighbours(x, y int) [4]image.Point {
	return [4]image.Point{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}}
}

// each calls f for each colour, at once where that is worth it.
func (p *poisson) each(f func(c int)) {
	if len(p.at) > 2000 {
		kernels.Parallel(3, f)
		return
	}
	for c := range 3 {
		f(c)
	}
}

// equations are the right sides of one colour, with the neighbours that are known, and the destination to begin with. Of
// the whole picture gradients determine all but the mean, which is the source's: there the source is the solution.
func (p *poisson) equations(destination, source *image.RGBA, region []int, c int, mixed bool) *colourEquations {
	size := destination.Rect.Size()
	at := func(m *image.RGBA, p image.Point) float64 { return float64(m.Pix[p.Y*m.Stride+4*p.X+c]) }
	e := newColourEquations(len(region))
	for k, i := range region {
		here := image.Pt(i%size.X, i/size.X)
		if e.u[k] = at(destination, here); p.known == 0 {
			e.u[k] = at(source, here)
		}
		for m, to := range neighbours(here.X, here.Y) {
			if !to.In(image.Rectangle{Max: size}) {
				continue
			}
			step := at(source, here) - at(source, to)
			if d := at(destination, here) - at(destination, to); mixed && math.Abs(d) > math.Abs(step) {
				step = d
			}
			e.r[k] += step
			if int(p.beside[k][m]) == len(region) {
				e.r[k] += at(destination, to)
			}
		}
	}
	return e
}

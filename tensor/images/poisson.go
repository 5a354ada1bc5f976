package images

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// Poisson returns the destination with the source's colour gradients where the mask [H, W] is at least 0.5: outside the
// mask nothing changes, and at its edge the two meet without a seam (Pérez, Gangnet, Blake, "Poisson image editing",
// SIGGRAPH 2003, equations 7 and 11). With mixed, of two neighbours' differences the larger one counts, the source's or
// the destination's (equation 13), so that what the destination has shows through. All are of one size. What lies beyond
// the picture's border does not count: there the gradients are the source's.
//
// A system that does not converge is an error: conjugate gradients in float64, to a residual of a thousandth of a level.
func Poisson(destination, source *image.RGBA, mask []float32, mixed bool) (*image.RGBA, error) {
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
		for c := range 3 {
			p := newPoisson(destination, source, region, c, mixed)
			if err := p.solve(); err != nil {
				return nil, err
			}
			for k, i := range region {
				out.Pix[i/size.X*out.Stride+4*(i%size.X)+c] = uint8(math.RoundToEven(min(max(p.u[k], 0), 255)))
			}
		}
	}
	return out, nil
}

// poisson is the equations of one colour in one region: for each of its pixels, 4u less the four neighbours' u is b, with
// those neighbours that are known on the right.
type poisson struct {
	u, b   []float64
	degree []float64  // neighbours within the picture
	beside [][4]int32 // the neighbours' places in the region, -1 for those that are known or beyond the border
	known  int        // neighbours at the region's edge
}

func newPoisson(destination, source *image.RGBA, region []int, c int, mixed bool) *poisson {
	w, h := destination.Rect.Dx(), destination.Rect.Dy()
	place := make(map[int]int32, len(region))
	for k, i := range region {
		place[i] = int32(k)
	}
	at := func(m *image.RGBA, i int) float64 { return float64(m.Pix[i/w*m.Stride+4*(i%w)+c]) }
	p := &poisson{u: make([]float64, len(region)), b: make([]float64, len(region)), degree: make([]float64, len(region)), beside: make([][4]int32, len(region))}
	for k, i := range region {
		p.u[k] = at(destination, i)
		x, y := i%w, i/w
		for n, to := range [4]image.Point{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
			p.beside[k][n] = -1
			if to.X < 0 || to.X >= w || to.Y < 0 || to.Y >= h {
				continue
			}
			j := to.Y*w + to.X
			step := at(source, i) - at(source, j)
			if d := at(destination, i) - at(destination, j); mixed && math.Abs(d) > math.Abs(step) {
				step = d
			}
			p.degree[k]++
			p.b[k] += step
			if inside, ok := place[j]; ok {
				p.beside[k][n] = inside
			} else {
				p.b[k] += at(destination, j)
				p.known++
			}
		}
	}
	if p.known == 0 { // the whole picture: only its mean is not determined by its gradients, and is the source's
		for k, i := range region {
			p.u[k] = at(source, i)
		}
	}
	return p
}

// apply sets out to the left side for v.
func (p *poisson) apply(out, v []float64) {
	for k := range out {
		sum := p.degree[k] * v[k]
		for _, j := range p.beside[k] {
			if j >= 0 {
				sum -= v[j]
			}
		}
		out[k] = sum
	}
}

// solve finds u by conjugate gradients.
func (p *poisson) solve() error {
	if p.known == 0 {
		return nil
	}
	n := len(p.u)
	r, d, a := make([]float64, n), make([]float64, n), make([]float64, n)
	p.apply(a, p.u)
	worst, square := 0.0, 0.0
	for k := range r {
		r[k] = p.b[k] - a[k]
		d[k] = r[k]
		worst, square = max(worst, math.Abs(r[k])), square+r[k]*r[k]
	}
	most := 20*int(math.Sqrt(float64(n))) + 20
	for range most {
		if worst < 1e-3 {
			return nil
		}
		p.apply(a, d)
		curve := 0.0
		for k := range d {
			curve += d[k] * a[k]
		}
		alpha, before := square/curve, square
		worst, square = 0, 0
		for k := range d {
			p.u[k] += alpha * d[k]
			r[k] -= alpha * a[k]
			worst, square = max(worst, math.Abs(r[k])), square+r[k]*r[k]
		}
		for k := range d {
			d[k] = r[k] + square/before*d[k]
		}
	}
	if worst < 1e-3 {
		return nil
	}
	return fmt.Errorf("blending %d pixels did not converge in %d steps: the residual is %g levels", n, most, worst)
}

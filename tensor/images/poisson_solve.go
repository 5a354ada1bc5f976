package images

import (
	"context"
	"fmt"
	"math"
)

const (
	enoughResidual = 1e-3 // levels: then the solution is right to a hundredth of one

	// A region that fills so much of its box, and is not small, is preconditioned with the box's exact solution: that
	// takes dozens of steps instead of hundreds.
	fillsBox    = 0.5
	smallRegion = 2000
)

// solve finds the unknowns of all colours by conjugate gradients.
func (p *poisson) solve(ctx context.Context, all []*colourEquations) error {
	if p.known == 0 {
		return nil
	}
	p.each(func(c int) { p.begin(all[c]) })
	worst := func() (most float64) {
		for _, e := range all {
			most = max(most, e.worst)
		}
		return most
	}
	box, most := p.filled(all), 20*int(math.Sqrt(float64(len(p.at))))+20
	for range most {
		if worst() < enoughResidual {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if box != nil {
			box.apply(all)
		}
		p.each(func(c int) { p.step(all[c]) })
	}
	if worst() < enoughResidual {
		return nil
	}
	return fmt.Errorf("blending %d pixels did not converge in %d steps: the residual is %g levels", len(p.at), most, worst())
}

// colourEquations are the equations of one colour on their way to a solution. Each list has one more number, 0, for what
// is not in the region.
type colourEquations struct {
	u      []float64 // unknowns
	r      []float64 // the right sides; once begun, what is missing to them
	z      []float64 // r, preconditioned; r itself without
	d, a   []float64 // a direction, and the left sides for it
	before float64   // r·z of the step before
	worst  float64   // the largest of r
}

func newColourEquations(n int) *colourEquations {
	e := &colourEquations{}
	for _, v := range []*[]float64{&e.u, &e.r, &e.d, &e.a} {
		*v = make([]float64, n+1)
	}
	e.z = e.r
	return e
}

func (p *poisson) begin(e *colourEquations) {
	p.left(e.a, e.u)
	for k, a := range e.a {
		e.r[k] -= a
		e.worst = max(e.worst, math.Abs(e.r[k]))
	}
}

// left sets out to the left sides for v, and returns their product with it.
func (p *poisson) left(out, v []float64) (product float64) {
	for k, b := range p.beside {
		out[k] = p.degree[k]*v[k] - v[b[0]] - v[b[1]] - v[b[2]] - v[b[3]]
		product += out[k] * v[k]
	}
	return product
}

// step goes along the next direction.
func (p *poisson) step(e *colourEquations) {
	if e.worst < enoughResidual {
		return
	}
	product, again := 0.0, 0.0
	for k, r := range e.r {
		product += r * e.z[k]
	}
	if e.before != 0 {
		again = product / e.before
	}
	for k, z := range e.z {
		e.d[k] = z + again*e.d[k]
	}
	length := product / p.left(e.a, e.d)
	e.before, e.worst = product, 0
	for k, a := range e.a {
		e.u[k] += length * e.d[k]
		e.r[k] -= length * a
		e.worst = max(e.worst, math.Abs(e.r[k]))
	}
}

// filledBox is a region's box, whose exact solution is near that of the region.
type filledBox struct {
	p      *poisson
	box    *rectangle
	at     []int // where the region's pixels are among the box's numbers
	values []float32
}

// filled is the box of a region that is worth it, else nil.
func (p *poisson) filled(all []*colourEquations) *filledBox {
	w, h := p.box.Dx(), p.box.Dy()
	if n := len(p.at); n < smallRegion || float64(n) < fillsBox*float64(w*h) {
		return nil
	}
	f := &filledBox{p: p, box: newRectangle(max(w, h), min(w, h)), values: make([]float32, len(all)*w*h)}
	for _, e := range all {
		e.z = make([]float64, len(e.r))
	}
	for _, at := range p.at {
		if w > h {
			at = at%w*h + at/w
		}
		f.at = append(f.at, at)
	}
	return f
}

// apply preconditions the residuals of all colours.
func (f *filledBox) apply(all []*colourEquations) {
	clear(f.values)
	n := len(f.values) / len(all)
	f.p.each(func(c int) {
		for k, at := range f.at {
			f.values[c*n+at] = float32(-all[c].r[k])
		}
	})
	f.box.solve(f.values)
	f.p.each(func(c int) {
		for k, at := range f.at {
			all[c].z[k] = float64(f.values[c*n+at])
		}
	})
}

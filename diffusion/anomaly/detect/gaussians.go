package detect

import (
	"context"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
	"gonum.org/v1/gonum/floats"
)

// gaussians are the normal distributions of PaDiM, one for each of n places, of c numbers each. Σ is the covariance of
// k vectors (divided by k-1) and ridge·I more, Σ = ridge·I for k = 1, and distances are √((x-μ)ᵀ Σ⁻¹ (x-μ)).
//
// With fewer vectors than numbers no matrix of c×c is made: with the centred vectors X, [k, c], and the Cholesky factor L
// of ridge·(k-1)·I + XXᵀ, a place has B = L⁻¹X, and δᵀΣ⁻¹δ = (‖δ‖² - ‖Bδ‖²)/ridge. Otherwise it has the factor of Σ.
type gaussians struct {
	n, c, rows int
	ridge      float64
	mean       []float32 // [n, c]
	basis      []float32 // B, [n, rows, c], rows being k, and 0 for k = 1; none with a factor
	factor     []float32 // of Σ, [n, c(c+1)/2], row by row; none with a basis
}

// fitGaussians learns from k pictures' vectors.
func fitGaussians(ctx context.Context, f features, ridge float64) (*gaussians, error) {
	k := f.n
	g := &gaussians{n: f.h * f.w, c: f.c, ridge: ridge, mean: make([]float32, f.h*f.w*f.c)}
	switch {
	case k == 1:
	case k < f.c:
		g.rows, g.basis = k, make([]float32, g.n*k*f.c)
	default:
		g.factor = make([]float32, g.n*triangle(f.c))
	}
	kernels.Range(g.n, 1+1<<14/(k*f.c), func(lo, hi int) {
		x := make([]float64, k*f.c)
		for p := lo; p < hi && ctx.Err() == nil; p++ {
			g.centre(x, f, p)
			switch {
			case g.basis != nil:
				g.fewer(p, x, k)
			case g.factor != nil:
				g.more(p, x, k)
			}
		}
	})
	return g, ctx.Err()
}

// triangle is how many numbers a lower triangle of n rows has.
func triangle(n int) int { return n * (n + 1) / 2 }

// centre sets the mean of a place, and x, [k, c], to its vectors without it.
func (g *gaussians) centre(x []float64, f features, place int) {
	mean := make([]float64, f.c)
	for i := range f.n {
		for c, v := range f.values[(i*g.n+place)*f.c:][:f.c] {
			x[i*f.c+c] = float64(v)
			mean[c] += float64(v)
		}
	}
	for c := range mean {
		mean[c] /= float64(f.n)
		g.mean[place*f.c+c] = float32(mean[c])
	}
	for i := range x {
		x[i] -= mean[i%f.c]
	}
}

// fewer sets the basis of a place.
func (g *gaussians) fewer(place int, x []float64, k int) {
	l := make([]float64, 0, triangle(k))
	for i := range k {
		for j := range i + 1 {
			l = append(l, dot(x[i*g.c:][:g.c], x[j*g.c:][:g.c]))
		}
		l[len(l)-1] += g.ridge * float64(k-1)
	}
	cholesky(l, k)
	b := g.basis[place*k*g.c:][:k*g.c]
	for i := range k { // row i of B = (row i of X - Σ L_ij · row j of B)/L_ii
		row := l[triangle(i):]
		for j := range i {
			floats.AddScaled(x[i*g.c:][:g.c], -row[j], x[j*g.c:][:g.c])
		}
		for c := range g.c {
			x[i*g.c+c] /= row[i]
			b[i*g.c+c] = float32(x[i*g.c+c])
		}
	}
}

// more sets the factor of a place.
func (g *gaussians) more(place int, x []float64, k int) {
	columns := make([]float64, len(x))
	for i := range k {
		for c := range g.c {
			columns[c*k+i] = x[i*g.c+c]
		}
	}
	l := make([]float64, 0, triangle(g.c))
	for i := range g.c {
		for j := range i + 1 {
			l = append(l, dot(columns[i*k:][:k], columns[j*k:][:k])/float64(k-1))
		}
		l[len(l)-1] += g.ridge
	}
	cholesky(l, g.c)
	for i, v := range l {
		g.factor[place*len(l)+i] = float32(v)
	}
}

// cholesky replaces the lower triangle of a positive definite matrix, row by row, by its factor.
func cholesky(l []float64, n int) {
	for i := range n {
		row := l[triangle(i):]
		for j := range i + 1 {
			other := l[triangle(j):]
			v := row[j] - dot(row[:j], other[:j])
			if i == j {
				row[j] = math.Sqrt(v)
			} else {
				row[j] = v / other[j]
			}
		}
	}
}

// dot is the product of two vectors.
func dot(a, b []float64) float64 { return floats.Dot(a, b[:len(a)]) }

// distances are those of one picture's vectors, [n, c].
func (g *gaussians) distances(vectors []float32) []float32 {
	out := make([]float32, g.n)
	kernels.Range(g.n, 1+1<<14/(g.c*(1+g.rows)), func(lo, hi int) {
		d, solved := make([]float64, g.c), make([]float64, g.c)
		for p := lo; p < hi; p++ {
			for c := range d {
				d[c] = float64(vectors[p*g.c+c]) - float64(g.mean[p*g.c+c])
			}
			if g.factor != nil {
				out[p] = float32(math.Sqrt(g.solve(p, d, solved)))
				continue
			}
			square := dot(d, d)
			for r := range g.rows {
				a := dot32(d, g.basis[(p*g.rows+r)*g.c:])
				square -= a * a
			}
			out[p] = float32(math.Sqrt(max(square, 0) / g.ridge))
		}
	})
	return out
}

// solve returns ‖y‖² of the solution of Ly = d, the factor of a place being L.
func (g *gaussians) solve(place int, d, y []float64) float64 {
	l := g.factor[place*triangle(g.c):]
	for i := range g.c {
		row := l[triangle(i):]
		y[i] = (d[i] - dot32(y[:i], row)) / float64(row[i])
	}
	return dot(y, y)
}

// dot32 is the product of a with as many numbers of b, in four sums: one alone would wait for itself.
func dot32(a []float64, b []float32) float64 {
	var s [4]float64
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s[0] += x[0] * float64(y[0])
		s[1] += x[1] * float64(y[1])
		s[2] += x[2] * float64(y[2])
		s[3] += x[3] * float64(y[3])
	}
	for ; i < len(a); i++ {
		s[0] += a[i] * float64(b[i])
	}
	return s[0] + s[1] + (s[2] + s[3])
}

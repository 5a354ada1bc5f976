package detect

import (
	"errors"
	"slices"

	"github.com/sdgraph/sdgraph/tensor/images"
	"gonum.org/v1/gonum/mat"
)

// subspace is the directions in which vectors vary, and their mean. It is kept in float32, as files have it.
type subspace struct {
	mean       []float32
	directions int
	basis      []float32 // [width, directions], orthonormal
}

// moments gathers what of many vectors a subspace is made of, without keeping them: how many there are, their sum, and that
// of their products, from the mean of the first ones, next to which sums lose nothing.
type moments struct {
	n        int
	from     []float64
	sum      []float64
	products *mat.SymDense
}

// add adds vectors of a width, which is always the same.
func (m *moments) add(values []float32, width int) {
	n := len(values) / width
	if m.products == nil {
		m.from, m.sum, m.products = make([]float64, width), make([]float64, width), mat.NewSymDense(width, nil)
		for i, v := range values {
			m.from[i%width] += float64(v) / float64(n)
		}
	}
	x := mat.NewDense(n, width, nil)
	for i, v := range values {
		d := float64(v) - m.from[i%width]
		x.RawMatrix().Data[i] = d
		m.sum[i%width] += d
	}
	var more mat.SymDense
	more.SymOuterK(1, x.T())
	m.products.AddSym(m.products, &more)
	m.n += n
}

// principal returns the mean of the vectors and their principal components, the one of the largest variance first: the
// variances, none below 0, and the directions, [width, width], as columns.
func (m *moments) principal() (mean, variances []float64, directions *mat.Dense, err error) {
	width := len(m.sum)
	covariance := mat.NewSymDense(width, nil)
	if m.n > 1 {
		sum := mat.NewVecDense(width, m.sum)
		covariance.SymRankOne(m.products, -1/float64(m.n), sum)
		covariance.ScaleSym(1/float64(m.n-1), covariance)
	}
	var e mat.EigenSym
	if !e.Factorize(covariance, true) {
		return nil, nil, nil, errors.New("detect: the principal components of tokens were not found")
	}
	var ascending mat.Dense
	e.VectorsTo(&ascending)
	variances = e.Values(nil)
	slices.Reverse(variances)
	directions = mat.NewDense(width, width, nil)
	for j := range width {
		mean = append(mean, m.from[j]+m.sum[j]/float64(m.n))
		variances[j] = max(variances[j], 0)
		directions.SetCol(j, mat.Col(nil, width-1-j, &ascending))
	}
	return mean, variances, directions, nil
}

// subspace returns that of as few directions as explain a share of the variance.
func (m *moments) subspace(share float64) (*subspace, error) {
	mean, variances, directions, err := m.principal()
	if err != nil {
		return nil, err
	}
	total := 0.0
	for _, v := range variances {
		total += v
	}
	k, sum := 0, 0.0
	for k < len(variances) && (k == 0 || sum < share*total) {
		sum += variances[k]
		k++
	}
	s := &subspace{directions: k}
	for c := range mean {
		s.mean = append(s.mean, float32(mean[c]))
		for j := range k {
			s.basis = append(s.basis, float32(directions.At(c, j)))
		}
	}
	return s, nil
}

// residual is for each vector the squared length of what lies outside the subspace.
func (s *subspace) residual(values []float32) []float64 {
	width := len(s.mean)
	n := len(values) / width
	x := mat.NewDense(n, width, nil)
	for i, v := range values {
		x.RawMatrix().Data[i] = float64(v) - float64(s.mean[i%width])
	}
	basis := mat.NewDense(width, s.directions, nil)
	for i, v := range s.basis {
		basis.RawMatrix().Data[i] = float64(v)
	}
	var along, inside mat.Dense
	along.Mul(x, basis)
	inside.Mul(&along, basis.T())
	x.Sub(x, &inside)
	out := make([]float64, n)
	for i := range out {
		for _, v := range x.RawRowView(i) {
			out[i] += v * v
		}
	}
	return out
}

// How AnomalyDINO tells a part from the ground: a token's first principal component must be above a threshold, in one
// direction or, where hardly any of the middle is then of the part, in the other.
const (
	foregroundThreshold = 10
	middleFrom          = 0.2 // of height and width
	middleTo            = 0.8
	middleShare         = 0.35
)

// foregroundOf is 1 for the patches of a part and 0 for those of the ground, grown by a patch, with gaps closed.
func foregroundOf(seen features) ([]float32, error) {
	var m moments
	m.add(seen.values, seen.c)
	mean, _, directions, err := m.principal()
	if err != nil {
		return nil, err
	}
	component := make([]float64, seen.patches())
	for t := range component {
		for c, v := range seen.values[t*seen.c:][:seen.c] {
			component[t] += (float64(v) - mean[c]) * directions.At(c, 0)
		}
	}
	return foreground(component, seen.h, seen.w)
}

// foreground is foregroundOf for the first principal component of a grid, whose sign is any.
func foreground(component []float64, h, w int) ([]float32, error) {
	above := func(sign float64) []float32 {
		m := make([]float32, len(component))
		for i, v := range component {
			if sign*v > foregroundThreshold {
				m[i] = 1
			}
		}
		return m
	}
	m := above(1)
	if inMiddle(m, h, w) <= middleShare {
		m = above(-1)
	}
	return images.SquareClosed(grownBySquare(m, h, w), h, w, 3)
}

// inMiddle is the share of the middle that a mask has.
func inMiddle(m []float32, h, w int) float64 {
	of := func(n int, share float64) int { return int(float64(n) * share) }
	sum, count := 0.0, 0
	for y := of(h, middleFrom); y < of(h, middleTo); y++ {
		for x := of(w, middleFrom); x < of(w, middleTo); x++ {
			sum += float64(m[y*w+x])
			count++
		}
	}
	if count == 0 {
		return 0
	}
	return sum / float64(count)
}

// grownBySquare is 1 where any of the 3×3 around is.
func grownBySquare(m []float32, h, w int) []float32 {
	out := make([]float32, len(m))
	for y := range h {
		for x := range w {
			for dy := max(0, y-1); dy <= min(h-1, y+1); dy++ {
				for dx := max(0, x-1); dx <= min(w-1, x+1); dx++ {
					out[y*w+x] = max(out[y*w+x], m[dy*w+dx])
				}
			}
		}
	}
	return out
}

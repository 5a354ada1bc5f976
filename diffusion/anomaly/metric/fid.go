package metric

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// ErrTooFew is the kind of error where a set has too few pictures for its numbers to be told.
var ErrTooFew = errors.New("too few pictures")

// FID returns the Fréchet distance of two sets of pictures, of which a network has made features, each taken for a normal
// distribution (Heusel et al., "GANs trained by a two time-scale update rule", NeurIPS 2017): ‖μ₁-μ₂‖² + tr(Σ₁ + Σ₂ -
// 2·(Σ₁Σ₂)^½), with covariances over N-1. It goes by this name for the 2048 features of Inception v3 of 2015.
//
// A covariance of fewer pictures than features is not one: what torch-fidelity prints of it depends on how many there are
// more than on what they show. So both sets must have more pictures than features; else the error is ErrTooFew. KID has no
// such bound.
func FID(x, y [][]float32) (float64, error) {
	first, err1 := newGaussian("the first set", x)
	second, err2 := newGaussian("the second set", y)
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	if a, b := len(first.mean), len(second.mean); a != b {
		return 0, fmt.Errorf("features of %d numbers in the first set, and of %d in the second", a, b)
	}
	// Σ₁Σ₂ has the eigenvalues of the symmetric Σ₁^½·Σ₂·Σ₁^½.
	root, err := rootOf(first.covariance)
	if err != nil {
		return 0, err
	}
	var half, both mat.Dense
	half.Mul(root, second.covariance)
	both.Mul(&half, root)
	roots, err := rootsOfEigenvalues(&both)
	if err != nil {
		return 0, err
	}
	distance := mat.Trace(first.covariance) + mat.Trace(second.covariance)
	for i, r := range roots {
		d := first.mean[i] - second.mean[i]
		distance += d*d - 2*r
	}
	return distance, nil
}

// gaussian is a normal distribution.
type gaussian struct {
	mean       []float64
	covariance *mat.SymDense
}

func newGaussian(name string, x [][]float32) (gaussian, error) {
	if err := checkFeatures(name, x); err != nil {
		return gaussian{}, err
	}
	if len(x) == 0 || len(x) <= len(x[0]) {
		features := 0
		if len(x) > 0 {
			features = len(x[0])
		}
		return gaussian{}, fmt.Errorf("%w: %s has %d, of %d features: a Fréchet distance wants more pictures than features", ErrTooFew, name, len(x), features)
	}
	all := mat.NewDense(len(x), len(x[0]), nil)
	for i, v := range x {
		for c, f := range v {
			all.Set(i, c, float64(f))
		}
	}
	g := gaussian{mean: make([]float64, len(x[0])), covariance: new(mat.SymDense)}
	for c := range g.mean {
		g.mean[c] = stat.Mean(mat.Col(nil, c, all), nil)
	}
	stat.CovarianceMatrix(g.covariance, all, nil)
	return g, nil
}

// rootOf is the symmetric root of a covariance.
func rootOf(s *mat.SymDense) (*mat.Dense, error) {
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		return nil, errors.New("the eigenvalues of a covariance were not found")
	}
	var vectors, scaled, root mat.Dense
	e.VectorsTo(&vectors)
	values := e.Values(nil)
	scaled.Apply(func(_, j int, v float64) float64 { return v * math.Sqrt(max(values[j], 0)) }, &vectors)
	root.Mul(&scaled, vectors.T())
	return &root, nil
}

// rootsOfEigenvalues are those of a matrix that is symmetric but for rounding.
func rootsOfEigenvalues(m *mat.Dense) ([]float64, error) {
	n, _ := m.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (m.At(i, j)+m.At(j, i))/2)
		}
	}
	var e mat.EigenSym
	if !e.Factorize(s, false) {
		return nil, errors.New("the eigenvalues of a product of covariances were not found")
	}
	roots := e.Values(nil)
	for i, v := range roots {
		roots[i] = math.Sqrt(max(v, 0))
	}
	return roots, nil
}

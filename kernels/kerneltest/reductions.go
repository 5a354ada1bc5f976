package kerneltest

import (
	"fmt"
	"math"
	"slices"
)

// reductions checks what makes one number of many, and its gradients.
func reductions(f Functions) []check {
	var checks []check
	for _, n := range []int{1, 2, 31, 257, 1000, 5000} {
		named := func(name string) string { return fmt.Sprintf("%s/%d", name, n) }
		ties := slices.Clone(Normal(1, n))
		ties[n/2], ties[n-1] = 9, 9
		checks = append(checks,
			check{name: named("Dot"), kernel: f.Dot, in: normals(n, n), out: 1, tolerance: 1e-5,
				forward:   func(out []float32, in [][]float32) { f.Dot(out, in[0], in[1]) },
				reference: func(in [][]float64) []float64 { return []float64{dot(in[0], in[1])} }},
			check{name: named("ScaleBy"), kernel: f.ScaleBy, in: normals(1, n), out: n, inPlace: []int{1},
				forward: func(out []float32, in [][]float32) { f.ScaleBy(out, in[0], in[1]) },
				reference: func(in [][]float64) []float64 {
					return eachOf(func(x ...float64) float64 { return in[0][0] * x[0] })(in[1:])
				}},
			check{name: named("Mean"), kernel: f.Mean, in: normals(n), out: 1, tolerance: 1e-5,
				forward: func(out []float32, in [][]float32) { f.Mean(out, in[0]) },
				reference: func(in [][]float64) []float64 {
					sum := 0.0
					for _, v := range in[0] {
						sum += v
					}
					return []float64{sum / float64(n)}
				},
				gradients: []gradient{{of: 0, kernel: f.MeanGrad,
					run: func(dx, dy []float32, _ [][]float32) { f.MeanGrad(dx, dy) }}}},
			check{name: named("OneMinusMax"), kernel: f.OneMinusMax, in: normals(n), out: 1,
				forward:   func(out []float32, in [][]float32) { f.OneMinusMax(out, in[0]) },
				reference: func(in [][]float64) []float64 { return []float64{1 - slices.Max(in[0])} },
				gradients: []gradient{{of: 0, kernel: f.OneMinusMaxGrad,
					run: func(dx, dy []float32, in [][]float32) { f.OneMinusMaxGrad(dx, dy, in[0]) }}}},
			check{name: named("OneMinusMaxGrad of ties"), kernel: f.OneMinusMaxGrad, in: [][]float32{{3}, ties}, out: n,
				forward: func(dx []float32, in [][]float32) { f.OneMinusMaxGrad(dx, in[0], in[1]) },
				reference: func(in [][]float64) []float64 {
					dx, largest := make([]float64, n), map[int]bool{n / 2: true, n - 1: true}
					for i := range largest {
						dx[i] = -3 / float64(len(largest))
					}
					return dx
				}})
	}
	return slices.Concat(checks, scalars(f), cosines(f), waves(f))
}

func dot(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// scalars checks the largest of several, two of which are equal.
func scalars(f Functions) []check {
	var checks []check
	for _, x := range [][]float32{{1}, {1, 3, 2}, {5, -1, 5}} {
		in := make([][]float32, len(x))
		for i, v := range x {
			in[i] = []float32{v}
		}
		first := slices.Index(x, slices.Max(x))
		c := check{name: fmt.Sprintf("Largest/%v", x), kernel: f.Largest, in: in, out: 1,
			forward:   func(out []float32, in [][]float32) { f.Largest(out, in) },
			reference: func(in [][]float64) []float64 { return []float64{slices.MaxFunc(in, slices.Compare)[0]} }}
		for i := range x {
			c.gradients = append(c.gradients, gradient{of: i, kernel: f.LargestGrad,
				run: func(dx, dy []float32, in [][]float32) { f.LargestGrad(dx, dy, in, i) },
				reference: func(_ [][]float64, dy []float64) []float64 {
					if i != first {
						return []float64{0}
					}
					return dy
				}})
		}
		checks = append(checks, c)
	}
	return checks
}

func cosines(f Functions) []check {
	var checks []check
	for _, s := range []struct{ rows, c int }{{1, 2}, {1, 768}, {3, 5}, {2, 77}} {
		rows, c := s.rows, s.c
		ofOperand := func(i int) func(da, dy []float32, in [][]float32) {
			return func(da, dy []float32, in [][]float32) { f.CosineSimilarityGrad(da, dy, in[i], in[1-i], rows, c) }
		}
		checks = append(checks, check{name: fmt.Sprintf("CosineSimilarity/%v", s), kernel: f.CosineSimilarity,
			in: normals(rows*c, rows*c), out: 1, tolerance: 1e-5,
			forward: func(out []float32, in [][]float32) { f.CosineSimilarity(out, in[0], in[1], rows, c) },
			reference: func(in [][]float64) []float64 {
				sum := 0.0
				for r := range rows {
					u, v := in[0][r*c:][:c], in[1][r*c:][:c]
					sum += dot(u, v) / math.Sqrt(dot(u, u)*dot(v, v))
				}
				return []float64{sum / float64(rows)}
			},
			gradients: []gradient{
				{of: 0, kernel: f.CosineSimilarityGrad, run: ofOperand(0)},
				{of: 1, kernel: f.CosineSimilarityGrad, run: ofOperand(1)},
			}})
	}
	return checks
}

// waves checks sines and cosines of whole timesteps.
func waves(f Functions) []check {
	var checks []check
	for _, t := range [][]float32{{0}, {1, 999}, {500}} {
		for _, sin := range []int{0, 3} {
			frequencies := []float32{1, 0.0625, 0.001953125} // angles are exact
			checks = append(checks, check{name: fmt.Sprintf("Waves/%v from column %d", t, sin), kernel: f.Waves,
				in: [][]float32{t, frequencies}, out: len(t) * 6,
				forward: func(out []float32, in [][]float32) { f.Waves(out, in[0], in[1], sin, 3-sin) },
				reference: func(in [][]float64) []float64 {
					out := make([]float64, len(t)*6)
					for b, v := range in[0] {
						for i, w := range in[1] {
							out[b*6+sin+i], out[b*6+3-sin+i] = math.Sin(v*w), math.Cos(v*w)
						}
					}
					return out
				}})
		}
	}
	return checks
}

package kerneltest

import (
	"fmt"
	"math"
	"slices"
)

// lengths leave every remainder that a vector of 4, 8 or 16 lanes and a loop unrolled over a few of them can leave.
var lengths = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 100, 129}

// eachOf applies f to the elements of the operands at one position.
func eachOf(f func(x ...float64) float64) func(in [][]float64) []float64 {
	return func(in [][]float64) []float64 {
		out := make([]float64, len(in[0]))
		at := make([]float64, len(in))
		for i := range out {
			for k := range in {
				at[k] = in[k][i]
			}
			out[i] = f(at...)
		}
		return out
	}
}

func elementwise(f Functions) []check {
	const factor = float32(-0.37)
	var checks []check
	for _, n := range lengths {
		named := func(name string) string { return fmt.Sprintf("%s/%d", name, n) }
		checks = append(checks,
			check{name: named("Add"), kernel: f.Add, in: normals(n, n), out: n, inPlace: []int{0, 1},
				forward:   func(out []float32, in [][]float32) { f.Add(out, in[0], in[1]) },
				reference: eachOf(func(x ...float64) float64 { return x[0] + x[1] })},
			check{name: named("Mul"), kernel: f.Mul, in: normals(n, n), out: n, inPlace: []int{0, 1},
				forward:   func(out []float32, in [][]float32) { f.Mul(out, in[0], in[1]) },
				reference: eachOf(func(x ...float64) float64 { return x[0] * x[1] })},
			check{name: named("Scale"), kernel: f.Scale, in: normals(n), out: n, inPlace: []int{0},
				forward:   func(out []float32, in [][]float32) { f.Scale(out, in[0], factor) },
				reference: eachOf(func(x ...float64) float64 { return x[0] * float64(factor) })},
			check{name: named("AddScaled"), kernel: f.AddScaled, in: normals(n, n), out: n,
				forward: func(out []float32, in [][]float32) {
					copy(out, in[0])
					f.AddScaled(out, in[1], factor)
				},
				reference: eachOf(func(x ...float64) float64 { return x[0] + x[1]*float64(factor) })},
		)
	}
	return slices.Concat(checks, simple(f), rowwise(f))
}

// simple checks what moves, fills or bounds numbers.
func simple(f Functions) []check {
	const factor, offset, lo, hi = float32(-0.37), float32(1.25), float32(-0.5), float32(0.75)
	var checks []check
	for _, n := range lengths {
		named := func(name string) string { return fmt.Sprintf("%s/%d", name, n) }
		checks = append(checks,
			check{name: named("Copy"), kernel: f.Copy, in: normals(n), out: n,
				forward:   func(out []float32, in [][]float32) { f.Copy(out, in[0]) },
				reference: eachOf(func(x ...float64) float64 { return x[0] })},
			check{name: named("Fill"), kernel: f.Fill, in: normals(n), out: n,
				forward:   func(out []float32, in [][]float32) { f.Fill(out, factor) },
				reference: eachOf(func(...float64) float64 { return float64(factor) })},
			check{name: named("Affine"), kernel: f.Affine, in: normals(n), out: n, inPlace: []int{0},
				forward:   func(out []float32, in [][]float32) { f.Affine(out, in[0], factor, offset) },
				reference: eachOf(func(x ...float64) float64 { return x[0]*float64(factor) + float64(offset) })},
			check{name: named("Clamp"), kernel: f.Clamp, in: normals(n), out: n, inPlace: []int{0},
				forward:   func(out []float32, in [][]float32) { f.Clamp(out, in[0], lo, hi) },
				reference: eachOf(func(x ...float64) float64 { return min(max(x[0], float64(lo)), float64(hi)) }),
				gradients: []gradient{{of: 0, kernel: f.ClampGrad, inPlace: true,
					run: func(dx, dy []float32, in [][]float32) { f.ClampGrad(dx, dy, in[0], lo, hi) }}}},
		)
	}
	return checks
}

// rowwise checks what combines [b, rows, c] with [b, c].
func rowwise(f Functions) []check {
	var checks []check
	for _, s := range []struct{ b, rows, c int }{{1, 1, 1}, {2, 3, 5}, {1, 4, 16}, {3, 2, 33}, {2, 600, 3}} {
		b, rows, c := s.b, s.rows, s.c
		n := b * rows * c
		checks = append(checks,
			check{name: fmt.Sprintf("AffineChannels/%v", s), kernel: f.AffineChannels, in: normals(n, c, c), out: n, inPlace: []int{0},
				forward: func(out []float32, in [][]float32) { f.AffineChannels(out, in[0], in[1], in[2], b*rows, c) },
				reference: func(in [][]float64) []float64 {
					out := make([]float64, n)
					for i := range out {
						out[i] = in[0][i]*in[1][i%c] + in[2][i%c]
					}
					return out
				}},
			check{name: fmt.Sprintf("AddRows/%v", s), kernel: f.AddRows, in: normals(n, b*c), out: n, inPlace: []int{0},
				forward: func(out []float32, in [][]float32) { f.AddRows(out, in[0], in[1], b, rows, c) },
				reference: func(in [][]float64) []float64 {
					out := make([]float64, n)
					for i := range out {
						out[i] = in[0][i] + in[1][i/(rows*c)*c+i%c]
					}
					return out
				},
				gradients: []gradient{{of: 1, kernel: f.SumRows,
					run: func(dt, dy []float32, in [][]float32) { f.SumRows(dt, dy, b, rows, c) }}}})
	}
	return checks
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func gelu(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }

func activations(f Functions) []check {
	var checks []check
	for _, kind := range []struct {
		name     string
		forward  func(out, x []float32)
		backward func(dx, dy, x []float32)
		exact    func(x float64) float64
	}{
		{"SiLU", f.SiLUForward, f.SiLUGrad, func(x float64) float64 { return x * sigmoid(x) }},
		{"QuickGELU", f.QuickGELU, f.QuickGELUGrad, func(x float64) float64 { return x * sigmoid(1.702*x) }},
		{"GELU", f.GELU, f.GELUGrad, gelu},
	} {
		for _, n := range lengths {
			in := normals(n)
			for i := range in[0] {
				in[0][i] *= 4 // into the tails
			}
			checks = append(checks, check{name: fmt.Sprintf("%s/%d", kind.name, n), kernel: kind.forward,
				in: in, out: n, inPlace: []int{0},
				forward:   func(out []float32, in [][]float32) { kind.forward(out, in[0]) },
				reference: eachOf(func(x ...float64) float64 { return kind.exact(x[0]) }),
				gradients: []gradient{{of: 0, kernel: kind.backward, inPlace: true,
					run: func(dx, dy []float32, in [][]float32) { kind.backward(dx, dy, in[0]) }}}})
		}
	}
	return append(checks, gated(f)...)
}

func gated(f Functions) []check {
	var checks []check
	for _, s := range []struct{ rows, n int }{{1, 1}, {3, 5}, {2, 16}, {2, 39}} {
		rows, n := s.rows, s.n
		checks = append(checks, check{name: fmt.Sprintf("GEGLU/%v", s), kernel: f.GEGLU,
			in: normals(rows * 2 * n), out: rows * n,
			forward: func(out []float32, in [][]float32) { f.GEGLU(out, in[0], rows, n) },
			reference: func(in [][]float64) []float64 {
				out := make([]float64, rows*n)
				for i := range out {
					row := in[0][i/n*2*n:]
					out[i] = row[i%n] * gelu(row[n+i%n])
				}
				return out
			},
			gradients: []gradient{{of: 0, kernel: f.GEGLUGrad,
				run: func(dx, dy []float32, in [][]float32) { f.GEGLUGrad(dx, dy, in[0], rows, n) }}}})
	}
	return append(checks, softmaxes(f)...)
}

func softmaxes(f Functions) []check {
	var checks []check
	for _, s := range []struct{ rows, n int }{{1, 1}, {3, 2}, {2, 7}, {4, 16}, {3, 77}, {1, 130}} {
		rows, n := s.rows, s.n
		in := normals(rows * n)
		for i := range in[0] {
			in[0][i] = in[0][i]*3 + float32(100*(i/n)) // rows far apart: a row's largest has to be taken off
		}
		checks = append(checks, check{name: fmt.Sprintf("Softmax/%v", s), kernel: f.Softmax,
			in: in, out: rows * n, inPlace: []int{0},
			forward:   func(out []float32, in [][]float32) { f.Softmax(out, in[0], rows, n) },
			reference: func(in [][]float64) []float64 { return softmaxRows(in[0], n) },
			gradients: []gradient{{of: 0, kernel: f.SoftmaxGrad, inPlace: true,
				run: func(dx, dy []float32, in [][]float32) {
					y := make([]float32, rows*n)
					for i, v := range softmaxRows(widen(in)[0], n) {
						y[i] = float32(v)
					}
					f.SoftmaxGrad(dx, dy, y, rows, n)
				}}}})
	}
	return checks
}

func softmaxRows(x []float64, n int) []float64 {
	out := make([]float64, len(x))
	for r := 0; r+n <= len(x); r += n {
		largest, sum := math.Inf(-1), 0.0
		for _, v := range x[r:][:n] {
			largest = max(largest, v)
		}
		for i, v := range x[r:][:n] {
			out[r+i] = math.Exp(v - largest)
			sum += out[r+i]
		}
		for i := range n {
			out[r+i] /= sum
		}
	}
	return out
}

package kerneltest

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

func shapes(f Functions) []check {
	var checks []check
	for _, s := range []struct{ b, h, w, c, factor int }{{1, 1, 1, 1, 2}, {2, 3, 2, 5, 2}, {1, 2, 3, 17, 3}, {1, 2, 2, 4, 1}} {
		b, h, w, c, k := s.b, s.h, s.w, s.c, s.factor
		n := b * h * w * c
		checks = append(checks, check{name: fmt.Sprintf("UpsampleNearest/%v", s), kernel: f.UpsampleNearest,
			in: normals(n), out: n * k * k,
			forward: func(out []float32, in [][]float32) { f.UpsampleNearest(out, in[0], b, h, w, c, k) },
			reference: func(in [][]float64) []float64 {
				out := make([]float64, n*k*k)
				for i := range out {
					pixel, channel := i/c, i%c
					row, col := pixel/(w*k), pixel%(w*k)
					out[i] = in[0][(row/k*w+col/k)*c+channel]
				}
				return out
			},
			gradients: []gradient{{of: 0, kernel: f.UpsampleNearestGrad,
				run: func(dx, dy []float32, in [][]float32) { f.UpsampleNearestGrad(dx, dy, b, h, w, c, k) }}}})
	}
	for _, s := range []struct{ b, c, hw int }{{1, 1, 1}, {2, 3, 5}, {1, 4, 64}, {2, 33, 40}, {1, 70, 7}, {1, 3, 600}} {
		checks = append(checks, orders(f, s.b, s.c, s.hw)...)
	}
	for _, s := range []struct{ rows, a, b, c int }{{1, 1, 1, 1}, {3, 2, 5, 1}, {2, 16, 7, 33}} {
		checks = append(checks, concats(f, s.rows, []int{s.a, s.b, s.c}), split(f, s.rows, s.a, s.b, s.c))
	}
	return append(checks, resamples(f)...)
}

// orders checks the change between channels first and channels last; each is the other's gradient.
func orders(f Functions, b, c, hw int) []check {
	n := b * c * hw
	transpose := func(rows, cols int) func(in [][]float64) []float64 {
		return func(in [][]float64) []float64 {
			out := make([]float64, n)
			for i, v := range in[0] {
				entry, row, col := i/(rows*cols), i/cols%rows, i%cols
				out[entry*rows*cols+col*rows+row] = v
			}
			return out
		}
	}
	return []check{
		{name: fmt.Sprintf("ChannelsLast/%dx%dx%d", b, c, hw), kernel: f.ChannelsLast, in: normals(n), out: n,
			forward:   func(out []float32, in [][]float32) { f.ChannelsLast(out, in[0], b, c, hw) },
			reference: transpose(c, hw)},
		{name: fmt.Sprintf("ChannelsFirst/%dx%dx%d", b, c, hw), kernel: f.ChannelsFirst, in: normals(n), out: n,
			forward:   func(out []float32, in [][]float32) { f.ChannelsFirst(out, in[0], b, c, hw) },
			reference: transpose(hw, c)},
	}
}

func concats(f Functions, rows int, widths []int) check {
	total, lengths := 0, make([]int, len(widths))
	for i, n := range widths {
		total += n
		lengths[i] = rows * n
	}
	c := check{name: fmt.Sprintf("ConcatChannels/%d %v", rows, widths), kernel: f.ConcatChannels,
		in: normals(lengths...), out: rows * total,
		forward: func(out []float32, in [][]float32) { f.ConcatChannels(out, rows, in, widths) },
		reference: func(in [][]float64) (out []float64) {
			for r := range rows {
				for i, n := range widths {
					out = append(out, in[i][r*n:][:n]...)
				}
			}
			return out
		}}
	at := 0
	for i, n := range widths {
		start := at
		c.gradients = append(c.gradients, gradient{of: i, kernel: f.SplitChannels,
			run: func(dx, dy []float32, in [][]float32) { f.SplitChannels(dx, dy, rows, total, start, n) }})
		at += n
	}
	return c
}

// split cuts the middle of three runs of columns out.
func split(f Functions, rows, before, width, after int) check {
	total := before + width + after
	return check{name: fmt.Sprintf("SplitChannels/%d %v", rows, []int{before, width, after}), kernel: f.SplitChannels,
		in: normals(rows * total), out: rows * width,
		forward: func(out []float32, in [][]float32) { f.SplitChannels(out, in[0], rows, total, before, width) },
		reference: func(in [][]float64) (out []float64) {
			for r := range rows {
				out = append(out, in[0][r*total+before:][:width]...)
			}
			return out
		},
		gradients: []gradient{{of: 0, kernel: f.SplitChannelsGrad,
			run: func(dx, dy []float32, in [][]float32) { f.SplitChannelsGrad(dx, dy, rows, total, before, width) }}}}
}

// resamples checks filters of every kind; the gradient is the transposed filters'.
func resamples(f Functions) []check {
	gauss := func(n int) kernels.Taps {
		return kernels.GaussianTaps(n, 3, func(d float64) float64 { return math.Exp(-2 * d * d) })
	}
	var checks []check
	for _, s := range []struct {
		name       string
		b, c       int
		rows, cols kernels.Taps
	}{
		{"one", 1, 1, kernels.BicubicTaps(1, 1, true), kernels.BicubicTaps(1, 1, true)},
		{"down", 1, 3, kernels.BicubicTaps(9, 4, true), kernels.BicubicTaps(7, 3, true)},
		{"up", 2, 1, kernels.BicubicTaps(3, 7, true), kernels.BicubicTaps(2, 5, false)},
		{"plain", 1, 3, kernels.BicubicTaps(8, 3, false), kernels.BicubicTaps(5, 8, false)},
		{"bilinear", 1, 9, kernels.BilinearTaps(5, 2), kernels.BilinearTaps(3, 6)},
		{"smooth", 2, 1, gauss(6), gauss(4)},
	} {
		rows, cols, c := s.rows, s.cols, s.c
		n := s.b * rows.In * cols.In * c
		checks = append(checks, check{name: "Resample/" + s.name, kernel: f.Resample,
			in: normals(n), out: s.b * rows.Out * cols.Out * c,
			forward: func(out []float32, in [][]float32) {
				f.Resample(out, in[0], s.b, rows.In, cols.In, c, rows, cols)
			},
			reference: func(in [][]float64) []float64 { return filter(in[0], s.b, c, rows, cols) },
			gradients: []gradient{{of: 0, kernel: f.Resample,
				run: func(dx, dy []float32, in [][]float32) {
					f.Resample(dx, dy, s.b, rows.Out, cols.Out, c, rows.Transpose(), cols.Transpose())
				}}}})
	}
	return checks
}

// filter is the definition of Resample as one sum over both axes.
func filter(x []float64, b, c int, rows, cols kernels.Taps) []float64 {
	out := make([]float64, b*rows.Out*cols.Out*c)
	for o := range out {
		entry, i, j, channel := o/(rows.Out*cols.Out*c), o/(cols.Out*c)%rows.Out, o/c%cols.Out, o%c
		for p := range rows.Count[i] {
			for q := range cols.Count[j] {
				from := ((entry*rows.In+rows.Start[i]+p)*cols.In+cols.Start[j]+q)*c + channel
				out[o] += float64(rows.Weight[i][p]) * float64(cols.Weight[j][q]) * x[from]
			}
		}
	}
	return out
}

package nn

import (
	"math"
	"slices"

	gt "gorgonia.org/tensor"
)

// What gorgonia's operations ought to compute, in float64 and with nothing of
// gorgonia's: an array is a shape and its numbers in row-major order.

type array struct {
	shape gt.Shape
	v     []float64
}

// reference computes what an operation ought to from its inputs.
type reference func(in []array) array

// tabulate is the array of the given shape whose element at i is f(i).
func tabulate(shape gt.Shape, f func(i []int) float64) array {
	a := array{shape, make([]float64, shape.TotalSize())}
	for k := range a.v {
		a.v[k] = f(unravel(shape, k))
	}
	return a
}

// unravel is the index of element number k.
func unravel(shape gt.Shape, k int) []int {
	i := make([]int, len(shape))
	for d := len(shape) - 1; d >= 0; d-- {
		i[d], k = k%shape[d], k/shape[d]
	}
	return i
}

// at is the element at i, 0 outside the array.
func (a array) at(i ...int) float64 {
	k := 0
	for d, n := range a.shape {
		if i[d] < 0 || i[d] >= n {
			return 0
		}
		k = k*n + i[d]
	}
	return a.v[k]
}

// stretched is the element at i of a repeated along its axes of length 1; a
// scalar is repeated along all.
func (a array) stretched(i []int) float64 {
	j := slices.Clone(i[:len(a.shape)])
	for d, n := range a.shape {
		if n == 1 {
			j[d] = 0
		}
	}
	return a.at(j...)
}

func (a array) reshaped(shape ...int) array { return array{shape, a.v} }

// eachNumber applies f to every number.
func eachNumber(f func(x float64) float64) reference {
	return func(in []array) array {
		return tabulate(in[0].shape, func(i []int) float64 { return f(in[0].at(i...)) })
	}
}

// pairs applies f to the numbers of two arrays, of which one may be a scalar or
// have axes of length 1 where the other has more.
func pairs(f func(a, b float64) float64) reference {
	return func(in []array) array {
		shape := slices.Clone(in[0].shape)
		if len(shape) < len(in[1].shape) {
			shape = slices.Clone(in[1].shape)
		}
		for d := range shape {
			if d < len(in[1].shape) {
				shape[d] = max(shape[d], in[1].shape[d])
			}
		}
		return tabulate(shape, func(i []int) float64 { return f(in[0].stretched(i), in[1].stretched(i)) })
	}
}

// over folds the given axes, all of them if there are none, with f.
func over(f func(x []float64) float64, axes ...int) reference {
	return func(in []array) array {
		x, kept := in[0], gt.Shape{}
		gone := func(d int) bool { return len(axes) == 0 || slices.Contains(axes, d) }
		for d, n := range x.shape {
			if !gone(d) {
				kept = append(kept, n)
			}
		}
		groups := make([][]float64, kept.TotalSize())
		for k, v := range x.v {
			group := 0
			for d, j := range unravel(x.shape, k) {
				if !gone(d) {
					group = group*x.shape[d] + j
				}
			}
			groups[group] = append(groups[group], v)
		}
		y := array{shape: kept}
		for _, g := range groups {
			y.v = append(y.v, f(g))
		}
		return y
	}
}

// along applies f, which keeps the length, to every line of one axis.
func along(axis int, f func(x []float64) []float64) reference {
	return func(in []array) array {
		x := in[0]
		return tabulate(x.shape, func(i []int) float64 {
			line := make([]float64, x.shape[axis])
			j := slices.Clone(i)
			for k := range line {
				j[axis] = k
				line[k] = x.at(j...)
			}
			return f(line)[i[axis]]
		})
	}
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func mean(x []float64) float64 { return sum(x) / float64(len(x)) }

func logSumExp(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += math.Exp(v)
	}
	return math.Log(s)
}

// norm is the p-norm.
func norm(p float64) func(x []float64) float64 {
	return func(x []float64) float64 {
		s := 0.0
		for _, v := range x {
			s += math.Pow(math.Abs(v), p)
		}
		return math.Pow(s, 1/p)
	}
}

func softmax(x []float64) []float64 {
	y, l := make([]float64, len(x)), logSumExp(x)
	for i, v := range x {
		y[i] = math.Exp(v - l)
	}
	return y
}

func logSoftmax(x []float64) []float64 {
	y, l := make([]float64, len(x)), logSumExp(x)
	for i, v := range x {
		y[i] = v - l
	}
	return y
}

// matrixProduct is the matrix product of the last two axes, each transposed or not;
// the axes before them are those of a batch.
func matrixProduct(transA, transB bool) reference {
	return func(in []array) array {
		a, b := in[0], in[1]
		at := func(x array, batch []int, i, j int, trans bool) float64 {
			if trans {
				i, j = j, i
			}
			return x.at(append(slices.Clone(batch), i, j)...)
		}
		n := len(a.shape)
		rows, depth, cols := a.shape[n-2], a.shape[n-1], b.shape[n-1]
		if transA {
			rows, depth = depth, rows
		}
		if transB {
			cols = b.shape[n-2]
		}
		return tabulate(append(slices.Clone(a.shape[:n-2]), rows, cols), func(i []int) float64 {
			s := 0.0
			for k := range depth {
				s += at(a, i[:n-2], i[n-2], k, transA) * at(b, i[:n-2], k, i[n-1], transB)
			}
			return s
		})
	}
}

// window is what a pooling or a convolution reads: kernel, stride, dilation and
// the padding before and after, for rows and columns.
type window struct{ kernel, stride, dilation, before, after [2]int }

func square(kernel, stride, dilation, pad int) window {
	return window{[2]int{kernel, kernel}, [2]int{stride, stride}, [2]int{dilation, dilation}, [2]int{pad, pad}, [2]int{pad, pad}}
}

// out is the shape of what is computed from a picture [B, C, H, W].
func (w window) out(s gt.Shape, channels int) gt.Shape {
	o := gt.Shape{s[0], channels, 0, 0}
	for d := range 2 {
		o[2+d] = (s[2+d]+w.before[d]+w.after[d]-w.dilation[d]*(w.kernel[d]-1)-1)/w.stride[d] + 1
	}
	return o
}

// read calls f with the place in the kernel and in the picture for each pixel
// that output pixel (y, x) reads, those of the padding too.
func (w window) read(y, x int, f func(ky, kx, py, px int)) {
	for ky := range w.kernel[0] {
		for kx := range w.kernel[1] {
			f(ky, kx, y*w.stride[0]+ky*w.dilation[0]-w.before[0], x*w.stride[1]+kx*w.dilation[1]-w.before[1])
		}
	}
}

func (w window) convolution(in []array) array {
	x, filter := in[0], in[1]
	return tabulate(w.out(x.shape, filter.shape[0]), func(i []int) float64 {
		s := 0.0
		for c := range x.shape[1] {
			w.read(i[2], i[3], func(ky, kx, py, px int) { s += x.at(i[0], c, py, px) * filter.at(i[1], c, ky, kx) })
		}
		return s
	})
}

func (w window) columns(in []array) array {
	x := in[0]
	o := w.out(x.shape, x.shape[1])
	area := w.kernel[0] * w.kernel[1]
	return tabulate(gt.Shape{o[0], o[2], o[3], x.shape[1] * area}, func(i []int) float64 {
		v := 0.0
		w.read(i[1], i[2], func(ky, kx, py, px int) {
			if ky*w.kernel[1]+kx == i[3]%area {
				v = x.at(i[0], i[3]/area, py, px)
			}
		})
		return v
	})
}

// pool folds the pixels of each window that lie in the picture.
func (w window) pool(f func(x []float64) float64) reference {
	return func(in []array) array {
		x := in[0]
		return tabulate(w.out(x.shape, x.shape[1]), func(i []int) float64 {
			var seen []float64
			w.read(i[2], i[3], func(_, _, py, px int) {
				if py >= 0 && py < x.shape[2] && px >= 0 && px < x.shape[3] {
					seen = append(seen, x.at(i[0], i[1], py, px))
				}
			})
			return f(seen)
		})
	}
}

// sparsemax is the projection on the simplex (Martins and Astudillo, arXiv
// 1602.02068).
func sparsemax(x []float64) []float64 {
	z := slices.Clone(x)
	slices.Sort(z)
	slices.Reverse(z)
	s, threshold := 0.0, 0.0
	for k, v := range z {
		s += v
		if 1+float64(k+1)*v > s {
			threshold = (s - 1) / float64(k+1)
		}
	}
	for i, v := range x {
		z[i] = max(v-threshold, 0)
	}
	return z
}

// permuted is in[0] with its axes in another order.
func permuted(axes ...int) reference {
	return func(in []array) array {
		shape := make(gt.Shape, len(axes))
		for d, a := range axes {
			shape[d] = in[0].shape[a]
		}
		return tabulate(shape, func(i []int) float64 {
			j := make([]int, len(axes))
			for d, a := range axes {
				j[a] = i[d]
			}
			return in[0].at(j...)
		})
	}
}

// part is the elements from:to of one axis, every step-th of them.
func part(axis, from, to, step int) reference {
	return func(in []array) array {
		var which []int
		for k := from; k < to; k += step {
			which = append(which, k)
		}
		return chosen(axis, which...)(in)
	}
}

// chosen is the elements of one axis with the given numbers.
func chosen(axis int, which ...int) reference {
	return func(in []array) array {
		shape := slices.Clone(in[0].shape)
		shape[axis] = len(which)
		return tabulate(shape, func(i []int) float64 {
			j := slices.Clone(i)
			j[axis] = which[j[axis]]
			return in[0].at(j...)
		})
	}
}

// then applies g to what f computes.
func (f reference) then(g reference) reference {
	return func(in []array) array { return g([]array{f(in)}) }
}

// as gives what f computes another shape.
func (f reference) as(shape ...int) reference {
	return func(in []array) array { return f(in).reshaped(shape...) }
}

// both computes f and g of the same inputs, and h of the two.
func both(f, g, h reference) reference {
	return func(in []array) array { return h([]array{f(in), g(in)}) }
}

func itself(in []array) array { return in[0] }

// joined is the inputs one after another along an axis.
func joined(axis int) reference {
	return func(in []array) array {
		shape := slices.Clone(in[0].shape)
		shape[axis] = 0
		for _, x := range in {
			shape[axis] += x.shape[axis]
		}
		return tabulate(shape, func(i []int) float64 {
			j, k := slices.Clone(i), 0
			for ; j[axis] >= in[k].shape[axis]; k++ {
				j[axis] -= in[k].shape[axis]
			}
			return in[k].at(j...)
		})
	}
}

// contracted sums the products of two arrays over pairs of axes.
func contracted(aAxes, bAxes []int) reference {
	return func(in []array) array {
		var shape, inner gt.Shape
		for k, axes := range [][]int{aAxes, bAxes} {
			for d, n := range in[k].shape {
				if !slices.Contains(axes, d) {
					shape = append(shape, n)
				}
			}
		}
		for _, d := range aAxes {
			inner = append(inner, in[0].shape[d])
		}
		return tabulate(shape, func(i []int) float64 {
			s := 0.0
			for n := range inner.TotalSize() {
				summed, free, term := unravel(inner, n), i, 1.0
				for k, axes := range [][]int{aAxes, bAxes} {
					j := make([]int, len(in[k].shape))
					for d := range j {
						if pair := slices.Index(axes, d); pair >= 0 {
							j[d] = summed[pair]
						} else {
							j[d], free = free[0], free[1:]
						}
					}
					term *= in[k].at(j...)
				}
				s += term
			}
			return s
		})
	}
}

// normalised is (x - mean)/√(variance + ε)·scale + bias of its inputs; group
// tells, by two numbers, which elements share a mean.
func normalised(epsilon float64, group func(i []int) [2]int) reference {
	return func(in []array) array {
		x, groups := in[0], map[[2]int][]float64{}
		for k, v := range x.v {
			g := group(unravel(x.shape, k))
			groups[g] = append(groups[g], v)
		}
		return tabulate(x.shape, func(i []int) float64 {
			members, variance := groups[group(i)], 0.0
			m := mean(members)
			for _, y := range members {
				variance += (y - m) * (y - m) / float64(len(members))
			}
			return (x.at(i...)-m)/math.Sqrt(variance+epsilon)*in[1].stretched(i) + in[2].stretched(i)
		})
	}
}

// ctc is the negative logarithm of the probability of a target, summed over all
// ways to write it in as many letters as there are steps, 0 being a blank
// (Graves et al., 2006), for a batch of one.
func ctc(target []int) reference {
	return func(in []array) array {
		steps, letters, total := in[0].shape[0], in[0].shape[2], 0.0
		var walk func(step, last int, said []int, p float64)
		walk = func(step, last int, said []int, p float64) {
			if step == steps {
				if slices.Equal(said, target) {
					total += math.Exp(p)
				}
				return
			}
			for c := range letters {
				next := said
				if c != 0 && c != last {
					next = append(slices.Clone(said), c)
				}
				walk(step+1, c, next, p+in[0].at(step, 0, c))
			}
		}
		walk(0, 0, nil, 0)
		return array{gt.Shape{}, []float64{-math.Log(total)}}
	}
}

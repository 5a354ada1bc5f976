package winograd

// pureGo is the portable implementation.
var pureGo = transforms{side: 4, window: 6, input: inputGo, weights: weightsGo, output: outputGo}

// The points of interpolation are 0, ±a, ±b and infinity.
const (
	a = 0.75
	b = 1.5
)

// inputGo sets dst[f*ld+i], f = 6y+x, to element (y, x) of Bᵀ·d·B where
// d[y][x] is src[y*row+x*pixel+i], for i < n.
func inputGo(dst []float32, ld int, src []float32, row, pixel, n int) {
	for i := range n {
		var d [6][6]float32
		for x := range 6 {
			var column [6]float32
			for y := range 6 {
				column[y] = src[y*row+x*pixel+i]
			}
			for y, v := range inputLine(column) {
				d[y][x] = v
			}
		}
		for y := range 6 {
			for x, v := range inputLine(d[y]) {
				dst[(6*y+x)*ld+i] = v
			}
		}
	}
}

// inputLine is Bᵀ·d: the columns of B hold the coefficients of the product of
// x-p over all finite points p but one, and over all of them at the end.
func inputLine(d [6]float32) [6]float32 {
	evenA, oddA := d[4]-b*b*d[2], a*(d[3]-b*b*d[1])
	evenB, oddB := d[4]-a*a*d[2], b*(d[3]-a*a*d[1])
	return [6]float32{
		d[4] - (a*a+b*b)*d[2] + a*a*b*b*d[0],
		evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB,
		d[5] - (a*a+b*b)*d[3] + a*a*b*b*d[1],
	}
}

// weightsGo sets dst[f*ldd+i], f = 6y+x, to element (y, x) of G·g·Gᵀ where
// g[y][x] is src[(3*y+x)*lds+i], for i < n.
func weightsGo(dst []float32, ldd int, src []float32, lds, n int) {
	for i := range n {
		var g [6][3]float32
		for x := range 3 {
			column := [3]float32{src[x*lds+i], src[(3+x)*lds+i], src[(6+x)*lds+i]}
			for y, v := range weightsLine(column) {
				g[y][x] = v
			}
		}
		for y := range 6 {
			for x, v := range weightsLine(g[y]) {
				dst[(6*y+x)*ldd+i] = v
			}
		}
	}
}

// weightsLine is G·g: the value of g[0] + g[1]·x + g[2]·x² at each point p,
// divided by the product of p-q over the other finite points q.
func weightsLine(g [3]float32) [6]float32 {
	const (
		na = 1 / (2 * a * a * (a*a - b*b))
		nb = 1 / (2 * b * b * (b*b - a*a))
	)
	evenA, oddA := na*g[0]+na*a*a*g[2], na*a*g[1]
	evenB, oddB := nb*g[0]+nb*b*b*g[2], nb*b*g[1]
	return [6]float32{g[0] / (a * a * b * b), evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, g[2]}
}

// outputGo sets dst[y*row+x*pixel+i] to element (y, x) of Aᵀ·m·A, where m[y][x]
// is src[f*lds+i], f = 6y+x, plus bias[i] plus add[y*row+x*pixel+i], for i < n,
// within limits.
func outputGo(dst []float32, row, pixel int, src []float32, lds int, bias, add, limits []float32, n int) {
	for i := range n {
		var m [4][6]float32
		for x := range 6 {
			var column [6]float32
			for y := range 6 {
				column[y] = src[(6*y+x)*lds+i]
			}
			for y, v := range outputLine(column) {
				m[y][x] = v
			}
		}
		for y := range 4 {
			for x, v := range outputLine(m[y]) {
				at := y*row + x*pixel + i
				if len(bias) > 0 {
					v += bias[i]
				}
				if len(add) > 0 {
					v += add[at]
				}
				if len(limits) > 0 {
					v = min(max(v, limits[0]), limits[16])
				}
				dst[at] = v
			}
		}
	}
}

// outputLine is Aᵀ·m: row k holds the k-th powers of the points.
func outputLine(m [6]float32) [4]float32 {
	sumA, difA, sumB, difB := m[1]+m[2], m[1]-m[2], m[3]+m[4], m[3]-m[4]
	return [4]float32{m[0] + sumA + sumB, a*difA + b*difB, a*a*sumA + b*b*sumB, a*a*a*difA + b*b*b*difB + m[5]}
}

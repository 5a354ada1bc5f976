package kernels

import "math"

// Scalars are slices of one number. What is summed here is short or seldom, and
// summed in float64.

// Dot sets the scalar out to Σ a·b. The slices have one length.
func Dot(out, a, b []float32) {
	wantLen("Dot", "out", out, 1)
	wantLen("Dot", "b", b, len(a))
	sum := 0.0
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	out[0] = float32(sum)
}

// Mean sets the scalar out to the mean of x, which is not empty.
func Mean(out, x []float32) {
	wantLen("Mean", "out", out, 1)
	sum := 0.0
	for _, v := range x {
		sum += float64(v)
	}
	out[0] = float32(sum / float64(len(x)))
}

// MeanGrad sets every element of dx to dy/len(dx), the gradient of [Mean] given
// that of its result, a scalar.
func MeanGrad(dx, dy []float32) {
	wantLen("MeanGrad", "dy", dy, 1)
	Fill(dx, dy[0]/float32(len(dx)))
}

// ScaleBy sets out = s·x for a scalar s. out may be x.
func ScaleBy(out, s, x []float32) {
	wantLen("ScaleBy", "s", s, 1)
	Scale(out, x, s[0])
}

// OneMinusMax sets the scalar out to 1 - max(x); a NaN counts as the largest.
func OneMinusMax(out, x []float32) {
	wantLen("OneMinusMax", "out", out, 1)
	m, _ := maximum(x)
	out[0] = 1 - m
}

// OneMinusMaxGrad sets dx to the gradient of [OneMinusMax] given that of its
// result, a scalar: elements that tie for the maximum share it evenly.
func OneMinusMaxGrad(dx, dy, x []float32) {
	wantLen("OneMinusMaxGrad", "dy", dy, 1)
	wantLen("OneMinusMaxGrad", "x", x, len(dx))
	m, ties := maximum(x)
	share := -dy[0] / float32(ties)
	for i, v := range x {
		dx[i] = 0
		if v == m {
			dx[i] = share
		}
	}
}

// maximum returns the largest element and how many there are of it; a NaN wins, so
// that it is noticed.
func maximum(x []float32) (m float32, ties int) {
	m = float32(math.Inf(-1))
	for _, v := range x {
		switch {
		case v > m:
			m, ties = v, 1
		case v == m:
			ties++
		case v != v:
			return v, 1
		}
	}
	return m, ties
}

// Largest sets the scalar out to the largest of the scalars x.
func Largest(out []float32, x [][]float32) {
	wantLen("Largest", "out", out, 1)
	out[0] = x[largest(x)][0]
}

// LargestGrad sets the scalar dx to the gradient of [Largest] with respect to
// scalar i of x, given that of its result: all of it goes to the first of several
// largest.
func LargestGrad(dx, dy []float32, x [][]float32, i int) {
	wantLen("LargestGrad", "dx", dx, 1)
	wantLen("LargestGrad", "dy", dy, 1)
	dx[0] = 0
	if largest(x) == i {
		dx[0] = dy[0]
	}
}

func largest(x [][]float32) (best int) {
	for i := range x {
		if x[i][0] > x[best][0] {
			best = i
		}
	}
	return best
}

// CosineSimilarity sets the scalar out to the mean, over the rows of a and b, both
// [rows, c], of the cosine between them; lengths are at least 1e-8, as torch's.
func CosineSimilarity(out, a, b []float32, rows, c int) {
	wantLen("CosineSimilarity", "out", out, 1)
	wantLen("CosineSimilarity", "a", a, rows*c)
	wantLen("CosineSimilarity", "b", b, rows*c)
	sum := 0.0
	for r := range rows {
		cos, _, _ := cosine(a[r*c:][:c], b[r*c:][:c])
		sum += cos
	}
	out[0] = float32(sum / float64(rows))
}

// CosineSimilarityGrad sets da to the gradient of [CosineSimilarity] with respect
// to a given that of its result, a scalar. The similarity is the same with a and b
// exchanged.
func CosineSimilarityGrad(da, dy, a, b []float32, rows, c int) {
	wantLen("CosineSimilarityGrad", "da", da, rows*c)
	wantLen("CosineSimilarityGrad", "dy", dy, 1)
	wantLen("CosineSimilarityGrad", "a", a, rows*c)
	wantLen("CosineSimilarityGrad", "b", b, rows*c)
	g := float64(dy[0]) / float64(rows)
	for r := range rows {
		u, v := a[r*c:][:c], b[r*c:][:c]
		cos, nu, nv := cosine(u, v)
		for k := range u {
			da[r*c+k] = float32(g * (float64(v[k])/(nu*nv) - cos*float64(u[k])/(nu*nu)))
		}
	}
}

func cosine(u, v []float32) (cos, nu, nv float64) {
	const epsilon = 1e-8
	var uv, uu, vv float64
	for k := range u {
		x, y := float64(u[k]), float64(v[k])
		uv, uu, vv = uv+x*y, uu+x*x, vv+y*y
	}
	nu, nv = max(math.Sqrt(uu), epsilon), max(math.Sqrt(vv), epsilon)
	return uv / (nu * nv), nu, nv
}

// Waves sets row b of out, [len(t), 2n] for n frequencies f, to the sines of
// t[b]·f from column sin on and the cosines from column cos on: the embedding of
// positions and timesteps of Vaswani et al. (arXiv 1706.03762).
func Waves(out, t, f []float32, sin, cos int) {
	n := len(f)
	wantLen("Waves", "out", out, len(t)*2*n)
	for b, v := range t {
		row := out[b*2*n:][:2*n]
		for i, frequency := range f {
			angle := float64(v * frequency) // in float32, as in the references: at t = 999 the rounding shows
			row[sin+i], row[cos+i] = float32(math.Sin(angle)), float32(math.Cos(angle))
		}
	}
}

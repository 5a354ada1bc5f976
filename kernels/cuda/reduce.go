package cuda

import "unsafe"

// Dot sets the scalar out to Σ a·b. The slices have one length.
func (d *Device) Dot(out, a, b []float32) {
	wantLen("Dot", "out", out, 1)
	wantLen("Dot", "b", b, len(a))
	d.reduce("dot_product", address(out), address(a), address(b), int32(len(a)))
}

// Mean sets the scalar out to the mean of x, which is not empty.
func (d *Device) Mean(out, x []float32) {
	wantLen("Mean", "out", out, 1)
	d.reduce("mean", address(out), address(x), int32(len(x)))
}

// MeanGrad sets every element of dx to dy/len(dx), the gradient of [Device.Mean] given that of its result, a scalar.
func (d *Device) MeanGrad(dx, dy []float32) {
	wantLen("MeanGrad", "dy", dy, 1)
	d.overElements("mean_grad", len(dx), address(dx), address(dy), int64(len(dx)))
}

// ScaleBy sets out = s·x for a scalar s. out may be x.
func (d *Device) ScaleBy(out, s, x []float32) {
	wantLen("ScaleBy", "s", s, 1)
	wantLen("ScaleBy", "x", x, len(out))
	d.overElements("scale_by", len(out), address(out), address(s), address(x), int64(len(out)))
}

// OneMinusMax sets the scalar out to 1 - max(x); a NaN counts as the largest.
func (d *Device) OneMinusMax(out, x []float32) {
	wantLen("OneMinusMax", "out", out, 1)
	d.reduce("one_minus_max", address(out), address(x), int32(len(x)))
}

// OneMinusMaxGrad sets dx to the gradient of [Device.OneMinusMax] given that of its result, a scalar: elements that tie
// for the maximum share it evenly.
func (d *Device) OneMinusMaxGrad(dx, dy, x []float32) {
	wantLen("OneMinusMaxGrad", "dy", dy, 1)
	wantLen("OneMinusMaxGrad", "x", x, len(dx))
	d.reduce("one_minus_max_grad", address(dx), address(dy), address(x), int32(len(x)))
}

// Largest sets the scalar out to the largest of the scalars x.
func (d *Device) Largest(out []float32, x [][]float32) {
	wantLen("Largest", "out", out, 1)
	d.reduce("largest", address(out), d.together("Largest", x), int32(len(x)))
}

// LargestGrad sets the scalar dx to the gradient of [Device.Largest] with respect to scalar i of x, given that of its
// result: all of it goes to the first of several largest.
func (d *Device) LargestGrad(dx, dy []float32, x [][]float32, i int) {
	wantLen("LargestGrad", "dx", dx, 1)
	wantLen("LargestGrad", "dy", dy, 1)
	d.reduce("largest_grad", address(dx), address(dy), d.together("LargestGrad", x), int32(len(x)), int32(i))
}

// together copies scalars to one place.
func (d *Device) together(op string, x [][]float32) uintptr {
	at := d.temporary(slotScalars, len(x))
	for i, scalar := range x {
		wantLen(op, "a scalar", scalar, 1)
		d.overElements("copy_elements", 1, at+uintptr(i)*unsafe.Sizeof(scalar[0]), address(scalar), int64(1))
	}
	return at
}

// CosineSimilarity sets the scalar out to the mean, over the rows of a and b, both [rows, c], of the cosine between them;
// lengths are at least 1e-8.
func (d *Device) CosineSimilarity(out, a, b []float32, rows, c int) {
	const op = "CosineSimilarity"
	wantLen(op, "out", out, 1)
	wantLen(op, "a", a, rows*c)
	wantLen(op, "b", b, rows*c)
	d.reduce("cosine_similarity", address(out), address(a), address(b), int32(rows), int32(c))
}

// CosineSimilarityGrad sets da to the gradient of [Device.CosineSimilarity] with respect to a given that of its result, a
// scalar.
func (d *Device) CosineSimilarityGrad(da, dy, a, b []float32, rows, c int) {
	const op = "CosineSimilarityGrad"
	wantLen(op, "da", da, rows*c)
	wantLen(op, "dy", dy, 1)
	wantLen(op, "a", a, rows*c)
	wantLen(op, "b", b, rows*c)
	d.reduce("cosine_similarity_grad", address(da), address(dy), address(a), address(b), int32(rows), int32(c))
}

// Waves sets row b of out, [len(t), 2n] for n frequencies f, to the sines of t[b]·f from column sin on and the cosines
// from column cos on.
func (d *Device) Waves(out, t, f []float32, sin, cos int) {
	n := len(f)
	wantLen("Waves", "out", out, len(t)*2*n)
	d.overElements("waves", len(t)*n, address(out), address(t), address(f), int64(len(t)*n), int32(n), int32(sin),
		int32(cos))
}

// reduce runs a kernel of one block.
func (d *Device) reduce(kernel string, args ...any) {
	d.launch(kernel, [3]uint32{1, 1, 1}, [3]uint32{wide, 1, 1}, 0, args...)
}

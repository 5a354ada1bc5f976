package cuda

// Add sets out = a + b. The slices have one length; out may be a or b.
func (d *Device) Add(out, a, b []float32) {
	wantLen("Add", "a", a, len(out))
	wantLen("Add", "b", b, len(out))
	d.overElements("add", len(out), address(out), address(a), address(b), int64(len(out)))
}

// Mul sets out = a·b, element by element. The slices have one length; out may be a or b.
func (d *Device) Mul(out, a, b []float32) {
	wantLen("Mul", "a", a, len(out))
	wantLen("Mul", "b", b, len(out))
	d.overElements("mul", len(out), address(out), address(a), address(b), int64(len(out)))
}

// Scale sets out = f·x. The slices have one length; out may be x.
func (d *Device) Scale(out, x []float32, f float32) {
	wantLen("Scale", "x", x, len(out))
	d.overElements("scale", len(out), address(out), address(x), f, int64(len(out)))
}

// AddScaled adds f·x to out. The slices have one length; x may be out.
func (d *Device) AddScaled(out, x []float32, f float32) {
	wantLen("AddScaled", "x", x, len(out))
	d.overElements("add_scaled", len(out), address(out), address(x), f, int64(len(out)))
}

// Copy sets out = x. The slices have one length and do not overlap.
func (d *Device) Copy(out, x []float32) {
	wantLen("Copy", "x", x, len(out))
	d.overElements("copy_elements", len(out), address(out), address(x), int64(len(out)))
}

// Fill sets every element of out to v.
func (d *Device) Fill(out []float32, v float32) {
	d.overElements("fill", len(out), address(out), v, int64(len(out)))
}

// Affine sets out = factor·x + offset. The slices have one length; out may be x.
func (d *Device) Affine(out, x []float32, factor, offset float32) {
	wantLen("Affine", "x", x, len(out))
	d.overElements("affine", len(out), address(out), address(x), factor, offset, int64(len(out)))
}

// AffineChannels sets out[r,c] = factor[c]·x[r,c] + offset[c]. out may be x.
func (d *Device) AffineChannels(out, x, factor, offset []float32, rows, c int) {
	const op = "AffineChannels"
	wantLen(op, "out", out, rows*c)
	wantLen(op, "x", x, rows*c)
	wantLen(op, "factor", factor, c)
	wantLen(op, "offset", offset, c)
	d.overElements("affine_channels", len(out), address(out), address(x), address(factor), address(offset),
		int64(len(out)), int32(c))
}

// Clamp limits x to [lo, hi]. The slices have one length; out may be x.
func (d *Device) Clamp(out, x []float32, lo, hi float32) {
	wantLen("Clamp", "x", x, len(out))
	d.overElements("clamp", len(out), address(out), address(x), lo, hi, int64(len(out)))
}

// ClampGrad sets dx to dy where x is in [lo, hi], to 0 elsewhere. The slices have one length; dx may be dy or x.
func (d *Device) ClampGrad(dx, dy, x []float32, lo, hi float32) {
	wantLen("ClampGrad", "dy", dy, len(dx))
	wantLen("ClampGrad", "x", x, len(dx))
	d.overElements("clamp_grad", len(dx), address(dx), address(dy), address(x), lo, hi, int64(len(dx)))
}

// AddRows sets out[b,r,c] = x[b,r,c] + t[b,c]: one vector per batch entry added to each of its rows. out may be x.
func (d *Device) AddRows(out, x, t []float32, b, rows, c int) {
	const op = "AddRows"
	wantLen(op, "out", out, b*rows*c)
	wantLen(op, "x", x, b*rows*c)
	wantLen(op, "t", t, b*c)
	d.overElements("add_rows", len(out), address(out), address(x), address(t), int64(len(out)), int32(rows), int32(c))
}

// SumRows sets out[b,c] = Σ_r x[b,r,c], the gradient of [Device.AddRows] with respect to t.
func (d *Device) SumRows(out, x []float32, b, rows, c int) {
	const op = "SumRows"
	wantLen(op, "out", out, b*c)
	wantLen(op, "x", x, b*rows*c)
	d.launch("sum_rows", [3]uint32{blocks(c, warp), uint32(b), 1}, [3]uint32{wide, 1, 1}, 0, address(out), address(x),
		int32(rows), int32(c))
}

// wide is the size of blocks that sum something up or move squares: 8 warps.
const wide = 8 * warp

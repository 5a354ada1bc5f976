package cuda

// Softmax sets each row of out [rows, n], which may be x, to the softmax of x's.
func (d *Device) Softmax(out, x []float32, rows, n int) {
	const op = "Softmax"
	wantLen(op, "out", out, rows*n)
	wantLen(op, "x", x, rows*n)
	d.softmax(address(out), 0, address(x), rows, n, 0)
}

// SoftmaxGrad sets dx, which may be dy or y, to the gradient of [Device.Softmax], given its result y.
func (d *Device) SoftmaxGrad(dx, dy, y []float32, rows, n int) {
	const op = "SoftmaxGrad"
	wantLen(op, "dx", dx, rows*n)
	wantLen(op, "dy", dy, rows*n)
	wantLen(op, "y", y, rows*n)
	d.softmaxGrad(address(dx), address(dy), address(y), rows, n)
}

// softmax launches softmax_rows of src/softmax.cu.
func (d *Device) softmax(out, lse, x uintptr, rows, n, queries int) {
	if n > 0 {
		d.overRows("softmax_rows", rows, out, lse, x, int64(rows), int32(n), int32(queries))
	}
}

func (d *Device) softmaxGrad(dx, dy, y uintptr, rows, n int) {
	if n > 0 {
		d.overRows("softmax_grad_rows", rows, dx, dy, y, int64(rows), int32(n))
	}
}

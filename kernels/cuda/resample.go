package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// Resample filters x, [b, h, w, c], along the rows' axis H with rows and along the columns' axis W with cols, and sets
// out, [b, rows.Out, cols.Out, c]. rows.In must be h and cols.In must be w. The gradient is Resample with both filters
// transposed.
func (d *Device) Resample(out, x []float32, b, h, w, c int, rows, cols kernels.Taps) {
	const op = "Resample"
	wantLen(op, "out", out, b*rows.Out*cols.Out*c)
	wantLen(op, "x", x, b*h*w*c)
	if rows.In != h || cols.In != w {
		panic(fmt.Sprintf("cuda: %s: taps for %d×%d positions on a map of %d×%d", op, rows.In, cols.In, h, w))
	}
	args := []any{address(out), address(x), int64(len(out)), int32(h), int32(w), int32(c), int32(rows.Out),
		int32(cols.Out)}
	d.overElements("resample", len(out), append(append(args, d.taps(rows)...), d.taps(cols)...)...)
}

// taps are a filter's arguments: starts, counts, weights and the length of the longest row of these.
func (d *Device) taps(t kernels.Taps) []any {
	most := 0
	for _, n := range t.Count {
		most = max(most, n)
	}
	weights := make([]float32, t.Out*most)
	for i, row := range t.Weight {
		copy(weights[i*most:], row[:t.Count[i]])
	}
	return []any{d.list(t.Start), d.list(t.Count), d.constant(string(bytesOf(weights))), int32(most)}
}
